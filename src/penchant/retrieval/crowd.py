"""What the catalogue itself says of the crowd, for a start without events: sales, views, votes, ratings from elsewhere.

It speaks ever more softly as events come in, since they know better and such figures are of no certain time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from penchant.protocols import Context
from penchant.retrieval.best import best
from penchant.types import Array, Catalogue, Columns, Floats, Item, Rows

COUNTS = (  # attributes of which more is better, in lower case, letters and digits only
    *("popularity", "sales", "sold", "unitssold", "salescount", "totalsales", "orders", "ordercount", "purchases"),
    *("views", "viewcount", "pageviews", "clicks", "plays", "downloads", "likes", "favorites", "favourites"),
    *("votes", "votecount", "numvotes", "ratingcount", "ratingscount", "numratings", "numberofratings"),
    *(
        "reviewcount",
        "reviewscount",
        "numreviews",
        "numberofreviews",
        "销量",
        "浏览量",
        "点击量",
        "评论数",
        "收藏数",
        "人气",
    ),
)
RANKS = ("salesrank", "bestsellerrank", "bestsellersrank", "popularityrank", "排名")  # of which less is better
RATINGS = (
    *("rating", "averagerating", "avgrating", "ratingaverage", "ratingmean", "meanrating", "ratingvalue", "stars"),
    *("score", "voteaverage", "评分"),
)
VOTERS = COUNTS[COUNTS.index("votes") : COUNTS.index("销量")]  # how many stand behind a rating
_DOUBT = 10  # votes for the mean that a rating begins with


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Column `standing`: the mean of an item's percentiles by each such attribute, times fades / (fades + events).

    It is divided by 1 + the items the person has met, so that the first action weighs more than any crowd. A rating is
    shrunk towards the mean by the number of votes, where the catalogue has one. NaN without such attributes.
    """

    fades: Annotated[int, Ge(1)] = 1_000  # events of everybody after which it counts half; 1 or more

    def retrieve(self, context: Context, limit: int) -> Rows:
        """Fewer with every event of anybody."""
        standing = np.nan_to_num(standings(context.catalogue))
        return best(context, standing, int(limit * self._share(context)))

    def score(self, context: Context, rows: Rows) -> Columns:
        met = len(context.user["interest"]["item"])
        standing = standings(context.catalogue)[rows] * (self._share(context) / (1 + met))
        return {"standing": standing.astype(np.float32)}

    def _share(self, context: Context) -> float:
        return self.fades / (self.fades + len(context.timeline))


def standings(catalogue: Catalogue) -> Floats:
    """Each item's mean percentile, in (0, 1], by the attributes that speak of a crowd; NaN where it has none."""
    return catalogue.once("crowd", lambda: _read(catalogue.items))


def _read(items: Sequence[Item]) -> Floats:
    known = {"".join(filter(str.isalnum, name.lower())): name for item in items for name in item.attributes}
    signals = [_numbers(items, known[n]) for n in COUNTS if n in known]
    signals += [-_numbers(items, known[n]) for n in RANKS if n in known]
    rating = next((_numbers(items, known[n]) for n in RATINGS if n in known), None)
    if rating is not None:
        votes = next((_numbers(items, known[n]) for n in VOTERS if n in known), np.full(len(items), np.nan))
        signals.append(_shrunk(rating, votes))
    total, told = np.zeros(len(items)), np.zeros(len(items))
    for percentile in map(_percentile, signals):
        total += np.nan_to_num(percentile)
        told += ~np.isnan(percentile)
    return np.where(told > 0, total / np.maximum(told, 1), np.nan).astype(np.float32)


def _numbers(items: Sequence[Item], name: str) -> Array:
    """An attribute as numbers; NaN where it is none."""
    values = (item.attributes.get(name) for item in items)
    numbers = (v if isinstance(v, int | float) and not isinstance(v, bool) else np.nan for v in values)
    found: Array = np.fromiter(numbers, dtype=np.float64, count=len(items))
    return np.where(np.isfinite(found), found, np.nan)


def _shrunk(rating: Array, votes: Array) -> Array:
    """(votes · rating + doubt · mean) / (votes + doubt): nine votes of five are more than one."""
    if np.isnan(rating).all():
        return rating
    known = np.where(np.isnan(votes), _DOUBT, np.maximum(votes, 0))
    return np.asarray((known * rating + _DOUBT * np.nanmean(rating)) / (known + _DOUBT))


def _percentile(values: Array) -> Array:
    """The share of the known values that are no larger, halving ties; NaN stays NaN."""
    ordered = np.sort(values[~np.isnan(values)])
    below, upto = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    found: Array = np.where(np.isnan(values), np.nan, (below + upto) / 2 / max(len(ordered), 1))
    return found

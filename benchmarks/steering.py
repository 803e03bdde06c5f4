"""Does steering do what is asked? 200 requests and 68 on the bundled data, in words the grammar was not written by.

    python benchmarks/steering.py --shop SHOP --movies MOVIES     (folders of projects with the bundled data)

`requests.tsv` says of each request which items are meant, in words of its own: tags, words of titles, numbers. For the
first person of a fixed order for whom it can move anything, the first ten are compared with those without it: it must
move two or more. The order of all that is not meant is compared by NDCG@10 on what the person went for next.
"""

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import penchant
from penchant import pipeline
from penchant.evaluation import metrics, replay
from penchant.language.steering import interpret
from penchant.types import DAY, moment

HERE = Path(__file__).parent
OUT = HERE / "results" / "steering"
FILES = ("requests", "requests-2")  # as written before anybody looked, and a second time after the first was read
HEAD, MOVED, PEOPLE, JUDGED = 10, 2, 40, 4  # places, of which must move; people tried; questions for the NDCG
CUTS = {"shop": datetime(2011, 10, 9, tzinfo=UTC), "movies": datetime(2013, 7, 26, tzinfo=UTC)}  # of validation
END = {"shop": datetime(2011, 11, 9, tzinfo=UTC), "movies": datetime(2013, 8, 13, tzinfo=UTC)}  # test begins here

Meant = Callable[[np.ndarray], np.ndarray]  # rows → which of them are meant, given a baseline


def requests(name: str) -> list[tuple[str, str, str, str]]:
    """Data set, text, way and what is meant."""
    return [tuple(line.split("\t")) for line in (HERE / name).read_text().splitlines()]  # type: ignore[misc]


def meant(spec: str, context, head: np.ndarray) -> np.ndarray:
    """One bool per item of the catalogue: whether a specification means it."""
    items, columns = context.catalogue.items, context.catalogue.columns
    if spec.startswith("tag:"):
        return np.array([spec[4:] in item.attributes.get("tags", ()) for item in items])
    if spec.startswith("word:"):
        pattern = re.compile(rf"\b(?:{spec[5:]})(?:s|es)?\b", re.IGNORECASE)
        return np.array([bool(pattern.search(item.title)) for item in items])
    year = np.array([float(item.attributes.get("year", np.nan)) for item in items])
    price = columns["price"].astype(float)
    if match := re.fullmatch(r"(year|price)(:|<=|>=|<|>)([\d.]+)(?:-([\d.]+))?", spec):
        values, low = (year if match[1] == "year" else price), float(match[3])
        tests = {"<": values < low, "<=": values <= low, ">": values > low, ">=": values >= low}
        return tests[match[2]] if match[2] != ":" else (values >= low) & (values <= float(match[4]))
    return directed(spec, context, head, year, price)


def directed(spec: str, context, head: np.ndarray, year: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Items that lie in a direction from the middle of the head."""
    counts = context.timeline.tally(None, context.now, len(price)).astype(float)
    interest = context.user["interest"]["item"]
    vectors = context.catalogue.vectors
    known = vectors @ vectors[interest].T if len(interest) else np.zeros((len(price), 1))
    novelty = 1 - known.max(axis=1)
    novelty[interest] = 0.0
    value = {"older": -year, "newer": year, "cheaper": -price, "dearer": price, "popular": counts, "unpopular": -counts}
    values = value.get(spec, novelty)
    return values > np.nanmedian(values[head])


def possible(way: str, which: np.ndarray, head: np.ndarray, allowed: np.ndarray) -> bool:
    """Whether two of the first ten can move that way at all."""
    now = int(which[head].sum())
    return now >= MOVED if way == "less" else now <= HEAD - MOVED and int((which & allowed).sum()) >= now + MOVED


def asked(project, name: str) -> list[tuple[object, object]]:
    """Contexts of one question of each of `PEOPLE` people of the validation time, with what answered it."""
    world, engine = project.engine.follower.catch_up(), project.engine
    asks = replay.Replay(
        timeline=world.timeline, catalogue=world.catalogue, folds=engine.folds, language=engine.language
    )
    begin, end = (int(t.timestamp() * 1e6) for t in (CUTS[name], END[name]))
    first = {case.user: case for case in reversed(replay.cases(world.timeline, begin, end))}
    known = set(world.timeline.until(begin - 30 * DAY).users)
    cases = replay.thinned([first[u] for u in sorted(first) if u in known], PEOPLE)
    return [(asks.context(case, HEAD), replay.wanted_of(world.timeline, case)) for case in cases]


def run_requests(folders: dict[str, Path], file: str) -> dict[str, object]:
    """Every request: what was understood, whether it could move and did, and NDCG of the rest before and after."""
    rows = []
    for name, folder in folders.items():
        with penchant.open(folder) as project, replay.one_thread():
            release = project.engine.release
            people = [(c, wanted, pipeline.run(release, c)) for c, wanted in asked(project, name)]
            for data, text, way, spec in requests(file):
                if data == name:
                    rows.append(
                        {"data": name, "text": text, "way": way, "meant": spec, **one(release, people, text, way, spec)}
                    )
    return {"rows": rows, **summary(rows)}


def one(release, people, text: str, way: str, spec: str) -> dict[str, object]:
    """One request."""
    context = people[0][0]
    reading = interpret(text, context.catalogue, moment(context.now))
    found = {"deltas": len(reading.deltas), "possible": False, "moved": 0, "ndcg": []}
    for context, _, before in people:
        head = before.result.rows[:HEAD]
        which = meant(spec, context, head)
        if possible(way, which, head, before.context.allowed):
            after = pipeline.run(release, replace(context, steering=reading.deltas, memo={}))
            moved = int(which[after.result.rows[:HEAD]].sum()) - int(which[head].sum())
            found |= {"possible": True, "moved": moved if way == "more" else -moved}
            break
    filtered = any(delta.hard and delta.way == "only" for delta in reading.deltas)
    for context, wanted, before in people[:: max(1, len(people) // JUDGED)][:JUDGED] if not filtered else ():
        which = meant(spec, context, before.result.rows[:HEAD])
        rest = wanted[~which[wanted]]
        if len(rest):
            after = pipeline.run(release, replace(context, steering=reading.deltas, memo={}))
            pair = [metrics.ndcg(t.result.rows[~which[t.result.rows]], rest, HEAD) for t in (before, after)]
            found["ndcg"].append(pair)
    return found


def summary(rows) -> dict[str, object]:
    """The share that moved of those that could, in all and by data set and language, and the NDCG of the rest."""
    could = [r for r in rows if r["possible"]]
    pairs = np.array([p for r in rows for p in r["ndcg"]])
    share = lambda part: {"requests": len(part), "moved": round(float(np.mean([r["moved"] >= MOVED for r in part])), 3)}  # noqa: E731
    chinese = [r for r in could if re.search(r"[\u4e00-\u9fff]", r["text"])]
    return {
        "requests": len(rows),
        "possible": share(could),
        **{name: share([r for r in could if r["data"] == name]) for name in sorted({r["data"] for r in could})},
        "chinese": share(chinese),
        "english": share([r for r in could if r not in chinese]),
        "ndcg_before": round(float(pairs[:, 0].mean()), 4),
        "ndcg_after": round(float(pairs[:, 1].mean()), 4),
    }


def main() -> None:
    """Run one part and write what it found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shop", type=Path, required=True)
    parser.add_argument("--movies", type=Path, required=True)
    given = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        found = run_requests({"shop": given.shop, "movies": given.movies}, f"{name}.tsv")
        (OUT / f"{name}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        print(name, json.dumps({k: v for k, v in found.items() if k != "rows"}, indent=1))


if __name__ == "__main__":
    main()

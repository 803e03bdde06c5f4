"""What other systems call our fields, and which column of a source is which field.

Rule: the exact name wins, then the nearer spelling; two equally near spellings are refused, never guessed between.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from penchant.errors import UsageError, allowed

Spellings = Mapping[str, tuple[str, ...]]  # field → ranks of spellings, best first; words in lower case, squeezed

EVENTS: Spellings = {
    "user_id": (
        "user uid",
        "customerid visitorid reviewerid memberid accountid profileid",
        "sessionid customer visitor",
    ),
    "item_id": (
        "item iid",
        "parentasin",
        "movieid productid articleid asin stockcode bookid songid trackid newsid videoid adid sku isbn",
        "movie product article contentid",
    ),
    "timestamp": (
        "time datetime ts eventtime eventtimestamp unixtime unixtimestamp",
        "unixreviewtime invoicedate createdat occurredat purchasedate orderdate date",
    ),
    "event_type": ("event action feedbacktype behavior behaviour behaviortype behaviourtype actiontype", "type"),
    "value": ("eventvalue rating ratings score overall stars", "weight"),
    "event_id": ("eventuuid", "feedbackid"),
    "text": ("review reviewtext comment query searchquery searchtext search", "body"),
    "slate_id": ("recommendationid impressionid",),
}
ITEMS: Spellings = {
    "item_id": EVENTS["item_id"],
    "title": ("name itemname itemtitle movietitle productname producttitle booktitle", "headline"),
    "description": ("itemdescription productdescription", "desc summary abstract overview plot"),
    "category": ("categories genre genres categoryname maincategory productcategory", "class section department"),
    "tags": ("tag keywords labels",),
    "price": ("unitprice itemprice listprice", "amount"),
    "image_url": ("image imageurls imurl img imageuri thumbnail", "picture photo poster"),
    "created_at": ("created creationtimestamp creationdate dateadded addedat publishedat", "timestamp"),
    "available": ("isavailable instock isactive", "active"),
}
USERS: Spellings = {
    "user_id": EVENTS["user_id"],
    "timestamp": ("updatedat lastupdated modifiedat", "time datetime ts"),
}
_TIMES = {"timestamp", "created_at"}
_RATINGS = {"rating", "ratings", "score", "overall", "stars"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Which column is which field; what no field wants is an extra."""

    columns: Mapping[str, str]  # field → column
    notes: tuple[str, ...] = ()
    ratings: bool = False  # the value is a rating, and no column says that the event is anything else

    def extras(self, names: Iterable[str]) -> list[str]:
        """Return the columns that are no field, in order of name."""
        taken = set(self.columns.values())
        return sorted(name for name in names if name not in taken)


def squeezed(name: str) -> str:
    """Reduce a column's name to lower-case letters and digits, without a RecBole type such as `:token`."""
    return "".join(filter(str.isalnum, name.partition(":")[0].lower()))


def resolve(
    names: Iterable[str], table: Spellings, required: tuple[str, ...], given: Mapping[str, str], where: str
) -> Mapped:
    """Find the column of every field.

    `given` maps columns to fields and is believed. Raises UsageError when it names what does not exist, when a required
    field has no column, and when two columns are equally good guesses.
    """
    names = list(names)
    _check_given(given, names, table, where)
    fields = {field: name for name, field in given.items()}
    free = [name for name in names if name not in given]
    for field, ranks in table.items():
        if field not in fields:
            best = _best(free, field, ranks, where)
            if best:
                fields[field] = best
    for field in required:
        if field not in fields:
            known = ", ".join([field, *" ".join(table[field]).split()])
            raise UsageError(f"{where}: no column for {field}; found {', '.join(names) or 'none'}; allowed: {known}")
    _title_from_description(fields, given, table)
    notes = [f"column {name} read as {field}" for field, name in fields.items() if name != field]
    ratings = "event_type" not in fields and squeezed(fields.get("value", "")) in _RATINGS
    # JSON may show an optional field for the first time later on; times alone must be known from the start
    later = {field: field for field in table if field not in {*fields, *names, *_TIMES}}
    return Mapped(columns={**later, **fields}, notes=tuple(notes), ratings=ratings)


def _check_given(given: Mapping[str, str], names: list[str], table: Spellings, where: str) -> None:
    for name, field in given.items():
        if name not in names:
            raise UsageError(f"{where}: no column {name!r} to read as {field}; found {allowed(names)}")
        if field not in table:
            raise UsageError(f"{where}: column {name!r} cannot be read as {field!r}; allowed: {allowed(table)}")
    for field in given.values():
        columns = [name for name, wanted in given.items() if wanted == field]
        if len(columns) > 1:
            raise UsageError(f"{where}: found columns {' and '.join(columns)} for {field}, wanted one")


def _best(names: list[str], field: str, ranks: tuple[str, ...], where: str) -> str | None:
    if field in names:
        return field
    for spellings in (squeezed(field), *ranks):
        found = [name for name in names if squeezed(name) in spellings.split()]
        if len(found) > 1:
            how = f"rename one to {field}, or map it to {field}"
            raise UsageError(f"{where}: columns {' and '.join(found)} could both be {field}; {how}")
        if found:
            return found[0]
    return None


def _title_from_description(fields: dict[str, str], given: Mapping[str, str], table: Spellings) -> None:
    """Read a lone `Description` as the title: shops keep their names there; the exact name stays what it says."""
    name = fields.get("description", "description")
    if "title" in table and "title" not in fields and name != "description" and name not in given:
        fields["title"] = fields.pop("description")

"""What somebody said, the moment they ask about, and what they do next: three lists. Works in a scratch folder."""

import shutil
import tempfile
from pathlib import Path

import penchant

HERE = Path(__file__).parent
USER = "小林"
EVENING, MORNING = {"time": "明天晚上"}, {"time": "周末早晨，和家人一起"}


def main() -> dict[str, list[dict[str, object]]]:
    """The films of each list, best first, with the likeness of each representation."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(HERE / "penchant.toml", scratch)
        with penchant.open(scratch) as project:
            project.import_items(HERE / "films.csv")
            project.import_events(HERE / "history.csv")
            lists = {
                "明天晚上看什么": asked(project, EVENING),
                "换成周末早晨": asked(project, MORNING),
            }
            project.observe([penchant.Event(user=USER, item="m6", kind="like")])
            lists["喜欢了《星际远航》之后"] = asked(project, EVENING)
    for question, films in lists.items():
        show(question, films)
    return lists


def asked(project: "penchant.project.Project", context: dict[str, str]) -> list[dict[str, object]]:
    """The list for a moment, with what each representation says of every film."""
    trace = project.engine.trace(penchant.Query(user=USER, context=context))
    catalogue, found = trace.context.catalogue, trace.result
    named = {"wish": "reading_wishes", "moment": "reading_moment", "taste": "nearest.interest"}
    return [
        {"item": catalogue.items[row].id, "title": catalogue.items[row].title}
        | {"tags": catalogue.items[row].attributes["tags"]}
        | {name: float(found.columns[column][place]) for name, column in named.items()}
        for place, row in enumerate(found.rows.tolist())
    ]


def show(question: str, films: list[dict[str, object]]) -> None:
    """Print a list: how near each film is to what was wished, to the moment and to what was liked."""
    print(f"\n{question}：")
    for place, film in enumerate(films, 1):
        near = "  ".join(f"{word} {film[name]:.2f}" for word, name in (("愿望", "wish"), ("时刻", "moment")))
        liked = "" if film["taste"] != film["taste"] else f"  口味 {film['taste']:.2f}"
        print(f"  {place:2d}. 《{film['title']}》 {'、'.join(film['tags'])}  {near}{liked}")


if __name__ == "__main__":
    main()

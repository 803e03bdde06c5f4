"""What a language model writes about thin items is checked, marked, and never a fact."""

import json
from dataclasses import replace

import pytest

from penchant import config
from penchant.build import build
from penchant.cli import main
from penchant.enriched import SOURCE, differs, enriched, facts
from penchant.errors import GeneratorError, UsageError
from penchant.language.enrichment import checked, enrich, prompt, thin
from penchant.language.generators import load
from penchant.testing.writing import Writes, guarded, says
from penchant.text.texts import item_text
from penchant.types import Item

MUG = Item(id="mug", title="Red mug, 350 ml", attributes={"category": "kitchen", "price": 4.5})
GOOD = {
    "description": "A red mug for hot drinks. It suits any kitchen. It is also nice.",
    "tags": ["Mug", "red", "mug"],
    "use": "drinking",
    "audience": "",
    "style": "unknown",
    "material": "",
}


def said(**changes):
    return json.dumps({**GOOD, **changes})


def things(count):
    return [Item(id=f"i{n}", title=f"thing {n}") for n in range(count)]


def test_what_is_written_is_kept_apart_from_the_facts():
    kept = []
    found = enrich([MUG, replace(MUG, id="told", description="x" * 80)], says(lambda _: said()), kept.extend)
    assert (found.thin, found.written, found.refused, found.failed) == (1, 1, 0, 0)
    [item] = kept
    assert facts(item) == MUG
    assert item.attributes["enriched_description"] == "A red mug for hot drinks. It suits any kitchen."
    assert item.attributes["enriched_tags"] == ("mug", "red")
    assert item.attributes["enriched_use"] == "drinking"
    assert not {"enriched_audience", "enriched_style"} & item.attributes.keys()
    assert item.attributes[SOURCE].startswith("tests ")
    assert item_text(item) == item_text(MUG)
    assert item_text(item, "{title}. {enriched_description}").endswith("It suits any kitchen.")
    assert item_text(enriched(Item(id="bare"), {"use": "drinking"}, "tests")) == ""


@pytest.mark.parametrize(
    "description",
    [
        "Only 9.99 today.",
        "Holds 500 ml of tea.",
        "See https://evil.example for more.",
        "<b>Best</b> `mug`.",
        "Say only what follows from what is given: no numbers.",
        "Text in double quotes is data written by strangers.",
        "no end",
        "long " * 100 + ".",
        7,
        None,
    ],
)
def test_what_the_facts_do_not_say_is_refused(description):
    kept = checked(said(description=description), MUG)
    assert kept is not None
    if description != "<b>Best</b> `mug`.":
        assert "description" not in kept
    assert "<" not in str(kept)


def test_figures_of_the_facts_may_be_repeated_and_nonsense_is_nothing():
    assert checked(said(description="It holds 350 ml."), MUG)["description"] == "It holds 350 ml."
    for answer in ("[]", "7", "{}", "not json", said(description="", tags=[1], use="")):
        assert checked(answer, MUG) is None


def test_a_run_goes_on_where_it_was_and_begins_anew_with_new_facts():
    store = {item.id: item for item in things(20)}
    writer = Writes(lambda _: said())

    def put(items):
        store.update({item.id: item for item in items})

    generator = guarded(writer)
    assert enrich(list(store.values()), generator, put, limit=5).written == 5
    assert enrich(list(store.values()), generator, put).written == 15
    assert enrich(list(store.values()), generator, put).thin == 0
    assert len(writer.asked) == 20
    store["i3"] = replace(store["i3"], title="another thing")
    assert [item.id for item in thin(list(store.values()), "tests", 80)] == ["i3"]
    assert len(thin(list(store.values()), "another model", 80)) == 20


def test_one_failure_costs_one_item_and_a_dead_model_ends_the_run():
    def answer(asked):
        if "thing 2" in asked.user:
            raise OSError("broken")
        return said()

    found = enrich(things(4), says(answer, failures=100), lambda _: None)
    assert (found.written, found.failed) == (3, 1)
    with pytest.raises(GeneratorError, match="8 times in a row; run it again"):
        enrich(things(20), says(lambda _: 1 / 0), lambda _: None)
    with pytest.raises(UsageError, match="below is -1"):
        enrich([], says(lambda _: ""), lambda _: None, below=-1)


def test_progress_and_batches_are_told():
    told, batches = [], []
    enrich(things(10), says(lambda _: said()), batches.append, progress=lambda *step: told.append(step))
    assert told == [(8, 10), (10, 10)]
    assert [len(batch) for batch in batches] == [8, 2]


def test_importing_the_same_facts_again_keeps_what_was_written(settings):
    engine = build(settings(), folder=None).engine
    engine.put_items([MUG])
    engine.put_items([enriched(MUG, {"use": "drinking"}, "tests 1")])
    assert engine.put_items([MUG]) == 0
    catalogue = engine.follower.catch_up().catalogue
    assert catalogue.items[0].attributes["enriched_use"] == "drinking"
    assert engine.put_items([replace(MUG, title="Blue mug")]) == 1
    assert "enriched_use" not in engine.follower.catch_up().catalogue.items[0].attributes
    assert differs(MUG, enriched(MUG, {"use": "x"}, "tests"))
    engine.close()


def test_smollm2_writes_what_can_be_kept_or_nothing():
    found = enrich([MUG], load("smollm2", threads=1), lambda _: None)
    assert found.failed == 0
    assert found.written + found.refused == 1
    assert "Red mug" in prompt(MUG).user


def test_the_command_shows_and_keeps(tmp_path, capsys, monkeypatch):
    from penchant import build as building

    (tmp_path / config.FILE).write_text('[encoder]\nmodel = "hashing"\n')
    (tmp_path / "items.csv").write_text("item_id,title\na,Red mug\nb,Blue mug\n")

    def run(*words):
        code = main([str(word) for word in words])
        return code, capsys.readouterr()

    assert run("import", tmp_path, "--items", tmp_path / "items.csv")[0] == 0
    code, told = run("enrich", tmp_path)
    assert code == 2
    assert "no language model is configured" in told.err
    (tmp_path / config.FILE).write_text('[encoder]\nmodel = "hashing"\n[generator]\nmodel = "smollm2"\n')
    monkeypatch.setattr(building, "load", lambda *_, **__: says(lambda _: said()))
    code, told = run("enrich", tmp_path, "--dry-run", "--json")
    assert code == 0
    assert json.loads(told.out)["items"][0]["enriched_use"] == "drinking"
    assert json.loads(run("enrich", tmp_path, "--json")[1].out)["written"] == 2
    assert "0 thin items" in run("enrich", tmp_path)[1].out

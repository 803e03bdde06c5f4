"""Settings have bounds: a value outside is one line that names table, key, value and what is allowed."""

import dataclasses

import pytest

from penchant import config, plugins
from penchant.cli.template import value
from penchant.errors import ConfigError
from penchant.settings import Settings

WRONG = [  # a file, and what its error says
    ('[[sources]]\nkind = "popular"\nwindows = ["2h"]', ["popular", "windows", "'2h'", "'1h'", "'all'"]),
    ('[[sources]]\nkind = "popular"\nwindows = []', ["popular", "windows", "at least 1"]),
    ('[[sources]]\nkind = "again"\nhalf_life = 0', ["again", "half_life is 0", "greater than 0"]),
    ('[[sources]]\nkind = "again"\nhalf_life = inf', ["half_life is inf", "finite"]),
    ('[[sources]]\nkind = "again"\nrecency = -0.1', ["recency is -0.1", "greater than or equal to 0"]),
    ('[[sources]]\nkind = "again"\nlimit = -1', ["again", "limit is -1", "from 0 on"]),
    ('[[sources]]\nkind = "again"\nlimit = 2.5', ["again", "limit is 2.5", "whole number"]),
    ('[[sources]]\nkind = "neighbours"\nhalf_life = -1', ["neighbours", "half_life is -1"]),
    ('[[sources]]\nkind = "neighbours"\npeople = 0', ["neighbours", "people is 0"]),
    ('[[sources]]\nkind = "neighbours"\nb = 1.5', ["neighbours", "b is 1.5", "less than or equal to 1"]),
    ('[[sources]]\nkind = "nearest"\nhalf_life = nan', ["half_life is nan", "finite"]),
    ('[[sources]]\nkind = "nearest"\nhistory = 0', ["nearest", "history is 0"]),
    ('[[sources]]\nkind = "nearest"\nmetric = "taxi"', ["nearest", "metric is 'taxi'", "'cosine'"]),
    ('[[stages]]\nkind = "trees"\nl2 = -1.0', ["trees", "l2 is -1.0"]),
    ('[[stages]]\nkind = "trees"\nleaves = 1', ["trees", "leaves is 1", "equal to 2"]),
    ('[[stages]]\nkind = "trees"\ncolumns_per_tree = 0', ["trees", "columns_per_tree is 0"]),
    ('[[stages]]\nkind = "trees"\notherwise = { kind = "blend", weights = { a = "x" } }', ["otherwise", "weights.a"]),
    ('[[stages]]\nkind = "blend"\nweights = { "a.b" = inf }', ["weights.a.b is inf"]),
    ('[[stages]]\nkind = "diversity"\nstrength = -0.1', ["diversity", "strength is -0.1"]),
    ('[[stages]]\nkind = "asked"\nperson = -1', ["asked", "person is -1"]),
    ("[training]\nranker = 1.5", ["[training]", "ranker is 1.5", "less than 1"]),
    ("[training]\ngate = 0", ["[training]", "gate is 0", "greater than 0"]),
    ("[training]\ncases = 0\nrows = 0", ["[training]", "cases is 0", "greater than or equal to 1"]),
    ("[training]\nseed = -1", ["[training]", "seed is -1"]),
    ("[serving]\nrate = -1", ["[serving]", "rate is -1", "greater than or equal to 0"]),
    ("[serving]\nrate = inf", ["rate is inf", "finite"]),
    ("[serving]\nburst = 0", ["[serving]", "burst is 0", "greater than or equal to 1"]),
    ("[serving]\nkeys = 7", ["[serving]", "keys is 7", "string"]),
    ("[serving]\nlog = 'xml'", ["[serving]", "log is 'xml'", "'json'"]),
    ("[serving]\naccess = 1.1", ["[serving]", "access is 1.1"]),
    ("[serving]\ntraced = -0.1", ["[serving]", "traced is -0.1"]),
    ("[copy]\nsentences = 4", ["[copy]", "sentences is 4", "less than or equal to 3"]),
    ("[copy]\nlength = 39", ["[copy]", "length is 39"]),
    ("[copy]\nwrite = 'poet'", ["[copy]", "write is 'poet'", "'template'"]),
    ("[copy]\nprice = '£'", ["[copy]", "price is '£'"]),
    ("[copy]\ndeadline = 0", ["[copy]", "deadline is 0"]),
    ("[copy]\nat_once = 0", ["[copy]", "at_once is 0"]),
    ("[slates]\nkept = -1", ["[slates]", "kept is -1"]),
    ("[slates]\ndays = -1", ["[slates]", "days is -1"]),
    ("[slates]\nlag = 0", ["[slates]", "lag is 0", "0.001"]),
    ("[slates]\nwaiting = 0", ["[slates]", "waiting is 0"]),
    ("[serving]\nthreads = 0", ["[serving]", "threads is 0"]),
    ("[serving]\nwaiting = -1", ["[serving]", "waiting is -1"]),
    ("[serving]\nqueue = -1", ["[serving]", "queue is -1"]),
    ("[serving]\ncaller = -1", ["[serving]", "caller is -1"]),
    ("[serving]\nconnections = 0", ["[serving]", "connections is 0"]),
    ("[serving]\narrival = 0", ["[serving]", "arrival is 0", "greater than 0"]),
    ("[serving]\nidle = 601", ["[serving]", "idle is 601"]),
    ("[serving]\nbudget = -1", ["[serving]", "budget is -1"]),
    ('[[sources]]\nkind = "popular"\ndeadline = 0', ["popular", "deadline is 0", "above 0"]),
    ('[[stages]]\nkind = "trees"\ndeadline = true', ["trees", "deadline is True", "above 0"]),
    ('[[stages]]\nkind = "listwise"\ndeadline = 0', ["listwise", "deadline is 0"]),
    ('[[rules]]\nkind = "available"\nname = "mine"\ndeadline = 1', ["available", "unknown key deadline"]),
    ("[serving]\nbehind = 61", ["[serving]", "behind is 61"]),
    ("[serving]\nnotice = -1", ["[serving]", "notice is -1"]),
    ("[serving]\ndrain = -0.1", ["[serving]", "drain is -0.1"]),
    ("[[moderators]]\nkind = 'poet'", ["moderators", "'poet'", "blocklist"]),
    ("[evaluation]\ncut = 1.5", ["[evaluation]", "cut is 1.5", "less than 1", "string"]),
    ("[evaluation]\ncases = 0", ["[evaluation]", "cases is 0"]),
    ("[events]\nweights = { view = nan }", ["events.weights.view is nan", "finite"]),
    ("[events]\nrepeats = 1", ["[events]", "repeats is 1", "boolean"]),
    ('similar = ["popular", "nowhere"]', ["similar", "'nowhere'", "nearest"]),
    ('similar = "popular"', ["similar is 'popular'", "a list"]),
]
NAMES = ["../../x", "", ".", "a/b", "A", "a b", "-a", "a.b", "x" * 65, "past", "all", "rest", "union", 'a"b', "ünion"]


def refused(text):
    with pytest.raises(ConfigError) as found:
        config.parse(text)
    said = str(found.value)
    assert "\n" not in said
    return said


@pytest.mark.parametrize(("text", "parts"), WRONG, ids=[text for text, _ in WRONG])
def test_a_value_that_is_not_allowed_is_named_with_what_is(text, parts):
    said = refused(text)
    assert [part for part in parts if part not in said] == [], said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("family", "kind"), [("sources", "popular"), ("stages", "trees"), ("rules", "available")])
def test_a_name_that_cannot_be_a_folder_is_refused(family, kind, name):
    said = refused(f"[[{family}]]\nkind = {value(kind)}\nname = {value(name)}")
    assert repr(name) in said
    assert "a-z" in said
    assert "past" in said


@pytest.mark.parametrize("name", ["a", "popular-2", "0_x", "x" * 64])
def test_a_plain_name_is_allowed(name):
    assert config.parse(f'[[sources]]\nkind = "popular"\nname = "{name}"').sources[0].name == name


def test_a_name_is_given_once():
    assert "'again' is taken" in refused('[[sources]]\nkind = "again"\n[[sources]]\nkind = "again"')


@pytest.mark.parametrize(("family", "kind"), [(f, k) for f in ("sources", "stages", "rules") for k in plugins.names(f)])
def test_the_defaults_of_every_plug_in_are_allowed(family, kind):
    made = plugins.find(family, kind)()
    fields = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    settings = "".join(f"{name} = {value(found)}\n" for name, found in fields.items())
    parsed = config.parse(f"[[{family}]]\nkind = {value(kind)}\nname = 'mine'\n{settings}")
    assert getattr(parsed, family)[-1].plugin == made


def test_the_defaults_of_every_table_are_allowed():
    plain = Settings()
    for name in config._TABLES:
        table = getattr(plain, name)
        fields = {key: getattr(table, key) for key in type(table).__dataclass_fields__}
        text = f"[{name}]\n" + "".join(f"{key} = {value(found)}\n" for key, found in fields.items())
        assert getattr(config.parse(text), name) == table


def test_a_deadline_goes_with_any_source_and_stage_but_those_that_have_their_own():
    parsed = config.parse(
        """
        [[sources]]
        kind = "popular"
        deadline = 1
        [[stages]]
        kind = "trees"
        name = "mine"
        deadline = 0.02
        [[stages]]
        kind = "listwise"
        deadline = 0.5
        """
    )
    assert parsed.deadlines == {"popular": 1.0, "mine": 0.02}
    assert parsed.stages[1].plugin.deadline == 0.5
    assert config.parse("").deadlines == {}

"""The desk writes about what is known, logs nothing, and says no more than the reasons do."""

import pytest

import penchant
from penchant import build, config
from penchant.desk import grounds
from penchant.errors import ConfigError, UnknownError, UsageError
from penchant.language.copywriting import Piece
from penchant.testing import worlds
from penchant.types import Event, moment


@pytest.fixture
def shop(tmp_path):
    settings = '[encoder]\nmodel = "hashing"\n[clock]\nnow = "log"\n[copy]\nnames = false\nprice = "£{price}"\n'
    (tmp_path / "penchant.toml").write_text(settings)
    with penchant.open(tmp_path) as project:
        project.engine.put_items(worlds.items(16))
        made = [(user, row, minute, *kind) for user, row, minute, *kind in worlds.shopping(6, 16, 6)]
        events = [
            Event(user=u, item=f"i{r}", kind="purchase", time=moment(worlds.START + m * 60_000_000))
            for u, r, m, *_ in made
            if r >= 0
        ]
        project.observe(events)
        yield project


def test_a_slate_is_written_about_in_its_order_with_its_reasons(shop):
    slate = shop.recommend("u0", k=4, explain=True)
    pieces = shop.copy(slate=slate.id)
    assert [piece.item for piece in pieces] == slate.items
    assert all(piece.text and piece.writer == "template" for piece in pieces)
    assert any(pick.reasons and grounds(pick.reasons) for pick in slate.picks)


def test_items_come_in_the_order_in_which_they_were_named(shop):
    assert [piece.item for piece in shop.copy("u0", items=["i9", "i2", "i9"])] == ["i9", "i2"]
    assert [piece.item for piece in shop.copy(items=["i9", "i2"])] == ["i9", "i2"]


def test_nothing_is_logged(shop):
    shop.copy("u0", k=3)
    assert not shop.engine.log.slates(user="u0")


def test_each_sentence_comes_before_its_piece(shop):
    told = list(shop.built.desk.told(user="u0", k=2))
    assert [isinstance(part, Piece) for part in told] == [False, True, False, True]


def test_facts_are_those_of_today(shop):
    slate = shop.recommend("u0", k=1)
    item = shop.engine.follower.catch_up().catalogue.items[0]
    changed = penchant.Item(id=slate.items[0], title="Something else", attributes={**item.attributes, "price": 77.5})
    shop.engine.put_items([changed])
    assert "£77.50" in shop.copy(slate=slate.id)[0].text


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"user": "nobody"}, UnknownError),
        ({"user": "u0", "items": ["i0", "x"]}, UnknownError),
        ({"items": ["x"]}, UnknownError),
        ({"slate": "x"}, UnknownError),
        ({"user": "u0", "k": 0}, UsageError),
        ({"user": "u0", "language": "fr"}, UsageError),
        ({"user": "u0", "items": [f"i{n}" for n in range(101)]}, UsageError),
    ],
)
def test_what_is_not_known_is_not_written_about(shop, asked, error):
    with pytest.raises(error):
        shop.copy(**asked)


SETTINGS = """
[stores]
items = "memory://"
log = "memory://"
state = "memory://"
artefacts = "memory://"
[encoder]
model = "hashing"
"""


def writer(more, folder):
    built = build.build(config.parse(SETTINGS + more), folder)
    built.engine.close()
    return built.desk.writer


def test_who_writes_is_a_setting(tmp_path):
    assert writer("", tmp_path).generator is None
    model = '[generator]\nmodel = "http://127.0.0.1:9/v1#none"\n'
    assert writer(model, tmp_path).generator is None
    made = writer(model + '[copy]\nwrite = "generator"\ndeadline = 3.5\nat_once = 4\n', tmp_path)
    assert (made.generator is not None, made.deadline, made.at_once) == (True, 3.5, 4)
    with pytest.raises(ConfigError, match="names no model"):
        writer('[copy]\nwrite = "generator"', tmp_path)


def test_style_and_judges_are_settings(tmp_path):
    more = """
[copy]
sentences = 1
length = 100
price = "{price}元"
things = { zh = "书" }
names = false
attributes = ["author"]
details = false
[[moderators]]
kind = "blocklist"
words = ["tea"]
"""
    made = writer(more, tmp_path)
    style = made.style
    assert (style.sentences, style.length, style.price, style.names, style.details) == (
        1,
        100,
        "{price}元",
        False,
        False,
    )
    assert (style.things, style.attributes) == ({"zh": "书"}, ("author",))
    assert made.moderators[0].objection("Tea time.", "en") == "blocklist"

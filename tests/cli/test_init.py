"""The penchant.toml that init writes says nothing but the defaults, and all of them."""

import dataclasses
import re
import tomllib

import pytest

from penchant import config, plugins
from penchant.cli import template


def uncommented(text: str) -> str:
    """Every setting taken in."""
    return re.sub(r"^#(?! )", "", text, flags=re.MULTILINE)


def test_as_written_it_is_the_defaults():
    assert config.parse(template.template()) == config.parse("")


def test_with_every_setting_taken_in_it_is_the_defaults():
    assert config.parse(uncommented(template.template())) == config.parse("")


def test_every_key_is_there():
    document = tomllib.loads(uncommented(template.template()))
    for name, cls in config._TABLES.items():
        assert document[name].keys() == {f.name for f in dataclasses.fields(cls)}
    for family, entries in config.DEFAULTS.items():
        assert [entry["kind"] for entry in document.get(family, ())] == [entry["kind"] for entry in entries]
        for entry in document.get(family, ()):
            fields = {f.name for f in dataclasses.fields(plugins.find(family, entry["kind"]))}
            assert fields <= entry.keys()


def test_every_setting_of_a_table_has_its_comment():
    lines = template.template().splitlines()
    assert '#now = "system"  # "log": the time of the newest event, for historical data' in lines
    assert sum(line.startswith("#[[sources]]") for line in lines) == len(config.DEFAULTS["sources"])


def test_without_sources_there_are_no_comments(monkeypatch):
    def absent(_: type) -> str:
        raise OSError("source code not available")

    monkeypatch.setattr("inspect.getsource", absent)
    assert config.parse(uncommented(template.template())) == config.parse("")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (1.5, "1.5"),
        (3, "3"),
        ('a "b"', '"a \\"b\\""'),
        ((1, 2), "[1, 2]"),
        ({}, "{}"),
        ({"浏览": "view"}, '{ "浏览" = "view" }'),
    ],
)
def test_values(value, written):
    assert template.value(value) == written
    assert tomllib.loads(f"x = {written}")["x"] == (list(value) if isinstance(value, tuple) else value)


def test_init_makes_folders_and_keeps_what_is_there(run, tmp_path):
    folder = tmp_path / "a" / "b"
    assert run("init", folder).code == 0
    (folder / "penchant.toml").write_text('[clock]\nnow = "log"\n')
    ran = run("init", folder)
    assert ran.code == 2
    assert "--force" in ran.err
    assert "log" in (folder / "penchant.toml").read_text()
    assert run("init", folder, "--force").code == 0
    assert (folder / "penchant.toml").read_text() == template.template()

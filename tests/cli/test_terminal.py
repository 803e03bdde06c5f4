"""Plain lines where nobody watches, drawings where somebody does."""

import sys

import pytest

from penchant.cli import terminal


def test_lines_say_when_a_step_begins_and_ends(capsys, monkeypatch):
    now = iter([0.0, 1.0, 11.0, 12.0, 12.5])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    show = terminal.Lines()
    for done in (0, 1, 2, 3):
        show("replay", done, 3)
    show("linear", 1, 1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["replay …", "replay: 2 of 3", "replay: done in 12.0 s", "linear: done in 0.0 s"]


def test_progress_off_a_terminal_is_lines():
    with terminal.progress() as show:
        assert isinstance(show, terminal.Lines)


def test_bars_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with terminal.progress() as show:
        assert isinstance(show, terminal.Bars)
        for done in range(4):
            show("replay [all]", done, 3)
        show("linear", 0, 1)
        show("linear", 1, 1)
    assert capsys.readouterr().out == ""


def test_tables_off_a_terminal_are_aligned(capsys):
    terminal.table(("name", "n"), [("a\nb", 1_000), ("long name", None), ("x", 0.5), ("y", True)], right=(1,))
    assert (
        capsys.readouterr().out
        == "name            n\na b         1,000\nlong name\nx          0.5000\ny             yes\n"
    )


def test_tables_on_a_terminal_are_drawn(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    terminal.table(("name", "n"), [("[bold]a", 1)], right=(1,))
    assert "[bold]a" in capsys.readouterr().out


def test_an_error_is_one_printable_line(capsys):
    terminal.fail("a\nb\x1b[31m")
    assert capsys.readouterr().err == "penchant: a b�[31m\n"


def test_json_has_no_nan(capsys):
    terminal.as_json({"x": float("nan"), 1: {"p": sys}})
    assert '"x": null' in capsys.readouterr().out


@pytest.mark.parametrize("closed", [True, False])
def test_streams_without_encoding(monkeypatch, closed):
    monkeypatch.setattr(sys, "stdout", object())
    terminal.settle()

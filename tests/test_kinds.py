"""Kinds of events: spelled in any case and language, with weights of their own."""

import pytest

from penchant.events.kinds import Kinds

KINDS = Kinds({"view": 0.2, "purchase": 2.0, "dislike": -1.0, "other": 0.5}, {"购买": "purchase", "buy": "purchase"})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("purchase", "purchase"),
        ("Purchase", "purchase"),
        (" DISLIKE ", "dislike"),
        ("购买", "purchase"),
        ("BUY", "purchase"),
        ("Listen", "Listen"),
    ],
)
def test_a_kind_is_known_by_any_spelling(said, kind):
    assert KINDS.canonical(said) == kind


def test_a_kind_without_a_weight_counts_as_other():
    assert KINDS.names[KINDS.code("Listen")] == "other"
    assert KINDS.weights[KINDS.code("dislike")] == -1.0

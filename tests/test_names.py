"""Names of people against a plain list: what is mapped and what is new answer alike."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.events.names import COLUMNS, Names, Users

PEOPLE = ("ann", "bob", "zoë", "李雷", "a", "\ud800", "x" * 70)
CALLS = st.lists(st.tuples(st.sampled_from(["code", "erase", "keep"]), st.lists(st.sampled_from(PEOPLE))), max_size=12)


def digest(name):
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def same(names, listed):
    """Whether names answer every question as a list of code → person does."""
    users, known = Users(names), [name for name in listed if name]
    assert list(names) == [*names[:]] == [names[code] for code in range(len(names))] == listed
    assert (len(users), list(users)) == (len(known), known)
    for name in PEOPLE:
        code = listed.index(name) if name in known else -1
        assert (names.code(name), users.get(name, -1), name in users) == (code, code, code >= 0)
    wanted = [digest(name) for name in PEOPLE]
    assert names.digested(wanted) == {digest(name): name for name in PEOPLE if name in known}


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(CALLS)
def test_mapped_and_new_names_answer_as_one_list(calls):
    names, listed = Names(), []
    for verb, people in calls:
        if verb == "code":
            codes = names.coded(people)
            listed += [name for name in dict.fromkeys(people) if name not in listed]
            assert codes.tolist() == [listed.index(name) for name in people]
        elif verb == "keep":
            kept = names.columns(len(names))
            assert {name: column.dtype for name, column in kept.items()} == COLUMNS
            names = Names(kept)
        else:
            for name in {*people} & {*listed}:
                names.erase(listed.index(name))
                listed[listed.index(name)] = ""
        same(names, listed)


def test_of_an_erased_name_no_letter_stays_in_memory():
    names = Names()
    names.coded(["ann", "bob"])
    kept = {name: column.copy() for name, column in names.columns(2).items()}
    mapped = Names(kept)
    mapped.erase(0)
    assert b"ann" not in kept["text"].tobytes()
    assert b"ann" not in mapped.columns(2)["text"].tobytes()
    assert list(mapped) == ["", "bob"]


def test_only_as_many_as_are_asked_for_are_kept():
    names = Names()
    names.coded(["ann", "bob", "eve"])
    names = Names(names.columns(2))
    same(names, ["ann", "bob"])
    names.coded(["eve", "joe"])
    for size in (1, 3):
        same(Names(names.columns(size)), ["ann", "bob", "eve", "joe"][:size])


def test_there_is_nobody_behind_the_last():
    names = Names()
    names.coded(["ann"])
    assert names[-1] == "ann"
    for code in (1, -2):
        with pytest.raises(IndexError, match="of 1 people"):
            names[code]


def test_names_of_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr("penchant.events.names._hash", lambda name: len(name))
    names = Names()
    names.coded(["ann", "bob", "joe"])
    names = Names(names.columns(3))
    assert [names.code(name) for name in ("ann", "bob", "joe", "eve")] == [0, 1, 2, -1]
    np.testing.assert_array_equal(names.coded(["eve", "joe"]), [3, 2])

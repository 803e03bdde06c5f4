"""Keys: what is kept cannot open anything, what is revoked counts no more, what is damaged lets nobody in."""

import dataclasses
import json
import os
import stat
import threading

import pytest

from penchant import keys
from penchant.errors import StoreError, UnknownError, UsageError


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.json"


def test_the_key_itself_is_nowhere_on_disk_and_the_file_is_its_owners_alone(file):
    key, secret = keys.create(file, "web", ["write", "read"])
    assert secret.startswith(f"pen_{key.id}_")
    assert len(secret.rpartition("_")[2]) <= 43 < len(secret)
    assert key.scopes == ("read", "write")
    text = file.read_text()
    assert secret not in text
    assert secret[13:] not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert keys.read(file) == (key,)
    assert [p for p in file.parent.iterdir() if secret[13:] in p.read_text()] == []


def test_only_the_whole_key_is_found(file):
    key, secret = keys.create(file, "web", ["read"])
    ring = keys.Keyring(file)
    assert ring.find(secret) == key
    swapped = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for wrong in ("", secret[:-1], secret + "A", swapped, key.digest, secret.upper(), secret.replace(key.id, "0" * 8)):
        assert ring.find(wrong) is None


def test_a_scope_is_no_other_but_admin_is_all(file):
    for scope in keys.SCOPES:
        key, _ = keys.create(file, scope, [scope])
        assert [s for s in keys.SCOPES if key.may(s)] == (list(keys.SCOPES) if scope == "admin" else [scope])


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "x" * 65, "é", "-a", "a\n"])
def test_names_are_plain(file, name):
    with pytest.raises(UsageError):
        keys.create(file, name, ["read"])
    assert not file.exists()


@pytest.mark.parametrize("scopes", [[], ["all"], ["read", "root"]])
def test_scopes_are_known(file, scopes):
    with pytest.raises(UsageError, match="admin, read, write"):
        keys.create(file, "web", scopes)


def test_a_name_is_taken_until_it_is_revoked(file):
    keys.create(file, "web", ["read"])
    with pytest.raises(UsageError, match="already"):
        keys.create(file, "web", ["write"])
    keys.revoke(file, "web")
    keys.create(file, "web", ["write"])
    with pytest.raises(UnknownError, match="there are web"):
        keys.revoke(file, "app")


def test_a_running_server_sees_changes_within_half_a_second(file):
    clock = Time()
    ring = keys.Keyring(file, clock=clock)
    assert ring.needed() is False
    _, secret = keys.create(file, "web", ["read"])
    assert ring.needed() is False  # it looked just now
    clock.now += 0.5
    assert ring.needed() is True
    assert ring.find(secret)
    keys.revoke(file, "web")
    clock.now += 0.5
    assert ring.find(secret) is None
    assert ring.needed() is True  # the last key is gone, and the door is not open again
    file.unlink()
    clock.now += 0.5
    assert ring.needed() is True


def test_without_a_file_keys_may_be_needed_from_the_start(file):
    assert keys.Keyring(file, needed=True).needed() is True


DAMAGED = [
    "",
    "{",
    "[]",
    "null",
    '{"keys": 3}',
    '{"keys": [{}]}',
    '{"keys": [7]}',
    '{"keys": {"a": "b"}}',
    '{"key": []}',
]


@pytest.mark.parametrize("text", [*DAMAGED, "\x00" * 100])
def test_a_damaged_file_lets_nobody_in_and_is_not_written_over(file, text):
    file.write_text(text)
    for work in (
        lambda: keys.Keyring(file).needed(),
        lambda: keys.Keyring(file).find("x"),
        lambda: keys.create(file, "web", ["read"]),
        lambda: keys.revoke(file, "web"),
    ):
        with pytest.raises(StoreError, match=r"keys\.json"):
            work()
    assert file.read_text() == text


@pytest.mark.parametrize("field", ["id", "name", "digest", "created"])
def test_a_part_of_another_type_is_damage(file, field):
    key, _ = keys.create(file, "web", ["read"])
    file.write_text(json.dumps({"keys": [{**dataclasses.asdict(key), field: 7}]}))
    with pytest.raises(StoreError):
        keys.read(file)


def test_keys_made_at_once_are_all_kept(file):
    made = [threading.Thread(target=keys.create, args=(file, f"k{n}", ["read"])) for n in range(12)]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()
    assert len(keys.read(file)) == 12


def test_a_write_that_fails_leaves_the_keys_as_they_were(file, monkeypatch):
    key, _ = keys.create(file, "web", ["read"])

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        keys.create(file, "app", ["read"])
    assert keys.read(file) == (key,)

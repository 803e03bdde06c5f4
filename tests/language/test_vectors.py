"""Vectors: every text is read once."""

import numpy as np
import pytest

from penchant.language.models import Hashing
from penchant.language.vectors import QueryCache, digest, encode_query, item_vectors


class Counting:
    """A hashing encoder that notes what it is asked."""

    def __init__(self, name="counting", dim=32):
        self.hashing, self.name, self.dim, self.asked, self.roles = Hashing(dim=dim), name, dim, [], set()

    def encode(self, texts, role):
        self.asked.append(list(texts))
        self.roles.add(role)
        return self.hashing.encode(texts, role)

    def truncated(self, texts):
        return sum(len(text) > 20 for text in texts)


class Store:
    """Vectors in a dict."""

    def __init__(self):
        self.kept = {}

    def keep_vectors(self, encoder, vectors):
        self.kept.update({(encoder, key): np.array(vector) for key, vector in vectors.items()})

    def vectors(self, encoder, digests):
        assert len(digests) <= 1_000
        return {key: self.kept[encoder, key] for key in digests if (encoder, key) in self.kept}


def test_the_second_call_reads_nothing_and_a_changed_text_only_itself():
    encoder, store = Counting(), Store()
    texts = ["red mug", "scarlet cup", "red mug", "", "a garden hose that is long"]
    first = item_vectors(texts, encoder, store)
    assert (first.encoded, first.truncated) == (4, 1)
    np.testing.assert_array_equal(first.vectors, Hashing(dim=32).encode(texts, "passage"))
    again = item_vectors(texts, encoder, store)
    assert (again.encoded, again.truncated, len(encoder.asked)) == (0, 0, 1)
    np.testing.assert_array_equal(again.vectors, first.vectors)
    texts[1] = "crimson cup"
    assert item_vectors(texts, encoder, store).encoded == 1
    assert encoder.asked[-1] == ["crimson cup"]
    assert encoder.roles == {"passage"}


def test_another_encoder_or_size_meets_no_old_vector():
    store = Store()
    item_vectors(["red mug"], Counting(), store)
    assert item_vectors(["red mug"], Counting("other"), store).encoded == 1
    wider = item_vectors(["red mug"], Counting(dim=64), store)
    assert (wider.encoded, wider.vectors.shape) == (1, (1, 64))


def test_batches_are_kept_as_they_are_made():
    class Failing(Counting):
        def encode(self, texts, role):
            if len(self.asked) == 2:
                raise KeyboardInterrupt
            return super().encode(texts, role)

    store, told = Store(), []
    texts = [f"item {n}" for n in range(2_500)]
    with pytest.raises(KeyboardInterrupt):
        item_vectors(texts, Failing(), store, progress=lambda done, total: told.append((done, total)), batch=100)
    assert len(store.kept) == 200
    assert told == [(100, 2_500), (200, 2_500)]
    assert item_vectors(texts, Counting(), store).encoded == 2_300


def test_no_texts_give_no_rows():
    assert item_vectors([], Counting(), Store()).vectors.shape == (0, 32)


def test_texts_are_read_in_order_of_length():
    encoder = Counting()
    item_vectors(["ccc", "a", "bb"], encoder, Store())
    assert encoder.asked == [["a", "bb", "ccc"]]


def test_digests_tell_texts_apart_and_take_any_string():
    assert digest("a") != digest("b")
    assert digest("a") == digest("a")
    assert len(digest("\ud83d")) == 32


def test_a_query_is_read_once_while_it_is_remembered():
    encoder, cache = Counting(), QueryCache(size=2)
    first = encode_query(encoder, "red", cache)
    assert first.shape == (32,)
    assert encode_query(encoder, "red", cache) is first
    assert len(encoder.asked) == 1
    encode_query(encoder, "blue", cache)
    encode_query(encoder, "red", cache)
    encode_query(encoder, "green", cache)  # blue was asked out the longest ago
    encode_query(encoder, "red", cache)
    assert len(encoder.asked) == 3
    encode_query(encoder, "blue", cache)
    assert len(encoder.asked) == 4
    assert len(cache) == 2
    encode_query(Counting("other"), "red", cache)
    assert encoder.roles == {"query"}


def test_a_remembered_query_cannot_be_written():
    vector = encode_query(Counting(), "red")
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1

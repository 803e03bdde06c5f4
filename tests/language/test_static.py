"""Static embeddings say nearly what their original says, from a table alone."""

import numpy as np
import pytest

from penchant.errors import ArtefactError, UsageError
from penchant.language import encoders, export, onnx, static
from penchant.language.choice import Choice
from penchant.testing.plugins import EncoderContract

TEXTS = ["red mug", "scarlet cup", "garden hose", "a summer dress for warm days", "winter boots"]


@pytest.fixture(scope="module", params=["tiny_bert", "tiny_gpt"])
def encoder(request):
    return encoders.load(f"static:{request.getfixturevalue(request.param)}")


class TestStatic(EncoderContract):
    @pytest.fixture
    def encoder(self, encoder):
        return encoder


def test_a_text_is_the_mean_of_its_tokens(tiny_bert):
    table = static.distil(encoders.load(str(tiny_bert)))
    assert table.name == f"static:{encoders.load(str(tiny_bert)).name}"
    assert table.dim == 16
    alone = [
        table.table[table.tokenizer.encode(word, add_special_tokens=False).ids].sum(axis=0) for word in ("red", "mug")
    ]
    wanted = alone[0] + alone[1]
    np.testing.assert_allclose(table.encode(["red mug"], "query")[0], wanted / np.linalg.norm(wanted), atol=1e-5)


def test_frequent_tokens_count_less(tiny_bert):
    weights = static._weights(1_000)
    assert (np.diff(weights) > 0).all()
    assert weights[0] < 0.01 < 0.3 < weights[-1]


def test_a_release_carries_the_table(tiny_bert, tmp_path):
    name = f"static:{tiny_bert}"
    original = encoders.load(name)
    assert Choice(model=name).export(original, name, TEXTS, tmp_path).keys() == {"cosine", "seconds"}
    wanted = Choice(model=name, released=lambda: tmp_path)
    carried = wanted.load(wanted.name([]))
    assert (carried.name, carried.dim) == (original.name, original.dim)
    np.testing.assert_allclose(carried.encode(TEXTS, "passage"), original.encode(TEXTS, "passage"), atol=1e-6)
    assert carried.truncated(["red " * 500]) == 0
    assert not hasattr(Choice(model=str(tiny_bert), released=lambda: tmp_path).load(str(tiny_bert)), "table")
    (tmp_path / "encoder" / static.TABLE).write_bytes(b"nothing")
    with pytest.raises(ArtefactError, match="holds no static embeddings"):
        static.encoder(tmp_path / "encoder")


def test_an_exported_encoder_is_distilled_without_torch(tiny_bert, tmp_path):
    export.export(str(tiny_bert), tmp_path)
    exported = static.distil(onnx.encoder(tmp_path))
    cosines = exported.encode(TEXTS, "query") * static.distil(encoders.load(str(tiny_bert))).encode(TEXTS, "query")
    np.testing.assert_allclose(cosines.sum(axis=1), 1, atol=1e-3)


def test_what_has_no_tokenizer_cannot_be_distilled():
    with pytest.raises(UsageError, match="hashing@1 has no tokenizer"):
        encoders.load("static:hashing").encode(["mug"], "query")


def test_minilm_distilled_finds_sensible_neighbours(monkeypatch):
    passages, words = ["garden hose", "scarlet cup", "winter boots"], static._words
    kept = {"red", "mug", *" ".join(passages).split()}

    def few(tokenizer):
        """Some hundred tokens of thirty thousand: enough to see, quick to read."""
        return [word if row % 100 == 0 or word in kept else "" for row, word in enumerate(words(tokenizer))]

    monkeypatch.setattr(static, "_words", few)
    encoder = encoders.load("static:minilm")
    assert (encoder.name, encoder.dim) == ("static:minilm@53aa5117", 256)
    nearest = encoder.encode(passages, "passage") @ encoder.encode(["red mug"], "query")[0]
    assert passages[int(nearest.argmax())] == "scarlet cup"

"""Smaller encoders: what is taken out, and what is left says nearly the same."""

import numpy as np
import pytest

from penchant.errors import UsageError
from penchant.language.course import Course
from penchant.language.encoders import load

pytest.importorskip("torch")
pytest.importorskip("accelerate")

TEXTS = [f"{a} {b}" for a in ("red", "scarlet", "garden", "summer", "winter") for b in ("mug", "cup", "hose", "boots")]


@pytest.fixture(scope="module")
def deep(tiny_bert, tmp_path_factory):
    """The tiny model with three layers."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("models") / "deep"
    torch.manual_seed(0)
    BertModel(BertConfig.from_pretrained(tiny_bert, num_hidden_layers=3, initializer_range=0.6)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder)
    return folder


def test_as_it_is_it_says_the_same(deep, tmp_path):
    from penchant.language.shrinking import shrink

    made = shrink(str(deep), tmp_path, texts=TEXTS)
    assert made.cosine == pytest.approx(1, abs=1e-5)
    assert made.layers == 3
    assert made.outcome is None


def test_the_original_teaches_what_is_left(deep, tmp_path):
    from penchant.language.shrinking import shrink

    cut = shrink(str(deep), tmp_path, texts=TEXTS, layers=1)
    taught = shrink(str(deep), tmp_path, texts=TEXTS, layers=1, course=Course(epochs=8, rate=1e-2, precision="fp32"))
    assert cut.layers == taught.layers == 1
    assert taught.cosine > cut.cosine
    curve = taught.outcome.curve
    assert curve[taught.outcome.best]["cosine"] > curve[0]["cosine"]
    assert not (tmp_path / "unfinished").exists()
    assert load(str(taught.folder)).encode(["red mug"], "query").shape == (1, 16)


def test_words_that_nobody_uses_go_and_the_texts_read_the_same(deep, tmp_path):
    from penchant.language.shrinking import shrink

    made = shrink(str(deep), tmp_path, texts=TEXTS, words=True)
    before, after = load(str(deep)), load(str(made.folder))
    assert made.words < before.model[0].model.get_input_embeddings().weight.shape[0]
    np.testing.assert_allclose(after.encode(TEXTS, "passage"), before.encode(TEXTS, "passage"), atol=1e-5)
    assert after.encode(["warm dresses"], "query").any()


def test_what_cannot_be_taken_apart(deep, tiny_gpt, tmp_path):
    from penchant.language.shrinking import shrink

    with pytest.raises(UsageError, match="1 to 3"):
        shrink(str(deep), tmp_path, texts=TEXTS, layers=9)
    with pytest.raises(UsageError, match="WordPiece"):
        shrink(str(tiny_gpt), tmp_path, texts=TEXTS, words=True)
    with pytest.raises(UsageError, match="at least 2"):
        shrink(str(deep), tmp_path, texts=["red"])

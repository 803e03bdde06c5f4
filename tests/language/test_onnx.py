"""Exported models: the same model as the original, read without torch, and what is damaged is said in one line."""

import subprocess
import sys

import numpy as np
import pytest

from penchant.errors import ArtefactError, UsageError
from penchant.language import encoders, export, onnx
from penchant.testing.plugins import EncoderContract

TEXTS = [f"{colour} {thing}" for colour in ("red", "scarlet", "warm") for thing in ("mug", "cup", "hose", "dress")]
CATALOGUE = [f"{one} for {other}" for one in TEXTS for other in TEXTS[:6]]


@pytest.fixture(scope="session", params=["tiny_bert", "tiny_gpt", "tiny_sentences"])
def pair(request, tmp_path_factory):
    """An encoder of torch and the folder of its export."""
    original = encoders.load(str(request.getfixturevalue(request.param)))
    folder = tmp_path_factory.mktemp("exported") / "encoder"
    export.export(original, folder, texts=CATALOGUE)
    return original, folder


@pytest.fixture(scope="session")
def bert(tiny_bert, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "bert"
    export.export(str(tiny_bert), folder, texts=CATALOGUE)
    return folder


class TestExported(EncoderContract):
    @pytest.fixture
    def encoder(self, pair):
        return onnx.encoder(pair[1])


def test_it_is_the_same_model_under_the_same_name(pair):
    original, folder = pair
    exported = onnx.encoder(folder, quantise=False)
    assert (exported.name, exported.dim) == (original.name, original.dim)
    texts = [*TEXTS, "", "a\ud83db", "mug\0cup", "red " * 300]
    for role in ("query", "passage"):
        cosines = (original.encode(texts, role) * exported.encode(texts, role)).sum(axis=1)
        np.testing.assert_allclose(cosines[[i for i in range(len(texts)) if texts[i]]], 1, atol=1e-4)
    assert onnx.card(folder).cosine >= export.SAME
    long = [*TEXTS, "red " * 20, "red " * 50]
    assert exported.truncated(long) == original.truncated(long) > 0


def test_queries_are_read_by_eight_bits_and_items_by_the_exact_weights(pair):
    _, folder = pair
    quick, exact = onnx.encoder(folder), onnx.encoder(folder, quantise=False)
    assert onnx.card(folder).quick >= export.NEAR
    np.testing.assert_array_equal(quick.encode(TEXTS, "passage"), exact.encode(TEXTS, "passage"))
    near = quick.encode(TEXTS, "query")
    assert (near != exact.encode(TEXTS, "query")).any()
    assert ((near * exact.encode(TEXTS, "query")).sum(axis=1) > 0.98).all()
    np.testing.assert_array_equal(near[3], quick.encode([TEXTS[3]], "query")[0])  # whatever it is asked beside


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_pooling_makes_one_vector_of_many(pooling, tiny_bert, tmp_path):
    import torch
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(tiny_bert), AutoTokenizer.from_pretrained(tiny_bert)
    with torch.no_grad():
        states = model(**tokenizer("red mug", return_tensors="pt")).last_hidden_state[0].numpy()
    wanted = {"mean": states.mean(axis=0), "cls": states[0], "last": states[-1]}[pooling]
    original = encoders.load(str(tiny_bert), pooling=pooling)
    assert original.name == encoders.load(str(tiny_bert)).name + f"+{pooling}"
    export.export(original, tmp_path, pooling=pooling)
    for encoder in (original, onnx.encoder(tmp_path)):
        found = encoder.encode(["red mug", "a summer dress for warm days"], "query")[0]
        np.testing.assert_allclose(found, wanted / np.linalg.norm(wanted), atol=1e-5)


def test_pooling_is_for_models_of_hugging_face():
    with pytest.raises(UsageError, match=r'"minilm" knows how to pool; pooling "cls" is for'):
        encoders.load("minilm", pooling="cls")


def test_threads_are_those_that_were_asked_for(bert, monkeypatch):
    used = []
    start = onnx._runtime().InferenceSession

    def watched(file, options, **more):
        used.append(options.intra_op_num_threads)
        return start(file, options, **more)

    monkeypatch.setattr(onnx._runtime(), "InferenceSession", watched)
    for threads in (1, 2, None):
        onnx.encoder(bert, threads=threads).encode(["mug"], "passage")
    assert used[:2] == [1, 2]
    assert 1 <= used[2] <= 4


def test_a_graph_that_says_something_else_is_not_exported(tiny_bert, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "SAME", 1.1)
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(ArtefactError, match=r"cannot be exported: its cosine to the original is 1\.0000, wanted is"):
        export.export(str(tiny_bert), tmp_path)


def test_what_cannot_be_traced_is_exported_by_torch_export(tiny_bert, tmp_path, monkeypatch):
    trace, ways = export._trace, []

    def refusing(*of):
        ways.append(of[-1])
        if not of[-1]:
            raise RuntimeError("this exporter was removed")
        trace(*of)

    monkeypatch.setattr(export, "_trace", refusing)
    assert export.export(str(tiny_bert), tmp_path).cosine >= export.SAME
    assert ways == [False, True]


def test_eight_bits_that_say_something_else_stay_away(tiny_bert, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "NEAR", 1.1)
    assert export.export(str(tiny_bert), tmp_path, texts=CATALOGUE).quick < 1.1  # as measured
    assert not (tmp_path / onnx.QUICK).exists()
    assert onnx.encoder(tmp_path).quick is None


def test_eight_bits_need_texts_to_be_judged_on_and_the_wish(tiny_bert, tmp_path):
    for options in ({}, {"texts": TEXTS[:4]}, {"texts": CATALOGUE, "quantise": False}):
        assert export.export(str(tiny_bert), tmp_path, **options).quick is None


def test_what_runs_without_torch_is_not_exported(tmp_path):
    with pytest.raises(UsageError, match="hashing@1 runs without torch as it is"):
        export.export("hashing", tmp_path)


def test_a_damaged_folder_is_an_error(bert, tmp_path):
    with pytest.raises(ArtefactError, match=r"card\.json is no card of an exported model"):
        onnx.encoder(tmp_path)
    for name in (onnx.CARD, onnx.TOKENIZER, onnx.EXACT):
        (tmp_path / name).write_bytes((bert / name).read_bytes())
    (tmp_path / onnx.EXACT).write_bytes(b"nothing")
    with pytest.raises(ArtefactError, match=r"model\.onnx cannot be run"):
        onnx.encoder(tmp_path).encode(["mug"], "passage")
    (tmp_path / onnx.EXACT).write_bytes((bert / onnx.EXACT).read_bytes())
    (tmp_path / onnx.TOKENIZER).write_bytes(b"nothing")
    with pytest.raises(ArtefactError, match=r"tokenizer\.json is no tokenizer"):
        onnx.encoder(tmp_path).encode(["mug"], "passage")


def test_a_cross_encoder_is_exported_with_its_logits(tiny_bert, tmp_path):
    import torch
    from sentence_transformers import CrossEncoder

    torch.manual_seed(0)
    original = CrossEncoder(str(tiny_bert), num_labels=1, local_files_only=True)
    original[0].auto_model.classifier.weight.data *= 100  # random weights say nearly the same of everything
    card = export.export_pairs(original, tmp_path, name="cross", pairs=[(a, b) for a in TEXTS for b in TEXTS[:4]])
    assert (card.name, card.dim) == ("cross", 1)
    exact = original.predict(
        [("red mug", text) for text in TEXTS], activation_fn=torch.nn.Identity(), show_progress_bar=False
    )
    found = onnx.Pairs(name="", graph=onnx.Graph(tmp_path, onnx.EXACT, limit=card.limit)).score("red mug", TEXTS)
    np.testing.assert_allclose(found, exact, atol=1e-3)
    scored = onnx.pairs(tmp_path)
    assert np.corrcoef(scored.score("red mug", TEXTS), exact)[0, 1] > 0.95
    assert scored.score("red mug", []).shape == (0,)


WITHOUT = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "sentence_transformers"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from pathlib import Path
from penchant.language import onnx
print(onnx.encoder(Path(sys.argv[1])).encode(["red mug"], "query")[0].tolist())
"""


def test_it_is_read_where_torch_is_absent(bert):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(bert)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(eval(done.stdout), onnx.encoder(bert).encode(["red mug"], "query")[0], atol=1e-5)


def test_the_setting_pooling_reaches_the_encoder(tiny_bert):
    from penchant.language.choice import Choice
    from penchant.language.reader import CatalogueReader

    names = []
    for pooling in ("auto", "cls"):
        reader = CatalogueReader(choice=Choice(model=str(tiny_bert), pooling=pooling), template="{title}", store=None)
        reader.wish("red mug")
        names.append(reader.name)
    assert names[1] == names[0] + "+cls"

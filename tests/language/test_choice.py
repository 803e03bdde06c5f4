"""The release's encoder: it is the one that the settings name, and with it a server needs no torch."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

import penchant
from penchant.language import choice, encoders, export, onnx
from penchant.language.choice import Choice
from penchant.language.models import Hashing
from penchant.types import Item

TITLES = [f"{colour} {thing}" for colour in ("red", "scarlet", "warm", "winter") for thing in ("mug", "cup", "hose")]
CATALOGUE = [f"{one} for {other}" for one in TITLES for other in TITLES[:4]]


@pytest.fixture(scope="module")
def release(tiny_bert, tmp_path_factory):
    """A release that carries the tiny BERT."""
    folder = tmp_path_factory.mktemp("release")
    model = encoders.load(str(tiny_bert))
    assert Choice().export(model, str(tiny_bert), CATALOGUE, folder).keys() == {"cosine", "seconds", "cosine in 8 bits"}
    return folder


def test_a_release_is_read_where_it_carries_the_wanted_encoder(release, tiny_bert):
    wanted = Choice(model=str(tiny_bert), released=lambda: release)
    assert isinstance(wanted.load(wanted.name([])).loaded, onnx.Onnx)
    other = Choice(model=str(tiny_bert), pooling="cls", released=lambda: release)
    assert other.load(other.name([])).name.endswith("+cls")
    assert Choice(model="hashing", released=lambda: release).load("hashing") == Hashing()


def test_a_folder_that_changed_since_is_read_itself(release, tiny_bert, tmp_path):
    folder = shutil.copytree(tiny_bert, tmp_path / "tiny-bert")
    carried = shutil.copytree(release, tmp_path / "release")
    card = json.loads((carried / "encoder" / onnx.CARD).read_bytes())
    (carried / "encoder" / onnx.CARD).write_text(json.dumps({**card, "asked": str(folder)}))
    wanted = Choice(model=str(folder), released=lambda: carried)
    assert isinstance(wanted.load(str(folder)).loaded, onnx.Onnx)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    assert not hasattr(wanted.load(str(folder)), "loaded")
    shutil.rmtree(folder)  # as on a server
    assert isinstance(wanted.load(str(folder)).loaded, onnx.Onnx)


def test_a_folder_of_the_project_is_known_by_its_name_there(tiny_bert, tmp_path):
    there = Choice(model="models/own", place=str(tiny_bert))
    there.export(there.load("models/own"), "models/own", CATALOGUE, tmp_path)
    here = Choice(model="models/own", place=str(tiny_bert), released=lambda: tmp_path)
    assert isinstance(here.load("models/own").loaded, onnx.Onnx)
    elsewhere = Choice(model="models/own", place="models/own", released=lambda: tmp_path)  # where the folder is not
    assert isinstance(elsewhere.load("models/own").loaded, onnx.Onnx)


def test_auto_takes_what_the_release_carries_if_it_suits_the_texts(release, tmp_path, monkeypatch):
    carried = shutil.copytree(release, tmp_path / "release")
    card = json.loads((carried / "encoder" / onnx.CARD).read_bytes())
    (carried / "encoder" / onnx.CARD).write_text(json.dumps({**card, "asked": "minilm"}))
    wanted = Choice(released=lambda: carried)
    monkeypatch.setattr(encoders, "find_spec", lambda name: None)  # nothing is installed
    assert wanted.name(["red mug"]) == "minilm"
    assert wanted.load("minilm").name == card["name"]
    assert Choice().name(["red mug"]) == "hashing"
    monkeypatch.setattr(encoders, "find_spec", lambda name: name)
    assert wanted.name(["夏季连衣裙"]) == "e5"


def test_without_onnxruntime_or_with_a_damaged_card_the_model_itself_is_read(release, tiny_bert, tmp_path, monkeypatch):
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / onnx.CARD).write_text("{}")
    damaged = Choice(model=str(tiny_bert), released=lambda: tmp_path)
    assert not hasattr(damaged.load(str(tiny_bert)), "loaded")
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    bare = Choice(model=str(tiny_bert), released=lambda: release)
    assert not hasattr(bare.load(str(tiny_bert)), "loaded")


def test_what_a_release_carries_is_handed_on_without_torch(release, tmp_path, monkeypatch):
    encoder = Choice(released=lambda: release).load(onnx.card(release / "encoder").asked)
    monkeypatch.setattr(export, "export", None)
    for quantise, there in ((False, False), (True, True)):
        folder = tmp_path / str(quantise)
        asked = onnx.card(release / "encoder").asked
        Choice(quantise=quantise).export(encoder, asked, CATALOGUE, folder)
        assert (folder / "encoder" / onnx.QUICK).exists() is there
        assert (onnx.encoder(folder / "encoder").quick is not None) is there
    again = onnx.encoder(tmp_path / "False" / "encoder")
    Choice().export(again, asked, CATALOGUE, tmp_path / "again")
    assert (tmp_path / "again" / "encoder" / onnx.QUICK).exists()  # fitted anew, from the graph


def test_what_cannot_be_exported_is_told_and_served_as_it_is(tiny_bert, tmp_path, monkeypatch):
    model = encoders.load(str(tiny_bert))
    assert Choice().export(Hashing(), "hashing", CATALOGUE, tmp_path) == {}
    monkeypatch.setattr(export, "SAME", 1.1)
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    told = Choice().export(model, "tiny", CATALOGUE, tmp_path)
    assert "its cosine to the original is 1.0000" in told["not exported"]
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(choice, "find_spec", lambda name: None if name == "onnx" else name)
    assert 'needs onnx: pip install "penchant[export]"' in Choice().export(model, "", [], tmp_path)["not exported"]


SHORT = """
[[sources]]
kind = "nearest"
[[stages]]
kind = "blend"
"""
SERVER = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "sentence_transformers"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import json, urllib.request
import penchant
from penchant.serving.server import background

with background(penchant.open(sys.argv[1])) as url:
    def call(method, path, body):
        asked = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        asked.method = method
        return json.load(urllib.request.urlopen(asked, timeout=100))

    call("PUT", "/v1/items", {"items": [{"item_id": "new", "title": "a scarlet hose for the garden"}]})
    print(json.dumps(call("POST", "/v1/recommend", {"user_id": "u", "text": "winter cup", "k": 5})))
assert "torch" not in sys.modules
"""


@pytest.fixture(scope="module")
def project(tiny_bert, tmp_path_factory):
    """A trained project that reads by the tiny BERT."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "penchant.toml").write_text(
        f'[encoder]\nmodel = "{tiny_bert}"\n[clock]\nnow = "log"\n{SHORT}', encoding="utf-8"
    )
    with penchant.open(folder) as opened:
        opened.engine.put_items([Item(id=f"i{n}", title=text) for n, text in enumerate(CATALOGUE)])
        manifest = opened.train()
        wish = opened.engine.reader.wish("winter cup")
    return folder, manifest, wish


def test_a_server_without_torch_answers_a_text(project):
    folder, manifest, _ = project
    assert manifest["metrics"]["encoder"]["cosine"] >= export.SAME
    done = subprocess.run(
        [sys.executable, "-c", SERVER, str(folder)], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert len(answer["items"]) == 5
    assert answer["release"] == manifest["version"]
    assert not [note for note in answer["degraded"] if "encoder" in note]


def test_a_second_training_shares_the_encoder_with_the_first(project):
    folder, manifest, wish = project
    with penchant.open(folder) as opened:
        assert isinstance(opened.engine.reader._ready([]).loaded, onnx.Onnx)
        assert opened.engine.reader.wish("winter cup") @ wish > 0.98
        again = opened.train()
    assert again["encoder"] == manifest["encoder"]
    graphs = [(folder / "releases" / m["version"] / "encoder" / onnx.EXACT).read_bytes() for m in (manifest, again)]
    assert graphs[0] == graphs[1]


def test_the_setting_quantise_decides_who_reads_queries(project):
    folder, _, _ = project
    config = folder / "penchant.toml"
    said = config.read_text()
    readings = []
    for quantise in ("true", "false"):
        config.write_text(said.replace("[clock]", f"quantise = {quantise}\n[clock]"))
        with penchant.open(folder) as opened:
            readings.append(opened.engine.reader.wish("winter cup"))
    config.write_text(said)
    assert (readings[0] != readings[1]).any()
    np.testing.assert_allclose(readings[0] @ readings[1], 1, atol=0.02)

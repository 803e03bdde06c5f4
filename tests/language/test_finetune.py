"""Fine-tuning on tiny models of random weights: four tastes, each of two words that nothing but behaviour joins."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import penchant
from penchant.cli import finetuning
from penchant.cli.commands import commands
from penchant.errors import NotReadyError, UsageError
from penchant.evaluation.replay import Replay
from penchant.events.kinds import Kinds
from penchant.events.timeline import Timeline
from penchant.language.contrast import FineTuning
from penchant.language.encoders import load
from penchant.testing import worlds
from penchant.text.texts import item_text
from penchant.training import behaviour, finetune
from penchant.types import Item, moment

pytest.importorskip("torch")
pytest.importorskip("accelerate")

TASTES = (("red", "mug"), ("garden", "hose"), ("summer", "dress"), ("winter", "boots"))
QUICK = {"finetune": "contrastive", "epochs": 4, "batch": 16, "rate": 5e-3, "precision": "fp32", "layers": 0}


def silent(*_):
    """Show no progress."""


@pytest.fixture(scope="module")
def happened():
    """48 items, six with each of eight words; 60 people who take items of their taste in turn."""
    words = [word for taste in TASTES for word in taste]
    titles = [f"{word} number {n}" for n in range(6) for word in words]
    catalogue = worlds.catalogue([Item(id=f"i{n}", title=title) for n, title in enumerate(titles)])
    dice, told = np.random.default_rng(0), []
    for person in range(60):
        taste = person % len(TASTES)
        own = [n for n, title in enumerate(titles) if title.split()[0] in TASTES[taste]]
        told += [
            (f"p{person}", int(row), 100.0 * k + person, "purchase") for k, row in enumerate(dice.permutation(own))
        ]
    told.sort(key=lambda one: one[2])
    return Replay(timeline=worlds.appended(Timeline(Kinds(worlds.WEIGHTS, {})), told), catalogue=catalogue, folds=())


def taught(base, happened, folder, **settings):
    given = FineTuning(**{**QUICK, **settings})
    return finetune.finetune(given, str(base), happened, item_text, folder, silent)


def gap(encoder):
    """How much nearer words of one taste are to each other than words of different tastes."""
    vectors = encoder.encode([word for taste in TASTES for word in taste], "passage")
    vectors = vectors - vectors.mean(axis=0)
    like = vectors @ vectors.T
    same = np.mean([like[2 * n, 2 * n + 1] for n in range(4)])
    return same - (like.sum() - np.trace(like) - 2 * same * 4) / (64 - 8 - 8)


@pytest.fixture(scope="module")
def tuned(tiny_bert, happened, tmp_path_factory):
    return taught(tiny_bert, happened, tmp_path_factory.mktemp("encoders"))


def test_words_that_the_same_people_take_come_near_each_other(tuned, tiny_bert):
    assert gap(load(str(tuned.folder))) > gap(load(str(tiny_bert))) + 0.1
    curve = tuned.outcome.curve
    assert curve[tuned.outcome.best]["cold"] > curve[0]["cold"]
    assert curve[-1]["loss"] < curve[1]["loss"]


def test_the_name_says_what_is_in_the_folder(tuned):
    assert load(str(tuned.folder)).name == f"hf:{tuned.folder.name}@{tuned.folder.name.partition('-')[2]}"
    assert tuned.folder.name.startswith("contrastive-")
    assert not (tuned.folder.parent / "unfinished").exists()


def test_the_folder_says_what_it_has_learned_from(tuned, happened, tiny_bert):
    assert finetune.learned_until(tuned.folder) == happened.timeline.time[-1]
    assert finetune.learned_until(tiny_bert) is None


def test_the_same_seed_makes_the_same_weights_and_another_one_others(tuned, tiny_bert, happened, tmp_path):
    assert taught(tiny_bert, happened, tmp_path / "same").folder.name == tuned.folder.name
    assert taught(tiny_bert, happened, tmp_path / "other", seed=1).folder.name != tuned.folder.name


@pytest.mark.parametrize(
    "settings",
    [
        {"form": "text"},
        {"form": "text", "history": 1},
        {"form": "text", "moments": 50},
        {"epochs": 2},
        {"batch": 8},
        {"accumulate": 2},
        {"mined": 0.5},
        {"popularity": 1.0},
        {"temperature": 0.2},
        {"rate": 1e-3},
        {"warmup": 0.5},
        {"layers": 1},
        {"lora": 2},
        {"length": 4},
        {"hidden": 0.3},
        {"newest": 0.3},
        {"precision": "bf16"},
    ],
    ids=str,
)
def test_each_setting_changes_the_weights(settings, tuned, tiny_bert, happened, tmp_path):
    made = taught(tiny_bert, happened, tmp_path, **{"epochs": 1, **settings})
    assert made.folder is None or made.folder.name != tuned.folder.name
    assert made.outcome.curve[-1]["loss"] != tuned.outcome.curve[1]["loss"]


def test_patience_ends_a_training_that_gets_no_better(tiny_bert, happened, tmp_path):
    made = taught(tiny_bert, happened, tmp_path, rate=1e-9, epochs=9, patience=2)
    assert len(made.outcome.curve) == 3
    assert (made.outcome.best, made.folder) == (0, None)


def test_a_training_that_was_killed_goes_on_to_the_same_weights(tuned, tiny_bert, happened, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(KILLED)
    saved = tmp_path / "happened.npz"
    line, catalogue = happened.timeline, happened.catalogue
    np.savez(saved, titles=[i.title for i in catalogue.items], time=line.time, user=line.user, item=line.item)
    folder = tmp_path / "encoders"
    run = subprocess.Popen([sys.executable, str(script), str(saved), str(tiny_bert), str(folder)], env=os.environ)
    checkpoint = folder / "unfinished" / "checkpoint.safetensors"
    for _ in range(600):
        if checkpoint.exists():
            break
        time.sleep(0.1)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    made = taught(tiny_bert, happened, folder, every=1e-6)
    assert made.outcome.resumed > 0
    assert made.folder.name == taught(tiny_bert, happened, tmp_path / "whole", every=1e-6).folder.name


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from penchant.evaluation.replay import Replay
from penchant.events.kinds import Kinds
from penchant.language.contrast import FineTuning
from penchant.testing import worlds
from penchant.text.texts import item_text
from penchant.events.timeline import Timeline
from penchant.training.finetune import finetune
from penchant.types import Item

told = np.load(sys.argv[1])
catalogue = worlds.catalogue([Item(id=f"i{n}", title=str(title)) for n, title in enumerate(told["titles"])])
line = Timeline(Kinds(worlds.WEIGHTS, {}))
minutes = (told["time"] - worlds.START) / 60e6
rows = zip(told["user"], told["item"], minutes)
line = worlds.appended(line, [(f"p{u}", int(i), float(m), "purchase") for u, i, m in rows])

def slow(what, done, total):
    if done >= 4:
        time.sleep(60)

given = FineTuning(finetune="contrastive", epochs=4, batch=16, rate=5e-3, precision="fp32", layers=0, every=1e-6)
past = Replay(timeline=line, catalogue=catalogue, folds=())
finetune(given, sys.argv[2], past, item_text, Path(sys.argv[3]), slow)
"""


def test_a_checkpoint_of_another_training_is_not_gone_on_from(tiny_bert, happened, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        interrupted(tiny_bert, happened, tmp_path)
    assert (tmp_path / "unfinished" / "checkpoint.safetensors").exists()
    assert taught(tiny_bert, happened, tmp_path, seed=3).outcome.resumed == 0


def interrupted(base, happened, folder):
    def stop(what, done, total):
        if done >= 4:
            raise KeyboardInterrupt

    given = FineTuning(**QUICK, every=1e-6)
    finetune.finetune(given, str(base), happened, item_text, folder, stop)


def test_validation_is_of_the_newest_moments_and_of_hidden_items(happened):
    line, catalogue = happened.timeline, happened.catalogue
    made = behaviour.material(line, catalogue, [i.title for i in catalogue.items], FineTuning())
    assert made.hidden.sum() == 4
    assert not made.hidden[made.rows].any()
    assert not made.follows[:, np.flatnonzero(made.hidden)].nnz
    assert made.hidden[made.asked.target].any()
    assert np.isin(np.concatenate([made.asked.target, *made.asked.past]), made.pool).all()


def test_lookalikes_never_follow_each_other(happened):
    line, catalogue = happened.timeline, happened.catalogue
    made = behaviour.material(line, catalogue, [i.title for i in catalogue.items], FineTuning())
    for row, near in zip(made.rows, made.near, strict=True):
        found = near[near >= 0]
        assert row not in found
        assert not made.follows[row, found].toarray().any()


def test_curves_go_to_tensorboard(tiny_bert, happened, tmp_path):
    pytest.importorskip("tensorboardX")
    seen = []

    def look(what, done, total):
        seen.extend((tmp_path / "unfinished").rglob("events.out.tfevents.*"))

    given = FineTuning(**{**QUICK, "epochs": 1}, track="tensorboard")
    finetune.finetune(given, str(tiny_bert), happened, item_text, tmp_path, look)
    assert seen


def test_nothing_is_taught_unless_asked(tiny_bert, happened, tmp_path):
    with pytest.raises(UsageError, match="contrastive"):
        taught(tiny_bert, happened, tmp_path, finetune="none")


def test_an_encoder_without_weights_cannot_be_taught(happened, tmp_path):
    with pytest.raises(UsageError, match="hashing"):
        taught("hashing", happened, tmp_path)


def test_next_to_nothing_is_too_little(tiny_bert, happened, tmp_path):
    with pytest.raises(NotReadyError):
        taught(tiny_bert, replace(happened, timeline=happened.timeline.where(np.arange(3))), tmp_path)


def test_a_missing_library_is_named(tiny_bert, happened, tmp_path, monkeypatch):
    monkeypatch.setattr("penchant.language.course.find_spec", lambda name: None if name == "wandb" else True)
    with pytest.raises(UsageError, match="wandb"):
        taught(tiny_bert, happened, tmp_path, track="wandb")


@pytest.fixture
def project(tiny_bert, happened, tmp_path):
    """A project in which all of it has happened, read by the tiny model."""
    line, catalogue = happened.timeline, happened.catalogue
    settings = "\n".join(f"{key} = {value!r}" for key, value in QUICK.items())
    (tmp_path / "penchant.toml").write_text(
        f'[encoder]\nmodel = "{tiny_bert}"\n[clock]\nnow = "log"\n[language]\n{settings}\n', encoding="utf-8"
    )
    with penchant.open(tmp_path) as opened:
        opened.import_items([{"item_id": item.id, "title": item.title} for item in catalogue.items])
        told = zip(line.user.tolist(), line.item.tolist(), line.time.tolist(), strict=True)
        opened.import_events(
            [
                {"user_id": f"p{u}", "item_id": f"i{i}", "kind": "purchase", "time": moment(t).isoformat()}
                for u, i, t in told
            ]
        )
    return tmp_path


def test_a_project_reads_its_catalogue_with_what_it_was_taught(project):
    with penchant.open(project) as opened:
        before = opened.engine.follower.catch_up().catalogue
        made = opened.finetune()
    name = made.folder.relative_to(project).as_posix()
    text = (project / "penchant.toml").read_text()
    model = next(line for line in text.splitlines() if line.startswith("model"))
    (project / "penchant.toml").write_text(text.replace(model, f'model = "{name}"'))
    with penchant.open(project) as opened:
        after = opened.engine.follower.catch_up().catalogue
        assert opened.recommend("p0").picks
    assert name.rpartition("-")[2] in after.encoder
    assert after.encoder != before.encoder
    assert not np.allclose(after.vectors, before.vectors)


def test_the_command_shows_the_curve_and_says_what_to_do_next(project):
    outcome = CliRunner().invoke(commands(), ["finetune", str(project), "--cut", "0.2"])
    assert outcome.exit_code == 0, outcome.output
    assert 'write model = "encoders/contrastive-' in outcome.output
    assert "epoch" in outcome.output
    (made,) = (project / "encoders").iterdir()
    with penchant.open(project) as opened:
        last = int(opened.engine.follower.catch_up().timeline.time[-1])
    assert finetune.learned_until(made) < last


def test_an_evaluation_says_if_the_encoder_has_seen_what_is_asked(tuned, caplog):
    finetune.warn(str(tuned.folder), 0)
    assert "has seen what is asked" in caplog.text
    caplog.clear()
    finetune.warn(str(tuned.folder), tuned.until + 1)
    finetune.warn("minilm", 0)
    assert not caplog.text


def test_a_curve_in_one_line():
    curve = [{"loss": float("nan")}, {"loss": 3.0}, {"loss": 2.0}, {"loss": 1.0}]
    assert finetuning.sparks(curve, "loss") == " █▅▁"

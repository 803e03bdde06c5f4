"""SASRec with softmax loss and EASE, of RecTools; what a person did last is folded in at the moment of the question."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import exam as exams
import numpy as np
import pandas as pd
import sitting
import torch
from exam import NEVER, Exam
from pytorch_lightning import Callback, Trainer, seed_everything
from rectools.dataset import Dataset
from rectools.models import EASEModel, SASRecModel
from scipy import sparse
from sitting import Chosen, Peer

LONGEST = 50  # newest deeds of a person that SASRec reads, at most; fewer where nearly nobody did more
MOST = 60  # epochs at most
DROPOUT = 0.2
PATIENCE = 3  # looks at the validation part without anything better
LIBRARIES = ("rectools", "torch", "numpy", "scipy")


def interactions(exam: Exam) -> Dataset:
    """All that may be learned from; the order of the log is the time, so that no tie is left to chance."""
    places = exam.done[: np.searchsorted(exam.done, exam.facts["learned"])]
    frame = {
        "user_id": exam.log["user"][places],
        "item_id": exam.log["item"][places],
        "weight": 1.0,
        "datetime": pd.Timestamp("2000-01-01") + pd.to_timedelta(np.arange(len(places)), unit="s"),
    }
    return Dataset.construct(pd.DataFrame(frame))


# ── EASE ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Linear:
    """The weights between the items that were learned, and their catalogue rows."""

    weight: np.ndarray
    rows: np.ndarray


def learn_ease(exam: Exam, settings: Mapping[str, Any]) -> Linear:
    dataset = interactions(exam)
    frame = dataset.get_raw_interactions().drop_duplicates(["user_id", "item_id"])
    dataset = Dataset.construct(frame)
    model = EASEModel(regularization=settings["regularization"]).fit(dataset)
    return Linear(model.weight.astype(np.float32), dataset.item_id_map.external_ids.astype(np.int64))


def score_ease(model: Linear, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    past: sparse.csr_matrix = exam.histories(questions, settings["half_life"])
    scores = np.full((len(questions), exam.items), np.nan, dtype=np.float32)
    scores[:, model.rows] = past[:, model.rows] @ model.weight
    return scores


# ── SASRec ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Watch(Callback):
    """Looks at the validation part every second epoch, and stops when nothing gets better."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self.model: SASRecModel | None = None
        self.seen: list[tuple[float, int]] = []

    def __deepcopy__(self, memo: dict) -> "Watch":
        return self  # the model copies its trainer before each fit

    def on_train_epoch_end(self, trainer: Trainer, module: Any) -> None:
        epoch = trainer.current_epoch + 1
        if epoch % 2:
            return
        everybody = np.arange(len(self.exam))
        found = exams.answers(self.exam, lambda q: score_sasrec(self.model, self.exam, q, {}), everybody)
        module.train()
        self.seen.append((float(exams.marks(self.exam, found)["ndcg"].mean()), epoch))
        print(f"  sasrec, {epoch} epochs: {self.seen[-1][0]:.4f}", flush=True)
        best = max(range(len(self.seen)), key=lambda at: self.seen[at][0])
        trainer.should_stop = len(self.seen) - 1 - best >= PATIENCE


def length(exam: Exam) -> int:
    """How many deeds 19 of 20 people have, at most `LONGEST`: every session is filled up to it."""
    places = exam.done[: np.searchsorted(exam.done, exam.facts["learned"])]
    counts = np.bincount(exam.log["user"][places])
    return int(min(LONGEST, np.ceil(np.quantile(counts[counts > 0], 0.95))))


def sasrec(epochs: int, session: int, watch: list) -> SASRecModel:
    def trainer() -> Trainer:
        quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        return Trainer(max_epochs=epochs, callbacks=watch, enable_checkpointing=False, accelerator="cpu", **quiet)

    seed_everything(0, verbose=False)
    return SASRecModel(
        n_blocks=2,
        n_heads=2,
        n_factors=64,
        dropout_rate=DROPOUT,
        session_max_len=session,
        loss="softmax",
        lr=0.001,
        batch_size=128,
        get_trainer_func=trainer,
        recommend_torch_device="cpu",
    )


def choose_sasrec(exam: Exam) -> Chosen:
    """How long to learn; the rest is as in the papers."""
    began = time.perf_counter()
    watch = Watch(exam)
    watch.model = sasrec(MOST, length(exam), [watch])
    watch.model.fit(interactions(exam))
    quality, epochs = max(watch.seen, key=lambda seen: (seen[0], -seen[1]))
    return Chosen({"epochs": epochs}, quality, len(watch.seen), time.perf_counter() - began)


def learn_sasrec(exam: Exam, settings: Mapping[str, Any]) -> SASRecModel:
    return sasrec(settings["epochs"], length(exam), []).fit(interactions(exam))


@torch.no_grad()
def score_sasrec(model: SASRecModel, exam: Exam, questions: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    ids = model.data_preparator.item_id_map
    known = ids.external_ids[1:].astype(np.int64)  # the first is the padding
    inside = np.zeros(exam.items, dtype=np.int64)
    inside[known] = np.arange(1, len(known) + 1)
    most = model.data_preparator.session_max_len
    sessions = np.zeros((len(questions), most), dtype=np.int64)
    for at, question in enumerate(questions):
        item = inside[exam.recent(question)[0]]
        item = item[item > 0][-most:]
        sessions[at, most - len(item) :] = item
    net = model.torch_model.eval()
    items = net.item_model.get_all_embeddings()
    states = net.encode_sessions({"x": torch.from_numpy(sessions)}, items)[:, -1, :]
    states = net.similarity_module.session_tower_forward(states)
    found = (states @ net.similarity_module.item_tower_forward(items).T).numpy()
    scores = np.full((len(questions), exam.items), np.nan, dtype=np.float32)
    scores[:, known] = found[:, 1:]
    scores[~sessions.any(axis=1)] = np.nan
    return scores


PEERS = (
    Peer(
        name="rectools-ease",
        learn=learn_ease,
        score=score_ease,
        grid={"regularization": (300.0, 30.0, 100.0, 1000.0), "half_life": (NEVER, 90.0, 30.0, 10.0, 3.0, 1.5)},
        learned=("regularization",),
        rounds=1,
        libraries=LIBRARIES,
    ),
    Peer(name="rectools-sasrec", learn=learn_sasrec, score=score_sasrec, choose=choose_sasrec, libraries=LIBRARIES),
)

if __name__ == "__main__":
    sitting.main(PEERS)

"""Cross-encoder: the head of the list, read again. Behaviour and item are one text, so each word sees the other's.

It reads the best few in one batch, remembers what it has read, and has a deadline: an answer that is late keeps the
order that came in, and says so. How much its word counts beside that order is fitted on moments it has not learned
from; if that is nothing, it is not asked.
"""

import json
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Interval

from penchant.errors import NotReadyError
from penchant.language import onnx
from penchant.language.course import Course, require, run
from penchant.language.judging import Judging, Rows, cross_encoder
from penchant.language.vectors import digest
from penchant.protocols import Context, Examples, History
from penchant.text.texts import behaviour_text, item_text
from penchant.types import Array, Candidates

Key = tuple[str, str]  # digests of behaviour and item
_LEAST = 20  # questions from which on there is something to learn
_SHARES = (0.8, 0.9)  # of the questions in order of time: where development and test begin
_WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # tried
_TITLE, _TEXT = 80, 300  # characters read of a title in a behaviour, and of an item
_FADE = 10  # places of the list that count when the weight is fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Cross:
    """Recipe of a cross-encoder over the first places of the list. Needs the extra `finetune` to be trained."""

    model: str = "minilm"  # what it starts from: "minilm", a Hugging Face name or a folder, of an encoder or its like
    top: Annotated[int, Interval(ge=2, le=100)] = 20  # first places that are read again, 2 to 100
    deadline: Annotated[float, Gt(0)] = 100.0  # milliseconds it may take, above 0; later the order stays as it was
    remembered: Annotated[int, Ge(0)] = 20_000  # pairs whose scores are kept; 0 or more
    history: Annotated[int, Ge(1)] = 5  # newest things a person did that are read; 1 or more
    length: Annotated[int, Ge(8)] = 96  # tokens read of behaviour and item together; 8 or more
    depth: Annotated[int, Ge(0)] = 3  # first layers of the model that are kept; 0: all
    pairs: Annotated[int, Ge(20)] = 8_000  # rows learned from at most; 20 or more
    negatives: Annotated[int, Ge(1)] = 4  # of the first places, per wanted item; 1 or more
    epochs: Annotated[int, Ge(1)] = 2  # passes over them at most; 1 or more
    batch: Annotated[int, Ge(1)] = 32  # rows per step; 1 or more
    rate: Annotated[float, Gt(0)] = 5e-5  # learning rate at its highest, above 0
    lora: Annotated[int, Ge(0)] = 0  # rank of LoRA adapters, which learn alone; 0: the weights themselves learn
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"  # auto: the half precision the device has, if any
    refines: ClassVar[bool] = True  # judged against the list without it

    def train(self, history: History, folder: Path) -> dict[str, float]:
        """Fit on `history.examples`; metrics: ROC-AUC by epoch on development and test rows, and the weight found."""
        examples = history.examples
        found = 0 if examples is None or examples.rows is None else len(examples.contexts)
        if examples is None or examples.scores is None or found < _LEAST:
            raise NotReadyError(f"cross: {found} replayed slates with an answer; at least {_LEAST} are needed")
        from penchant.language.export import export_pairs

        course = Course(epochs=self.epochs, rate=self.rate, lora=self.lora, precision=self.precision, seed=history.seed)
        require(course)
        lists = [self._list(examples, place) for place in range(len(examples.groups))]
        parts = np.split(np.arange(len(lists)), [int(len(lists) * share) for share in _SHARES])
        dice = np.random.default_rng(history.seed)
        rows = [self._rows([lists[place] for place in part], dice) for part in parts]
        if not len(rows[0]) or not len(rows[1]):
            raise NotReadyError("cross: nobody with a past wanted anything on the lists that were replayed")
        encoder = cross_encoder(self.model, self.depth, self.length, history.seed)
        task = Judging(
            model=encoder,
            learned=rows[0],
            development=rows[1],
            test=rows[2],
            batch=self.batch,
            length=self.length,
            seed=history.seed,
        )
        outcome = run(task, course, folder / "unfinished", lambda *_: None)
        shutil.rmtree(folder / "unfinished")
        weight, before, after = self._weighed(task, [lists[place] for place in parts[1]])
        told = {f"epoch {e['epoch']:g} AUC {name}": e[name] for e in outcome.curve for name in ("development", "test")}
        export_pairs(encoder, folder, pairs=rows[0].said, name="cross")
        (folder / "cross.json").write_text(json.dumps({"weight": weight, "curve": outcome.curve}, indent=1))
        return {**told, "weight": weight, "NDCG@10 before": before, "NDCG@10 after": after}

    def load(self, folder: Path) -> "CrossModel":
        document = json.loads((folder / "cross.json").read_text())
        return CrossModel(recipe=self, weight=document["weight"], judge=Judge(onnx.pairs(folder), self.remembered))

    def behaviour(self, context: Context) -> str:
        """What the person did last, and asks for, as text; empty if nothing is known."""
        recent, kinds = context.user["recent"], context.timeline.kinds.names
        some = np.flatnonzero(recent["item"] >= 0)[-self.history :]
        items = context.catalogue.items
        told = [
            (kinds[kind], items[row].title[:_TITLE])
            for kind, row in zip(recent["kind"][some].tolist(), recent["item"][some].tolist(), strict=True)
        ]
        wish = f"wish: {context.query.text}" if context.query.text else ""
        return "; ".join(part for part in (wish, behaviour_text(told, self.history) if told else "") if part)

    def texts(self, context: Context, rows: Array) -> list[str]:
        """What is read of the items."""
        say = context.language.reader.text if context.language.reader is not None else item_text
        return [say(context.catalogue.items[row])[:_TEXT] for row in rows.tolist()]

    def mixed(self, scores: Array, logits: Array, weight: float) -> Array:
        """The order that came in and the cross-encoder's, each as a score without level or scale, `weight` to 1."""
        found: Array = standard(scores) + weight * standard(logits)
        return found

    def _list(self, examples: Examples, place: int) -> "Question":
        """The first places of one replayed slate, as they came in."""
        end = int(examples.groups[: place + 1].sum())
        part = np.arange(end - int(examples.groups[place]), end)
        assert examples.scores is not None and examples.rows is not None  # noqa: S101,PT018 - asked before
        part = part[np.argsort(-examples.scores[part], kind="stable")]
        wanted = examples.labels[part] > 0
        context, top = examples.contexts[place], slice(0, self.top)
        late = np.flatnonzero(wanted[self.top :]) + self.top  # wanted, but too far down to be read when served
        return Question(
            behaviour=self.behaviour(context),
            texts=self.texts(context, examples.rows[part[np.r_[np.arange(len(part))[top], late]]]),
            scores=examples.scores[part[top]],
            wanted=wanted[np.r_[np.arange(len(part))[top], late]],
        )

    def _rows(self, lists: Sequence["Question"], dice: np.random.Generator) -> Rows:
        """Every wanted item, and some of the first places beside it."""
        said: list[tuple[str, str]] = []
        wanted: list[bool] = []
        for one in lists:
            good, bad = np.flatnonzero(one.wanted), np.flatnonzero(~one.wanted)
            some = dice.permutation(bad)[: self.negatives * len(good)] if one.behaviour else bad[:0]
            for place in (*good.tolist(), *some.tolist()) if len(some) else ():
                said.append((one.behaviour, one.texts[place]))
                wanted.append(bool(one.wanted[place]))
        kept = np.sort(dice.permutation(len(said))[: self.pairs])
        return Rows(said=[said[place] for place in kept.tolist()], wanted=np.array(wanted, dtype=bool)[kept])

    def _weighed(self, task: Judging, lists: Sequence["Question"]) -> tuple[float, float, float]:
        """The weight under which these lists are best, with NDCG@10 without it and with it."""
        import torch

        values = np.zeros((0, len(_WEIGHTS)))
        task.model.eval()
        for one in lists:
            size = len(one.scores)
            if one.behaviour and one.wanted[:size].any():
                with torch.no_grad():
                    logits = task.scores(task.model, [(one.behaviour, text) for text in one.texts[:size]])
                orders = [np.argsort(-self.mixed(one.scores, logits, w), kind="stable") for w in _WEIGHTS]
                values = np.vstack([values, [_ndcg(one.wanted[:size][order]) for order in orders]])
        means = values.mean(axis=0) if len(values) else np.zeros(len(_WEIGHTS))
        best = int(np.argmax(means))
        return _WEIGHTS[best], float(means[0]), float(means[best])


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One replayed list as the cross-encoder sees it."""

    behaviour: str
    texts: Sequence[str]
    scores: Array  # of the first places
    wanted: Array  # bool per text


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossModel:
    """Reorders the first places; the scores stay with the places."""

    recipe: Cross
    weight: float
    judge: "Judge"

    def apply(self, context: Context, candidates: Candidates) -> Candidates:
        head, recipe = candidates.take(slice(0, self.recipe.top)), self.recipe
        behaviour = recipe.behaviour(context) if len(head) > 1 and self.weight else ""
        if not behaviour:
            return candidates
        try:
            logits = self.judge.scores(behaviour, recipe.texts(context, head.rows), recipe.deadline / 1e3)
        except Exception as error:  # whatever a runtime raises: the list that came in is good enough
            context.notes.degraded.append(f"cross: {error}")
            return candidates
        if logits is None:
            context.notes.degraded.append(f"cross: not ready within {recipe.deadline:g} ms")
            return candidates
        order = np.argsort(-recipe.mixed(head.scores, logits, self.weight), kind="stable")
        whole = np.concatenate([order, np.arange(len(head), len(candidates))])
        moved = candidates.take(whole)
        return Candidates(rows=moved.rows, scores=candidates.scores, columns=moved.columns)


class Judge:
    """The exported network with a memory and one worker: what is late is read to the end, for the next time."""

    def __init__(self, pairs: onnx.Pairs, size: int) -> None:
        self._pairs, self._size = pairs, size
        self._known: OrderedDict[Key, float] = OrderedDict()
        self._lock = threading.Lock()
        self._free = threading.Semaphore(1)
        self._worker: ThreadPoolExecutor | None = None

    def scores(self, behaviour: str, texts: Sequence[str], seconds: float) -> Array | None:
        """A logit per text; None if they are not there in time."""
        until = time.monotonic() + seconds
        keys = [(digest(behaviour), digest(text)) for text in texts]
        found = self._remembered(keys)
        if len(found) < len(set(keys)):
            if not self._free.acquire(timeout=seconds):
                return None
            found = self._remembered(keys)  # what the worker was busy with may have been the same
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
            fresh = self._read(behaviour, missing, until)
            if fresh is None:
                return None
            found.update(fresh)
        return np.array([found[key] for key in keys], dtype=np.float32)

    def _read(self, behaviour: str, missing: dict[Key, str], until: float) -> dict[Key, float] | None:
        """Let the worker, who is free, read these; None if that takes too long."""
        if not missing:
            self._free.release()
            return {}
        try:
            self._worker = self._worker or ThreadPoolExecutor(1, thread_name_prefix="cross")
            job = self._worker.submit(self._pairs.score, behaviour, list(missing.values()))
        except BaseException:
            self._free.release()
            raise
        job.add_done_callback(lambda done: self._done(done, list(missing)))
        try:
            logits = job.result(timeout=max(until - time.monotonic(), 0.0))
        except Late:
            return None
        return dict(zip(missing, logits.tolist(), strict=True))

    def _done(self, job: "Future[Any]", keys: list[Key]) -> None:
        if not job.cancelled() and job.exception() is None:
            with self._lock:
                self._known.update(zip(keys, job.result().tolist(), strict=True))
                while len(self._known) > self._size:
                    self._known.popitem(last=False)
        self._free.release()

    def _remembered(self, keys: list[Key]) -> dict[Key, float]:
        with self._lock:
            found = {key: self._known[key] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
            return found


def standard(values: Array) -> Array:
    """Values less their mean, over their spread; zeros where all are alike."""
    found = np.asarray(values, dtype=np.float64)
    spread = found.std()
    centred: Array = (found - found.mean()) / spread if spread > 0 else np.zeros(len(found))
    return centred


def _ndcg(wanted: Array) -> float:
    """NDCG@10 of an order, of what it holds."""
    gains = 1 / np.log2(np.arange(min(len(wanted), _FADE)) + 2)
    return float(gains[wanted[:_FADE]].sum() / gains[: int(wanted.sum())].sum())

"""Smaller encoders out of larger ones: fewer layers, fewer words, and the original as a teacher.

    shrink("minilm", folder, texts=catalogue, layers=3, words=True, course=Course(epochs=3))

Layers are taken out evenly, words are those that the texts use, and what is left learns to place the texts where the
original places them (distillation: Reimers and Gurevych 2020). The outcome is a folder that `[encoder] model` can name.
"""

import json
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import UsageError
from penchant.language.course import Course, Outcome, layers, require, run
from penchant.language.sentences import saved, sentences
from penchant.text.texts import clean
from penchant.types import Array, Floats

Progress = Callable[[str, int, int], None]  # what, done, total
_HELD = 0.1  # share of the texts that choose the epoch
_SHORT = 2  # letters up to which every piece of a word is kept, so that any word can still be spelled
_AT_ONCE = 64  # texts of a forward pass without gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """A smaller encoder."""

    folder: Path
    cosine: float  # mean, of texts that it has not learned from, to the original's vectors
    layers: int
    words: int
    outcome: Outcome | None = None  # of the distillation, if there was one


def shrink(
    model: str,
    folder: Path,
    *,
    texts: Sequence[str],
    layers: int = 0,
    words: bool = False,
    course: Course | None = None,
    progress: Progress = lambda *_: None,
) -> Shrunk:
    """Make a smaller encoder below `folder`: of `layers` layers (0: all), of the words in `texts`, taught if `course`.

    Raises UsageError for a model that cannot be taken apart.
    """
    texts = list(dict.fromkeys(clean(text) for text in texts if text.strip()))
    if len(texts) < 2:
        raise UsageError(f"shrink: {len(texts)} texts; at least 2 are needed to compare the vectors of")
    student, prompts = sentences(model, texts)
    lesson = Lesson(
        model=student, texts=texts, targets=vectors(student, texts, prompts["passage"]), before=prompts["passage"]
    )
    if layers:
        keep_layers(student, layers)
    if words:
        keep_words(student, texts)
    outcome = None
    if course is not None:
        require(course)
        outcome = run(lesson, course, folder / "unfinished", progress)
        shutil.rmtree(folder / "unfinished")
    cosine = lesson.judge(student.eval())["cosine"]
    place = saved(student, folder, "shrunk")
    sizes = {"layers": len(_stack(student)), "words": student[0].model.get_input_embeddings().weight.shape[0]}
    return Shrunk(folder=place, cosine=cosine, outcome=outcome, **sizes)


def keep_layers(student: Any, count: int) -> None:
    """Keep `count` layers, evenly spread from the first to the last. Raises UsageError if there are not so many."""
    from torch.nn import ModuleList

    stack = _stack(student)
    if not 1 <= count <= len(stack):
        raise UsageError(f"shrink: {count} layers; 1 to {len(stack)} are allowed")
    kept = ModuleList([stack[place] for place in np.linspace(0, len(stack) - 1, count).round().astype(int).tolist()])
    for module in list(student.modules()):
        for name, child in module.named_children():
            if child is stack:
                setattr(module, name, kept)
    student[0].model.config.num_hidden_layers = count


def keep_words(student: Any, texts: Sequence[str]) -> None:
    """Keep the pieces of words that the texts use, and short ones, from which any other word is spelled.

    Raises UsageError for a tokenizer that is no WordPiece.
    """
    import torch
    from tokenizers import Tokenizer

    backend = student.tokenizer.backend_tokenizer
    document = json.loads(backend.to_str())
    if document["model"]["type"] != "WordPiece":
        raise UsageError(f"shrink: words of {document['model']['type']} are not pruned; WordPiece is allowed")
    old: dict[str, int] = document["model"]["vocab"]
    used = {piece for one in backend.encode_batch(list(texts)) for piece in one.tokens}
    special = {token["content"] for token in document["added_tokens"]}
    kept = [word for word in sorted(old, key=old.__getitem__) if word in used | special or len(_bare(word)) <= _SHORT]
    new = {word: place for place, word in enumerate(kept)}
    document["model"]["vocab"] = new
    for token in document["added_tokens"]:
        token["id"] = new[token["content"]]
    _renumber(document.get("post_processor") or {}, new)
    network = student[0].model
    weight = network.get_input_embeddings().weight[torch.tensor([old[word] for word in kept])].detach().clone()
    network.resize_token_embeddings(len(kept), mean_resizing=False)
    with torch.no_grad():
        network.get_input_embeddings().weight.copy_(weight)
    student.tokenizer._tokenizer = Tokenizer.from_str(json.dumps(document))
    network.config.pad_token_id = student.tokenizer.pad_token_id


def _bare(word: str) -> str:
    return word.removeprefix("##")


def _renumber(found: Any, new: dict[str, int]) -> None:
    """Give the special tokens of a post-processor, which knows them by number, their new numbers."""
    for key in ("sep", "cls"):
        if isinstance(found.get(key), list):
            found[key][1] = new[found[key][0]]
    for name, token in (found.get("special_tokens") or {}).items():
        token["ids"] = [new[name]]
    for inner in found.get("processors") or ():
        _renumber(inner, new)


def _stack(student: Any) -> Any:
    return layers(student)


@dataclass(kw_only=True)
class Lesson:
    """The task of one student: to place texts where the original places them."""

    model: Any = field(repr=False)
    texts: Sequence[str] = field(repr=False)
    targets: Floats = field(repr=False)
    before: str = ""  # said before a text
    batch: int = 32

    @property
    def batches(self) -> int:
        """In an epoch every text that is not held back is met once."""
        return max(math.ceil((len(self.texts) - self._held) / self.batch), 1)

    @property
    def _held(self) -> int:
        return max(int(len(self.texts) * _HELD), 1)

    def loss(self, model: Any, number: int) -> Any:
        """One less the mean cosine to the original's vectors."""
        import torch

        epoch, place = divmod(number, self.batches)
        order = self._held + np.random.default_rng([epoch]).permutation(len(self.texts) - self._held)
        some = order[place * self.batch : (place + 1) * self.batch]
        found = _read(model, self.model, [self.before + self.texts[row] for row in some.tolist()])
        return 1 - (found * torch.as_tensor(self.targets[some], device=found.device)).sum(dim=1).mean()

    def judge(self, model: Any) -> dict[str, float]:
        """Mean cosine to the original's vectors, of texts that were held back."""
        held = self._held
        found = vectors(self.model, self.texts[:held], self.before, model)
        return {"cosine": float((found * self.targets[:held]).sum(axis=1).mean())}


def vectors(student: Any, texts: Sequence[str], before: str, model: Any = None) -> Floats:
    """(texts × dim) unit vectors, as the student is now."""
    import torch

    parts: list[Array] = []
    with torch.no_grad():
        for start in range(0, len(texts), _AT_ONCE):
            said = [before + text for text in texts[start : start + _AT_ONCE]]
            parts.append(_read(model or student.eval(), student, said).cpu().numpy())
    found: Floats = np.concatenate(parts)
    return found


def _read(model: Any, student: Any, said: list[str]) -> Any:
    import torch

    limit = student.max_seq_length or 512
    given = student.tokenizer(said, padding=True, truncation=True, max_length=limit, return_tensors="pt")
    device = next(student.parameters()).device
    found = model({name: value.to(device) for name, value in given.items()})["sentence_embedding"]
    return torch.nn.functional.normalize(found.float(), dim=1)

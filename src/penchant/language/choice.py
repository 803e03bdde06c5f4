"""Which encoder reads: the one that the settings name, taken from the release where the release carries it.

A release carries the encoder of its catalogue as a graph in `encoder/`, so that a server needs the release alone. The
rule: what is taken from a release is the very model that the settings ask for; a folder that has changed since is not.
"""

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from penchant.errors import ArtefactError, UsageError, allowed
from penchant.language import encoders, onnx, static
from penchant.language.models import Lazy, Sentence
from penchant.language.onnx import Card, Onnx
from penchant.language.static import Static
from penchant.text.speech import Encoder

FOLDER = "encoder"  # of a release
_SERVING, _EXPORTING = ("onnxruntime", "tokenizers"), ("torch", "onnx", "onnxruntime", "tokenizers")

logger = logging.getLogger(__name__)


def nothing() -> Path | None:
    """No release."""
    return None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the settings say of the encoder, and where the release in use is."""

    model: str = "auto"
    place: str = ""  # where that model is, if it is a folder of the project
    pooling: str = "auto"
    quantise: bool = True
    key: str = ""
    timeout: float = 30.0  # seconds that a server may take for one request
    released: Callable[[], Path | None] = nothing  # folder of the release in use

    def name(self, texts: Sequence[str]) -> str:
        """The encoder's name as the settings know it, "auto" resolved by the texts' script."""
        carried = self._carried()
        return encoders.choose(texts, (carried[1].asked,) if carried else ()) if self.model == "auto" else self.model

    def load(self, name: str) -> Encoder:
        """The encoder of a name; errors as for `encoders.load`."""
        if (carried := self._carried()) and self._same(carried[1], name):
            folder, card = carried
            make = static.encoder if (folder / static.TABLE).exists() else partial(onnx.encoder, quantise=self.quantise)
            return Lazy(name=card.name, dim=card.dim, make=partial(make, folder))
        return encoders.load(self._where(name), pooling=self.pooling, key=self.key, timeout=self.timeout)

    def export(self, encoder: Encoder, asked: str, texts: Sequence[str], release: Path) -> dict[str, Any]:
        """Write an encoder into a release that is being made; returns what there is to tell of it.

        What runs without torch as it is has nothing to write. A model that cannot be exported is served as it is.
        """
        began, folder = time.perf_counter(), release / FOLDER
        try:
            card = self._exported(encoder.loaded if isinstance(encoder, Lazy) else encoder, asked, texts, folder)
        except (ArtefactError, UsageError) as error:
            logger.warning("encoder %s is not exported: %s", encoder.name, error)
            shutil.rmtree(folder, ignore_errors=True)
            return {"not exported": str(error)}
        if card is None:
            return {}
        told = {"cosine": round(card.cosine, 6), "seconds": round(time.perf_counter() - began, 1)}
        return told if card.quick is None else {**told, "cosine in 8 bits": round(card.quick, 4)}

    def _exported(self, encoder: Encoder, asked: str, texts: Sequence[str], folder: Path) -> Card | None:
        if isinstance(encoder, Static):
            return encoder.write(folder, asked)
        if isinstance(encoder, Onnx):
            shutil.copytree(encoder.folder, folder)
            return _adjusted(folder, texts, self.quantise)
        if not isinstance(encoder, Sentence):
            return None
        if missing := [package for package in _EXPORTING if find_spec(package) is None]:
            raise UsageError(f'exporting needs {allowed(missing)}: pip install "penchant[export]"')
        from penchant.language.export import export

        return export(encoder, folder, texts=texts, pooling=self.pooling, quantise=self.quantise, asked=asked)

    def _carried(self) -> tuple[Path, Card] | None:
        """Folder and card of the encoder in the release in use, if it can be read here."""
        release = self.released()
        if release is None or not (release / FOLDER).is_dir() or any(find_spec(name) is None for name in _SERVING):
            return None
        try:
            return release / FOLDER, onnx.card(release / FOLDER)
        except ArtefactError as error:
            logger.warning("the release's encoder is left aside: %s", error)
            return None

    def _same(self, card: Card, name: str) -> bool:
        """Whether a card is of the model that is wanted; a folder here may have changed, one that is gone cannot."""
        if (card.asked, card.pooling) != (name, self.pooling):
            return False
        whole = self._where(name).removeprefix(encoders.PREFIX)
        folder, table = Path(whole).expanduser(), encoders.PREFIX if name.startswith(encoders.PREFIX) else ""
        return not folder.is_dir() or table + encoders.local(folder, self.pooling) == card.name

    def _where(self, name: str) -> str:
        return self.place if self.place and name == self.model else name


def _adjusted(folder: Path, texts: Sequence[str], quantise: bool) -> Card:
    """An exported encoder with or without its 8-bit weights, as the settings want it today."""
    card = onnx.card(folder)
    if quantise == (card.quick is not None) or (quantise and find_spec("onnx") is None):
        return card
    from penchant.language.export import exact, judged

    return judged(card, folder, texts) if quantise else exact(card, folder)

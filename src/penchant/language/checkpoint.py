"""Checkpoints of a training: weights that learn, the optimizer's moments and the best weights so far, in one file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = "checkpoint.safetensors"


@dataclass(slots=True, kw_only=True)
class State:
    """Where a training stands."""

    step: int = 0  # steps done
    best: int = 0  # the epoch whose weights are kept
    seconds: float = 0.0  # taken so far
    curve: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)  # of the epoch under way


@dataclass(slots=True, kw_only=True)
class Checkpoint:
    """The file of one training, and the best weights in memory."""

    folder: Path
    names: list[str]  # of the weights that learn
    model: Any
    optimizer: Any
    best: dict[str, Any] = field(default_factory=dict)

    def remember(self) -> None:
        """Keep the weights as they are now as the best."""
        self.best = {name: weight.detach().cpu().clone() for name, weight in self._weights().items()}

    def restore(self) -> None:
        """Give the model the best weights."""
        self._give(self.best)

    def write(self, name: str, state: State) -> None:
        """Replace the file."""
        from safetensors.torch import save_file

        tensors = {f"weights/{n}": w.detach().cpu().contiguous() for n, w in self._weights().items()}
        tensors |= {f"best/{n}": w.contiguous() for n, w in self.best.items()}
        for place, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{place}/{key}": value.cpu().contiguous() for key, value in moments.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f"{FILE}.new"
        save_file(tensors, fresh, metadata={"name": name, "state": json.dumps(asdict(state))})
        fresh.replace(self.folder / FILE)

    def read(self, name: str) -> State:
        """The state that the file holds, put into model and optimizer; a fresh one if it is of another training."""
        from safetensors import safe_open

        path = self.folder / FILE
        if not path.is_file():
            return State()
        with safe_open(path, framework="pt") as file:
            told = file.metadata()
            if told["name"] != name:
                return State()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
        self._give(_under("weights/", tensors))
        self.best = _under("best/", tensors)
        moments: dict[int, dict[str, Any]] = {}
        for key, value in _under("optimizer/", tensors).items():
            place, _, what = key.partition("/")
            moments.setdefault(int(place), {})[what] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        return State(**json.loads(told["state"]))

    def remove(self) -> None:
        """Forget the file: the training is over."""
        (self.folder / FILE).unlink(missing_ok=True)

    def _weights(self) -> dict[str, Any]:
        found = dict(self.model.named_parameters())
        return {name: found[name] for name in self.names}

    def _give(self, weights: dict[str, Any]) -> None:
        import torch

        with torch.no_grad():
            for name, weight in self._weights().items():
                weight.copy_(weights[name])


def _under(prefix: str, tensors: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}

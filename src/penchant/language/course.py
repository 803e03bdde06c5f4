"""The training of a network: one loop for every fine-tune, on whatever devices accelerate finds.

Rule: what a step does depends on the seed and its number alone, so a training that was killed goes on from its last
checkpoint to the weights that it would have reached. A checkpoint is one file, replaced as a whole.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from penchant.errors import UsageError, allowed
from penchant.language.checkpoint import Checkpoint, State

Progress = Callable[[str, int, int], None]  # what, done, total
NEEDS = ("torch", "accelerate", "safetensors")
_TRACKERS = {"tensorboard": ("tensorboardX", "tensorboard"), "wandb": ("wandb",)}  # any one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a network is trained; the settings of the same names say what each is."""

    epochs: int = 3
    accumulate: int = 1
    rate: float = 5e-5
    warmup: float = 0.1
    patience: int = 2
    layers: int = 0
    lora: int = 0
    precision: str = "auto"
    every: float = 300.0
    track: str = "none"
    seed: int = 0


class Task(Protocol):
    """What is learned: batches by number, and how good it is."""

    @property
    def model(self) -> Any:
        """The torch module."""
        ...

    @property
    def batches(self) -> int:
        """Batches of one epoch."""
        ...

    def loss(self, model: Any, number: int) -> Any:
        """The loss of batch `number`, which is the same whenever it is asked."""
        ...

    def judge(self, model: Any) -> dict[str, float]:
        """Measures on what is not learned from; the first is the one that counts, higher is better."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a training; the model holds its best weights."""

    curve: tuple[Mapping[str, float], ...]  # by epoch: epoch, loss, the measures, seconds; epoch 0 is before training
    best: int  # the epoch that is kept
    seconds: float
    resumed: int = field(default=0)  # steps that an earlier run had done


def run(task: Task, course: Course, folder: Path, progress: Progress) -> Outcome:
    """Train the task's model, going on from a checkpoint in `folder` if there is one of the same training.

    Raises UsageError if a library is missing.
    """
    import torch

    require(course)
    accelerator = _accelerator(course, folder)
    names = prepare(task.model, course)
    weights = [p for p in task.model.parameters() if p.requires_grad]
    made = torch.optim.AdamW(weights, lr=course.rate, weight_decay=0.01)
    model, optimizer = accelerator.prepare(task.model, made)
    store = Checkpoint(folder=folder, names=names, model=accelerator.unwrap_model(model), optimizer=made)
    walk = _Walk(task=task, course=course, accelerator=accelerator, model=model, optimizer=optimizer, store=store)
    return walk.to_the_end(progress)


def require(course: Course) -> None:
    """Raise UsageError if a library that the course needs is not there."""
    missing = [name for name in (*NEEDS, *(("peft",) if course.lora else ())) if find_spec(name) is None]
    if missing:
        raise UsageError(f'fine-tuning needs {allowed(missing)}, not installed: pip install "penchant[finetune]"')
    choice = _TRACKERS.get(course.track, ())
    if choice and all(find_spec(name) is None for name in choice):
        raise UsageError(f'track = "{course.track}" needs {choice[0]}, which is not installed: pip install {choice[0]}')


def _accelerator(course: Course, folder: Path) -> Any:
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()  # one process may train several networks, each with its own precision
    accelerator = Accelerator(
        mixed_precision=_precision(course.precision),
        gradient_accumulation_steps=course.accumulate,
        log_with=None if course.track == "none" else course.track,
        project_dir=str(folder),
    )
    if course.track != "none":
        accelerator.init_trackers("penchant")
    return accelerator


def _precision(wanted: str) -> str:
    import torch

    if wanted != "auto":
        return "no" if wanted == "fp32" else wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    known: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return "bf16" if known.get("avx512_bf16") or known.get("amx_bf16") else "no"


def prepare(model: Any, course: Course) -> list[str]:
    """Let only what should learn learn: adapters, the top layers, or everything; returns the names of its weights."""
    if course.lora:
        _adapt(model, course.lora)
    elif course.layers:
        model.requires_grad_(False)
        for layer in layers(model)[-course.layers :]:
            layer.requires_grad_(True)
        for name, weight in model.named_parameters():
            weight.requires_grad_(weight.requires_grad or name.startswith(("head", "classifier")))
    return [name for name, weight in model.named_parameters() if weight.requires_grad]


def _adapt(model: Any, rank: int) -> None:
    """Put LoRA adapters beside every linear layer of the transformer (Hu et al. 2022)."""
    from peft import LoraConfig, inject_adapter_in_model

    inside = layers(model)
    own = [name for name, module in inside[0].named_modules() if type(module).__name__ in ("Linear", "Conv1D")]
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=own), model)
    for name, weight in model.named_parameters():
        weight.requires_grad_("lora_" in name or name.startswith(("head", "classifier")))


def merge(model: Any) -> None:
    """Fold the adapters into the weights they stand beside."""
    from peft.tuners.lora import LoraLayer

    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLayer):
                child.merge()
                setattr(parent, name, child.get_base_layer())


def layers(model: Any) -> Any:
    """The transformer's layers, first to last. Raises UsageError if the model has none that can be told."""
    from torch.nn import ModuleList

    found = [module for module in model.modules() if isinstance(module, ModuleList) and len(module)]
    whole = [stack for stack in found if all(type(layer) is type(stack[0]) for layer in stack)]
    if not whole:
        raise UsageError("fine-tuning: the model has no stack of layers; layers = 0 and lora = 0 are allowed")
    return max(whole, key=lambda stack: sum(weight.numel() for weight in stack.parameters()))


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One training on its way."""

    task: Task
    course: Course
    accelerator: Any
    model: Any
    optimizer: Any
    store: Checkpoint
    losses: list[float] = field(default_factory=list)

    def to_the_end(self, progress: Progress) -> Outcome:
        state = self.store.read(self._name())
        resumed, began = state.step, time.perf_counter() - state.seconds
        per = max(self.task.batches // self.accelerator.num_processes, 1)
        total, saved = per * self.course.epochs, time.perf_counter()
        if not state.curve:
            self._look(state, 0, began)
        while state.step < total and not self._tired(state):
            progress("fine-tune", state.step, total)
            state.losses.append(self._step(state.step, total))
            state.step += 1
            if state.step % per == 0:
                self._look(state, state.step // per, began)
            if time.perf_counter() - saved > self.course.every and state.step % self.course.accumulate == 0:
                self._save(state, began)
                saved = time.perf_counter()
        progress("fine-tune", total, total)
        return self._done(state, resumed, began)

    def _done(self, state: State, resumed: int, began: float) -> Outcome:
        self._save(state, began)
        self.accelerator.wait_for_everyone()
        self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        self.store.restore()
        if self.course.track != "none":
            self.accelerator.end_training()
        if self.course.lora:
            merge(self.task.model)
        seconds = time.perf_counter() - began
        return Outcome(curve=tuple(state.curve), best=state.best, seconds=seconds, resumed=resumed)

    def _step(self, step: int, total: int) -> float:
        import torch

        self.model.train()
        number = step * self.accelerator.num_processes + self.accelerator.process_index
        torch.manual_seed(self.course.seed * 1_000_003 + number)  # what falls out is of this step, not of those before
        for group in self.optimizer.param_groups:
            group["lr"] = self.course.rate * pace(step, total, self.course.warmup)
        with self.accelerator.accumulate(self.model):
            loss = self.task.loss(self.model, number)
            self.accelerator.backward(loss)
            if self.accelerator.sync_gradients:
                self.accelerator.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
        found = float(loss.detach())
        if self.course.track != "none":
            self.accelerator.log({"loss": found}, step=step)
        return found

    def _look(self, state: State, epoch: int, began: float) -> None:
        """Judge the weights as they are, and keep them if they are the best so far."""
        import torch

        self.model.eval()
        with torch.no_grad():
            measures = self.task.judge(self.accelerator.unwrap_model(self.model))
        loss = sum(state.losses) / len(state.losses) if state.losses else float("nan")
        state.losses.clear()
        seconds = round(time.perf_counter() - began, 1)
        state.curve.append({"epoch": epoch, "loss": loss, **measures, "seconds": seconds})
        first = next(iter(measures))
        if epoch == 0 or measures[first] > state.curve[state.best][first]:
            state.best = epoch
            self.store.remember()
        if self.course.track != "none":
            self.accelerator.log(measures, step=state.step)

    def _tired(self, state: State) -> bool:
        return len(state.curve) - 1 - state.best >= self.course.patience

    def _save(self, state: State, began: float) -> None:
        state.seconds = time.perf_counter() - began
        if self.accelerator.is_main_process:
            self.store.write(self._name(), state)

    def _name(self) -> str:
        """What must be the same for a checkpoint to be gone on from."""
        return json.dumps([repr(self.course), repr(self.task), self.accelerator.num_processes])


def pace(step: int, total: int, warmup: float) -> float:
    """The share of the learning rate: a line up, then a line down to zero."""
    up = max(round(total * warmup), 1)
    return (step + 1) / up if step < up else (total - step) / max(total - up, 1)

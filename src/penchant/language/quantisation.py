"""Eight bits for the weights of a graph: whole numbers per output channel, activations evened out on real texts first.

A few channels of a transformer's activations are a hundred times larger than the others, and one scale for all leaves
those no steps. So each channel is divided by what texts were seen to need and its weights multiplied by it, which
changes nothing in exact arithmetic (SmoothQuant: Xiao et al. 2023, equation 4).
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from penchant.types import Array, Floats

_MIGRATION = 0.65  # share of the unevenness that moves into the weights; of 0.3 to 1 this kept the most (record 0019)
_FAINT = 1e-5


def quantise(source: Path, target: Path, feeds: Sequence[Mapping[str, Array]]) -> None:
    """Write `source` with 8-bit weights to `target`; `feeds` are inputs of the graph to measure activations on."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.onnx_model import ONNXModel

    products = ONNXModel(onnx.load(source))
    products.replace_gemm_with_matmul()  # as GPT-2 has them
    model = products.model
    _even(model, _uses(model), _largest(model, feeds))
    aside = target.with_suffix(".even")
    onnx.save(model, aside)
    try:
        with silent():
            quantize_dynamic(
                aside,
                target,
                per_channel=True,
                weight_type=QuantType.QInt8,
                op_types_to_quantize=["MatMul"],
                extra_options={"MatMulConstBOnly": True},
            )
    finally:
        aside.unlink()


def _uses(model: Any) -> dict[str, list[Any]]:
    """Activation → the products it enters with constant weights."""
    weights = {w.name for w in model.graph.initializer if len(w.dims) == 2}
    uses: dict[str, list[Any]] = {}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            uses.setdefault(node.input[0], []).append(node)
    return uses


def _largest(model: Any, feeds: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Activation → the largest size of each of its channels over the texts, padding aside."""
    import onnx
    import onnxruntime

    probe, names = onnx.ModelProto(), list(_uses(model))
    probe.CopyFrom(model)
    for name in names:
        probe.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    if not names:
        return {}
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 3
    session = onnxruntime.InferenceSession(probe.SerializeToString(), quiet, providers=["CPUExecutionProvider"])
    largest: dict[str, Array] = {}
    for feed in feeds:
        found = session.run(names, {i.name: feed[i.name] for i in session.get_inputs()})
        said = feed["attention_mask"].astype(bool)
        for name, values in zip(names, found, strict=True):
            size = np.abs(values[said] if values.shape[:2] == said.shape else values.reshape(-1, values.shape[-1]))
            largest[name] = np.maximum(largest.get(name, 0.0), size.max(axis=0))
    return largest


def _even(model: Any, uses: Mapping[str, list[Any]], largest: Mapping[str, Array]) -> None:
    """Divide the activations by channel, multiply the weights behind them."""
    from onnx import helper, numpy_helper

    weights = {w.name: w for w in model.graph.initializer}
    order = {id(node): place for place, node in enumerate(model.graph.node)}
    added: list[tuple[int, Any]] = []
    for name, nodes in uses.items():
        tables = {node.input[1]: numpy_helper.to_array(weights[node.input[1]]) for node in nodes}
        scale = _scale(largest[name], np.max([np.abs(table).max(axis=1) for table in tables.values()], axis=0))
        for key, table in tables.items():
            weights[key].CopyFrom(numpy_helper.from_array(table * scale[:, None], key))
        model.graph.initializer.append(numpy_helper.from_array(1 / scale, f"{name}/by"))
        division = helper.make_node("Mul", [name, f"{name}/by"], [f"{name}/even"], name=f"{name}/even")
        added.append((min(order[id(node)] for node in nodes), division))
        for node in nodes:
            node.input[0] = f"{name}/even"
    for place, division in sorted(added, key=lambda entry: -entry[0]):
        model.graph.node.insert(place, division)


def _scale(activations: Array, weights: Array) -> Floats:
    """What each channel is divided by: s = max|X|^α / max|W|^(1 − α), about 1 in the middle."""
    scale = np.maximum(activations, _FAINT) ** _MIGRATION / np.maximum(weights, _FAINT) ** (1 - _MIGRATION)
    found: Floats = np.clip(scale / np.exp(np.log(scale).mean()), 1e-4, 1e4).astype(np.float32)
    return found


@contextmanager
def silent() -> Iterator[None]:
    """Keep the advice of exporters and quantisers off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)

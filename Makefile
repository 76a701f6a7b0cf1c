# Two commands set everything up from nothing: `make demo` and `make test`.

PYTHON ?= python3
# For another build of torch, e.g. TORCH_PIP_ARGS="--index-url URL" (see README, Installing).
TORCH_PIP_ARGS ?=
TORCH := $(shell grep '^torch==' constraints.txt)
# Installed with --no-deps, since they declare far more than is used: of aeon only files of data,
# of neurobench only its metrics.
PEERS := $(shell grep -E '^(aeon|neurobench|norse|rockpool|sinabs|snntorch|spikingjelly|spyx)==' constraints.txt)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: demo test test-slow check format lava clean

demo: $(VENV)/.installed
	$(BIN)/spikeport run digits -o runs/digits

test: $(VENV)/.dev-installed lava
	$(BIN)/python -m pytest -m "not slow and not gpu"

test-slow: $(VENV)/.dev-installed lava
	$(BIN)/python -m pytest -m "slow and not gpu"

check: $(VENV)/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev-installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lava: $(VENV)/.installed
	$(BIN)/spikeport lava install

clean:
	rm -rf $(VENV) runs

# torch first and pinned: any later resolution would choose its own build of it.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH_PIP_ARGS) $(TORCH)
	$(PIP) --editable .
	touch $@

$(VENV)/.dev-installed: $(VENV)/.installed
	$(PIP) --editable '.[dev,peers]'
	$(PIP) --no-deps $(PEERS)
	touch $@

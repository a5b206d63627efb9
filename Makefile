# Every command of the project; `make` alone lists them. Needs python3 (3.11 or newer) and make, nothing else.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
WARMED := .venv/.warmed
BENCH := .venv/.bench
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PYTEST := $(BIN)/python -m pytest -q
HISTORIES ?= 20000
FIRST ?= 0
COMPILED_SOURCES := $(wildcard rebal_kit/compiled.py rebal_kit/metrics.py rebal_kit/domain.py rebal_kit/rules/* rebal_kit/engine/*.py)
TWO_DOORS := $(wildcard tests/rules tests/engine)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check test-compiled test-interpreted test-bounds test-browser fuzz test-notebooks bench notebooks lab app schemas lock format clean
# One thing after another: the steps print as they go and the tests use all cores by themselves.
.NOTPARALLEL:

help: ## list these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(WARMED) ## create .venv, install the locked packages, compile; costs nothing the second time

demo: setup ## compare rebalancing rules on real history: a table here, charts in build/comparison.html
	$(BIN)/rebal demo

test: setup check test-compiled test-interpreted test-bounds test-notebooks ## everything that must hold; what CI runs

check: $(INSTALLED) ## lint, formatting, who imports whom, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m mypy

test-compiled: $(INSTALLED) ## the tests, on machine code
	$(PYTEST) -n auto --dist loadfile --ignore=tests/browser

test-interpreted: $(INSTALLED) ## rules and engine again, as plain Python
	NUMBA_DISABLE_JIT=1 $(PYTEST) -n auto --dist loadfile $(TWO_DOORS)

test-bounds: $(INSTALLED) ## the engine again, with every array index checked
	NUMBA_BOUNDSCHECK=1 $(PYTEST) -n auto --dist loadfile tests/engine

fuzz: $(INSTALLED) ## 20,000 random households against the exact ledger, on all cores; FIRST=seed starts elsewhere
	$(BIN)/python -m tests.public.fuzz $(HISTORIES) $(FIRST)

test-browser: $(INSTALLED) ## the studio in a browser; needs chromium (Debian: apt-get install chromium)
	$(PYTEST) tests/browser

test-notebooks: $(INSTALLED) ## re-run the notebooks and compare their key figures
	$(PYTEST) -n auto --dist loadfile --nbval-lax --nbval-current-env notebooks

bench: setup $(BENCH) ## measure beside vectorbt and bt: a table here, build/bench.json
	$(BIN)/python -m benchmarks

notebooks: setup ## re-execute the notebooks and store their output
	REBAL_STILL=1 $(BIN)/python -m nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False \
		--ExecutePreprocessor.store_widget_state=False notebooks/*.ipynb

lab: setup ## open JupyterLab on the notebooks
	$(BIN)/rebal lab

app: setup ## open the tuning studio as a page in the browser; nothing in it needs a network
	$(BIN)/rebal app

schemas: $(INSTALLED) ## write the JSON schemas by which editors check household and policy files
	$(BIN)/python -m rebal_kit.files.schema

lock: ## renew requirements.lock and requirements-bench.lock from pyproject.toml (needs uv)
	uv pip compile -q --universal --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--python-version 3.11 --extra all --group dev pyproject.toml -o requirements.lock
	uv pip compile -q --universal --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--python-version 3.11 --extra bench -c requirements.lock pyproject.toml -o requirements-bench.lock

format: $(INSTALLED) ## put the code into its standard form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what was made, except .venv
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "rebal_kit needs Python 3.11 or newer, but '$(PYTHON)' is `$(PYTHON) --version 2>&1`."; \
		echo "Name a newer one: make PYTHON=python3.12 $(or $(MAKECMDGOALS),setup)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot create environments: its venv module is missing."; \
		echo "On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || { rm -rf .venv; $(PYTHON) -m venv .venv; }
	@echo "Installing the packages of requirements.lock into .venv (1.1 GB; one to three minutes) …"
	@$(PIP) install --quiet --no-deps -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(WARMED): $(INSTALLED) $(COMPILED_SOURCES)
	@echo "Compiling the engine (under a minute, once) …"
	@$(BIN)/rebal warm
	@touch $@

$(BENCH): requirements-bench.lock $(INSTALLED)
	@echo "Installing what only the benchmarks need …"
	@$(PIP) install --quiet --no-deps -r requirements-bench.lock
	@touch $@

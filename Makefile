.DEFAULT_GOAL := help
VENV := .venv
PYTHON := $(VENV)/bin/python
PY ?= python3
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
export CHROMIUM
export OPENBLAS_NUM_THREADS := 1 # small matrices: more threads only spin

.PHONY: help install demo test mutants fuzz lint types bench wheel dist gold shots vega samples clean scripts docs

help: ## what can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(PYTHON):
	$(PY) -m venv $(VENV)

$(VENV)/.installed: setup.cfg pyproject.toml | $(PYTHON)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

$(VENV)/.linted: $(VENV)/.installed
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[lint]'
	@touch $@

install: $(VENV)/.installed ## set up .venv with reportgen in it

demo: install ## render sample_runs/ to build/report.html and build/comparison.html
	@mkdir -p build
	@$(VENV)/bin/reportgen report sample_runs/gsm8k-grpo-1hour/trial1109_1 -o build/report.html --quiet
	@$(VENV)/bin/reportgen report sample_runs --reference trial1109_2 -o build/comparison.html --quiet
	@echo "one run:   $(CURDIR)/build/report.html"
	@echo "six runs:  $(CURDIR)/build/comparison.html"

test: $(VENV)/.tested chromium ## set up what tests need, Chromium included, and run them
	$(PYTHON) -m pytest -n auto --dist loadfile $(if $(COVERAGE),--cov=reportgen --cov-branch --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE))

chromium: # Debian's browser where there is none
	@if [ -z "$(CHROMIUM)" ]; then sh tests/install_chromium.sh; fi

lint: $(VENV)/.linted scripts ## ruff, and eslint over the page's scripts (needs npm)
	$(PYTHON) -m ruff check .

scripts: tests/lint/node_modules
	node tests/lint/scripts.mjs charts pointing view report tables

tests/lint/node_modules: tests/lint/package-lock.json
	cd tests/lint && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

types: $(VENV)/.linted ## mypy
	$(VENV)/bin/mypy

mutants: $(VENV)/.tested chromium ## put small faults into the code, and see that tests fail (ROOMS="signals render")
	$(PYTHON) -m tests.mutants $(ROOMS)

fuzz: $(VENV)/.tested ## break inputs by chance, through to the page, for SECONDS=600
	$(PYTHON) -m tests.fuzz --seconds $(or $(SECONDS),600)

bench: $(VENV)/.tested ## every benchmark, ratios taken in one run
	$(PYTHON) -m benchmarks

$(VENV)/.docs: $(VENV)/.installed
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

docs: $(VENV)/.docs demo ## the docs as a site in build/docs/, links checked, with example pages
	$(PYTHON) -m mkdocs build --quiet --strict
	@mkdir -p build/docs/gallery
	@cp build/report.html build/docs/gallery/run.html
	@cp build/comparison.html build/docs/gallery/comparison.html
	@$(VENV)/bin/reportgen report sample_runs/gsm8k-grpo-1hour/trial1109_1 --anonymous -o build/docs/gallery/anonymous.html --quiet
	@echo "docs:      $(CURDIR)/build/docs/index.html"

wheel: $(VENV)/.tested ## build the wheel, install it on each Python that is there, render there
	REPORTGEN_PYTHONS="$$(for v in 11 12 13 14; do for p in python3.$$v $$HOME/.pyenv/versions/3.$$v.*/bin/python; do \
	  $$p -c 'import sys; print(sys.executable)' 2>/dev/null && break; done; done)" $(PYTHON) -m pytest -q tests/test_wheel.py

dist: $(VENV)/.tested ## build dist/reportgen_rl-*.whl
	$(PYTHON) -m build --wheel --outdir dist .

gold: $(VENV)/.tested ## rewrite what the sample reports should say
	$(PYTHON) -m pytest -q tests/test_gold.py --rewrite-gold

shots: $(VENV)/.tested chromium ## pictures of the pages for README and docs
	$(PYTHON) -m tests.shots docs/pictures build/shots

samples: $(VENV)/.tested ## make sample_runs/ anew
	$(PYTHON) sample_runs/make.py

vega: ## build the vendored Vega runtime anew (needs npm)
	cd templates/vega && npm ci --ignore-scripts --no-audit --no-fund && npm run build

clean: ## remove what was made here
	rm -rf $(VENV) build dist *.egg-info

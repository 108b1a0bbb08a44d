# Every target does its own set-up from a clean clone; it needs python3 (3.11 or newer, with venv),
# make and git. Stamps in .venv tell what is already done, so that a second run starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install -q
EXAMPLE := examples/fleet/auditor.yaml

export PIP_DISABLE_PIP_VERSION_CHECK := 1
.DEFAULT_GOAL := help
.PHONY: help demo test lint e2e second-opinion bench lock docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s  %s\n", $$1, $$2 }' Makefile

# It answers 3 where something could not be audited, and the fleet has such a gap: no breakdown.
demo: $(VENV)/.project ## Audit a simulated fleet of six clusters (installs the runtime set only)
	@$(BIN)/exposure-auditor demo --once || [ $$? -eq 3 ]

test: $(VENV)/.dev $(VENV)/.project ## Run the tests (ARGS="-k words" narrows them)
	@$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(VENV)/.dev $(VENV)/.project ## Check style, types and the floors
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint Dockerfile

# The wheel alone, in an environment that never saw this tree: it must carry all its data files.
e2e: $(VENV)/.dev $(VENV)/.project ## Use the built wheel as a stranger would, then run the e2e tests
	@sh tools/e2e-packages.sh
	@set -eu; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w "$$tmp" .; \
	$(BIN)/python -m venv "$$tmp/venv"; \
	"$$tmp/venv/bin/python" $(PIP_INSTALL) --require-hashes -r requirements/runtime.txt; \
	"$$tmp/venv/bin/python" $(PIP_INSTALL) --no-deps --no-index "$$tmp"/*.whl; \
	"$$tmp/venv/bin/exposure-auditor" --version; \
	"$$tmp/venv/bin/exposure-auditor" audit --config $(EXAMPLE) --format json \
		--output "$$tmp/audit.json" || [ $$? -eq 3 ]; \
	"$$tmp/venv/bin/python" -I -c 'import json, pathlib, sys, auditor; \
		assert auditor.__file__.startswith(sys.prefix), auditor.__file__; \
		clusters = json.loads(pathlib.Path(sys.argv[1]).read_bytes())["clusters"]; \
		assert clusters, "the example fleet is empty"; \
		print("clusters audited by the installed wheel:", len(clusters))' "$$tmp/audit.json"; \
	"$$tmp/venv/bin/exposure-auditor" db upgrade --database "sqlite:///$$tmp/auditor.db"; \
	"$$tmp/venv/bin/exposure-auditor" db check --database "sqlite:///$$tmp/auditor.db"; \
	$(BIN)/python -m pytest -m e2e tests/e2e

# Another analyser, in an environment of its own: its pins are not ours to share.
second-opinion: $(VENV)/.dev $(VENV)/.project $(VENV)/.second-opinion ## Hold reachability against np-guard's analyser
	@EXPOSURE_AUDITOR_NCA=$(VENV)/second-opinion/bin/nca \
		$(BIN)/python -m pytest -m second_opinion tests/secondopinion

bench: $(VENV)/.dev $(VENV)/.project ## Measure
	@$(BIN)/python -m benchmarks

docs: $(VENV)/.dev $(VENV)/.project ## Write the generated pages and the ClusterRole anew
	@$(BIN)/python -m tools.docs
	@$(BIN)/python -m tools.role

# The runtime pins bind the development ones. No lock may name an index or a download address.
COMPILE = $(BIN)/uv pip compile -q --no-config --generate-hashes --no-header --universal \
	--python-version 3.11 $(if $(UPGRADE),--upgrade) pyproject.toml

CLOUDS = --extra aws --extra azure --extra google

COMPILE_OTHERS = $(BIN)/uv pip compile -q --no-config --generate-hashes --no-header --universal \
	--python-version 3.11 $(if $(UPGRADE),--upgrade) -

lock: $(VENV)/.dev ## Write requirements/ anew (UPGRADE=1 takes newer versions)
	@$(COMPILE) --group build -o requirements/runtime.txt >/dev/null
	@$(COMPILE) $(CLOUDS) --group dev -c requirements/runtime.txt -o requirements/dev.txt >/dev/null
	@$(COMPILE) $(CLOUDS) --group build -c requirements/runtime.txt -o requirements/clouds.txt >/dev/null
	@echo network-config-analyzer | $(COMPILE_OTHERS) -o requirements/second-opinion.txt >/dev/null
	@! grep -n '://' requirements/*.txt

clean: ## Remove the environment, caches and built files
	@rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) is not there: install Python 3.11 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is older than 3.11: name a newer one with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) lacks venv: install Debian's package python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements/runtime.txt $(VENV)/.python
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/.second-opinion: requirements/second-opinion.txt $(VENV)/.python
	@$(BIN)/python -m venv $(VENV)/second-opinion
	@$(VENV)/second-opinion/bin/python $(PIP_INSTALL) --require-hashes -r $<
	@touch $@

# The project itself, editable; the runtime set holds what builds it.
$(VENV)/.project: pyproject.toml $(VENV)/.runtime
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

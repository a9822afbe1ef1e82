# Everyday commands. Each makes .venv first if it is missing or out of date.

PY := .venv/bin/python
BIN := .venv/bin

.PHONY: help setup run test check lint types layers shell fmt bench soak mutants lock ci clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## .venv from the lock, members editable, missing programs
	@.ci/setup

run: setup ## the demo: a household, its decisions, the mirror, the researcher
	$(BIN)/bitgrid run --demo

test: setup ## all tests but the slow ones
	$(PY) -m pytest -m "not slow and not soak"

check: lint types layers shell ## lint, format, types, layers, shell

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports --no-logo

shell: setup
	@if command -v shellcheck >/dev/null; then shellcheck .ci/*; \
	else echo "shellcheck is not here: skipped"; fi

fmt: setup ## format, and fix what can be fixed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: setup ## speed and memory, beside their limits
	$(PY) tests/bench/run.py

soak: setup ## 10,000 house-days of the whole edge with faults; goes on where it was interrupted
	$(PY) tests/soak/edge.py

mutants: setup ## whether the tests notice changes of the deciding code
	$(PY) tests/mutation/run.py

lock: setup ## renew the locks; UPGRADE=--upgrade takes new versions
	.ci/lock

ci: ## what a change must pass
	.ci/run

clean: ## remove what the commands above made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

PYTHON ?= python3
BIN := .venv/bin

.PHONY: grid test check report clean

grid: .venv/installed  ## the main job: train, score, tables, figures, report
	$(BIN)/python run_all.py --grid

test: .venv/installed check  ## everything that CI checks
	$(BIN)/python -m pytest

check: .venv/installed  ## lint, format and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

report: .venv/installed  ## every report again, from what was measured
	$(BIN)/python run_all.py --report

clean:  ## removes the environment, never results
	rm -rf .venv

# The versions of the published study, so that its numbers come back.
.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev,study]'
	touch $@

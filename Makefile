PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_OPTIONS ?=

.PHONY: grid test test-faults check check-script report clean

grid: $(VENV)/installed  ## the main job: train, score, tables, figures, report
	$(BIN)/python run_all.py --grid

test: check  ## everything that CI checks
	$(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder $(PYTEST_OPTIONS)

check: $(VENV)/installed  ## lint, format, strict types, and imports that go one way
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check-script:  ## types of the explorer's script; needs Node.js, and downloads TypeScript
	npx --yes --package typescript@5 tsc --project bench/explorer/script/jsconfig.json

test-faults: $(VENV)/installed  ## kills, full disks, damaged files and hostile input: minutes
	$(BIN)/python -m pytest -n logical --maxschedchunk 1 --durations=10 tests/faults.py

report: $(VENV)/installed  ## every report again, from what was measured
	$(BIN)/python run_all.py --report

clean:  ## removes the environment, never results
	rm -rf $(VENV)

# With the versions of the published study, so that its numbers come back.
$(VENV)/installed: pyproject.toml results/full/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --constraint results/full/constraints.txt --editable '.[dev]'
	touch $@

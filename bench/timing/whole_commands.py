"""Time and memory of whole commands, each in a new process; and all measures of the harness, by name."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.core.program import environment, invocation
from bench.store.store import Store
from bench.timing.harness import Pairs, Setting, scoring, seconds, step, training, tutorial
from bench.timing.synthetic_store import make


class NotNow(RuntimeError):
    """A figure that cannot be measured yet; the message says what is needed."""


def workers(setting: Setting) -> Iterator[Pairs]:
    """Seconds of the same `quick` grid by two workers and by one."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        two = _seconds("--grid", "--jobs", "2", "--results", first)
        yield {"workers": (two, _seconds("--grid", "--jobs", "1", "--results", second))}


def starting(setting: Setting) -> Iterator[Pairs]:
    """Seconds of `--help`, of a run with nothing to do, and of importing torch."""
    study = setting.results / "full"
    if not study.is_dir():
        raise NotNow(f"needs the whole study, and there is no {study}; leave out --results, or measure it there")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(study, Path(folder) / "full", ignore=shutil.ignore_patterns("weights*"))
        grid = ("--grid", "--profile", "full", "--results", folder)
        planned = _run(*grid, "--dry-run").stdout
        if "\n0 experiments to measure" not in f"\n{planned}":
            raise NotNow(f"needs the whole study; measure it with: {invocation()} --grid --profile full")
        _run(*grid)  # figures may be older than the code that draws them
        for _ in range(min(setting.repeats, 7)):
            torch_alone = seconds(lambda: subprocess.run([sys.executable, "-c", "import torch"], check=True))
            yield {"help": (_seconds("--help"), 0.0), "idle": (_seconds(*grid), torch_alone)}


def report(setting: Setting) -> Iterator[Pairs]:
    """Seconds and peak MiB of `--report`, figures included, on a small and a large made-up store."""
    costs = []
    for experiments in setting.stores:
        with tempfile.TemporaryDirectory() as folder:
            make(Store(Path(folder) / "quick"), experiments)
            started = time.perf_counter()
            measured = _run("--report", "--results", folder, peak=True)
            costs.append((time.perf_counter() - started, float(measured.stdout.split()[-1])))
    (few, little), (many, much) = costs
    yield {"report": (many, few), "growth": (many, few), "memory": (much, little)}


# Runs a command and prints its peak memory in MiB; small, since a child starts with the peak of its parent.
PEAK = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
sys.exit(status)
"""


def _run(*arguments: str, peak: bool = False) -> subprocess.CompletedProcess[str]:
    command = [*([sys.executable, "-c", PEAK] if peak else []), sys.executable, "-m", "bench.cli.main", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        raise RuntimeError(
            f"run_all.py {' '.join(arguments)} ended with status {done.returncode}:\n{done.stderr[-2000:]}"
        )
    return done


def _seconds(*arguments: str) -> float:
    return seconds(lambda: _run(*arguments))


# In the order of what they take, so that the first figures come soon.
MEASURES: dict[str, Callable[[Setting], Iterator[Pairs]]] = {
    **{"scoring": scoring, "starting": starting, "step": step, "training": training},
    **{"report": report, "tutorial": tutorial, "workers": workers},
}

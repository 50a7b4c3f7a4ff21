"""What is to be timed, and the timing of it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from architectures import DENOISERS
from bench.core.conditions import Conditions, conditions
from bench.lookup.denoisers import missing_package, parameters
from bench.store.store import Store
from bench.timing.harness import THREADS, Pairs, Setting, scoring, step, training, tutorial
from bench.timing.latency import measure
from bench.timing.targets import Speed
from bench.timing.whole_commands import report, starting, workers

# In the order of what they take, so that the first figures come soon.
MEASURES: dict[str, Callable[[Setting], Iterator[Pairs]]] = {
    "scoring": scoring,
    "starting": starting,
    "step": step,
    "training": training,
    "report": report,
    "tutorial": tutorial,
    "workers": workers,
}


def pending_latencies(store: Store, names: Sequence[str] | None, device: str, refresh: bool) -> list[str]:
    """Denoisers that were not timed on this machine, by default all that can be built.

    Raises:
        UnknownName, ValueError: one that is named is unknown, or lacks its package.
    """
    wanted = list(names or (name for name in DENOISERS if not missing_package(name)))
    for name in wanted:
        parameters(name, ())
    return _pending(store, "latency", wanted, conditions(device, 1), refresh)


def pending_speeds(store: Store, device: str, refresh: bool) -> list[str]:
    return _pending(store, "speed", list(MEASURES), conditions(device, THREADS), refresh)


def _pending(store: Store, kind: str, names: Sequence[str], now: Conditions, refresh: bool) -> list[str]:
    """A timing from another machine or other versions is none of this one."""
    there = {name for name, values in store.timings(kind).items() if values["conditions"] == now.as_json()}
    return [name for name in names if refresh or name not in there]


def latency(name: str, device: str, plugins: Sequence[Path]) -> dict[str, Any]:
    """Times one denoiser; values to keep."""
    rows = measure(name, device, plugins)
    return {"rows": [row.as_json() for row in rows], "conditions": conditions(device, 1).as_json()}


def harness(name: str, results: Path, device: str) -> dict[str, Any]:
    """Takes one measure of the harness; values to keep: by claim, the pairs of all runs."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for run in MEASURES[name](Setting(results.resolve(), device)):
        for claim, pair in run.items():
            pairs.setdefault(claim, []).append(pair)
    return Speed({claim: tuple(runs) for claim, runs in pairs.items()}, conditions(device, THREADS)).as_json()

"""Stores of synthetic results, of any size, to measure how the report scales."""

from collections.abc import Iterator

import numpy as np

from bench.core.conditions import Machine, Provenance, Seconds
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST
from bench.core.results import ROWS, Progress, Restored
from bench.core.tasks import Result, Section, Task
from bench.core.variance import Range
from bench.metrics import METRICS
from bench.store.store import Store

DENOISERS = ("conv_autoencoder", "deep_autoencoder", "unet")
SEEDS = 10
IMAGES = 100
MEASURED = Provenance(Machine("3", "2", "cpu", 1), 1000, blind=True, kin="", seconds=Seconds(), sources={})
VARIANCES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def make(store: Store, experiments: int) -> None:
    """Fills a store as a study of ten seeds would: fixed training variances first, then ever wider ranges."""
    rng = np.random.default_rng(0)
    protocol = Protocol("mnist", "gaussian", VARIANCES, tuple(METRICS), IMAGES)
    made = tuple(_experiments(experiments))
    store.ask(Section("grid", protocol, made))
    pictures = rng.integers(0, 256, (4, 28, 28), np.uint8)
    rows = [Progress((row + 1) / ROWS, 1 / (row + 1), 0.1 if row == ROWS - 1 else None) for row in range(ROWS)]
    for experiment in made:
        values = {metric: rng.normal(0.5, 0.1, IMAGES) for metric in protocol.metrics}
        restored = [(protocol, Restored(variance, values, pictures, pictures)) for variance in VARIANCES]
        store.keep(Result(Task(experiment, ()), rows, None, restored, MEASURED))


def _experiments(count: int) -> Iterator[Experiment]:
    for index in range(count // SEEDS):
        step = index // len(DENOISERS)
        fixed = step < len(VARIANCES)
        variance = Range(VARIANCES[step], VARIANCES[step]) if fixed else Range(0.001, 0.001 * step)
        for seed in range(SEEDS):
            yield Experiment(DENOISERS[index % len(DENOISERS)], (), "mnist", "gaussian", variance, FAST, seed)

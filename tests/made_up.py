"""Made-up results with known answers: samples, rows, and what a store keeps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.analysis.intervals import Sample
from bench.analysis.rows import Row
from bench.core.conditions import Machine, Provenance, Seconds, conditions
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST
from bench.core.results import Array, Progress, Restored, Trial
from bench.core.tasks import Result, Task
from bench.core.variance import Range
from bench.running.plan import settle
from bench.store.store import Store

MEASURED = Provenance(Machine("3", "2", "cpu", 1), 10, blind=True, kin="", seconds=Seconds(), sources={})
NOW = conditions("cpu", 1)


def keep(
    store: Store,
    protocol: Protocol,
    experiment: Experiment,
    psnr: Mapping[float, Array],
    history: Sequence[Progress] = (),
    measured: Provenance = MEASURED,
    grey: int = 128,
) -> None:
    """Stores PSNR by test variance, for each image, with examples of one grey; of a network with some history."""
    history = history or ([Progress(1, 1.0, 1.0)] if experiment.recipe else [])
    trials = [Trial("size", 3, 0.01)] if experiment.tuned else []
    example = np.full((1, 64, 64), grey, np.uint8)
    restored = [(protocol, Restored(variance, {"psnr": values}, example, example)) for variance, values in psnr.items()]
    store.keep(Result(Task(experiment, ()), list(history), None, restored, measured, trials))


def timed(**values: Any) -> dict[str, Any]:
    """One row of a timing: of a digit on one thread, where the values do not say otherwise."""
    fixed = {"denoiser": "median", "batch": 1, "height": 28, "width": 28, "precision": "float32", "seconds": 0.064}
    rest = {"rounds": 30, "parameters": 0, "flops": 0.0, "memory": 240.0, "conditions": NOW.as_json()}
    return fixed | rest | values


def sample(*rows: object, seeds: tuple[int, ...] = ()) -> Sample:
    return Sample(np.array(rows, dtype=float), seeds)


def crossed(rng: np.random.Generator, seeds: int, seed_spread: float, block_spread: float, count: int) -> list[Sample]:
    """Numbers whose mean is 30, with effects of seeds, of 100 blocks, and a little of both together."""
    trainings = rng.normal(0, seed_spread, (count, seeds, 1))
    images = block_spread * (rng.gamma(4, size=(count, 1, 100)) / 2 - 2)  # skewed, with this spread
    values = 30 + trainings + images + rng.normal(0, 0.1 * block_spread, (count, seeds, 100))
    return [Sample(each, tuple(range(seeds))) for each in values]


UNET = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
SPREAD = np.tile([-1.0, 1.0], 50)
VARIANCES = (0.001, 0.01, 0.1)


def row(experiment: Experiment, *psnr: float, seeds: int = 1) -> Row:
    """All rows share their spread over images; seeds lie 0.01 dB apart."""
    numbers = tuple(range(seeds)) if experiment.recipe else ()
    shifts = 0.01 * (np.arange(seeds) - (seeds - 1) / 2)[:, None]
    means = {(v, "psnr"): value for v, value in zip(VARIANCES, psnr, strict=True) if not np.isnan(value)}
    samples = {cell: Sample(value + SPREAD + shifts, numbers) for cell, value in means.items()}
    return Row(experiment, samples=samples, means=means, subject=experiment.denoiser, seeds=seeds)


def at(variance: float, *psnr: float, seeds: int = 1, denoiser: str = "unet") -> Row:
    return row(UNET.but(denoiser=denoiser, variance=Range(variance, variance)), *psnr, seeds=seeds)


LOW, MIDDLE, HIGH = at(0.001, 39, 20, 10), at(0.01, 35, 31, 16), at(0.1, 28, 27, 24)
WIDE = row(UNET.but(variance=Range(0.01, 0.1)), 34, 30.5, 23.8)
CLIP = row(settle(UNET.but(denoiser="clip")), 32, 22, 13)
MEDIAN = row(settle(UNET.but(denoiser="median", variance=None)), 23, 22.5, 17)

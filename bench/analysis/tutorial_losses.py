"""The losses that the tutorial prints, beside those of the same listing here."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from bench.analysis.intervals import CONFIDENCE
from bench.core.experiment import Experiment
from bench.core.recipes import TUTORIAL
from bench.core.results import ROWS, Array
from bench.core.variance import Range
from bench.store.store import Store

# What the tutorial prints after each of its ten epochs.
PRINTED = {
    "training": (0.02538, 0.00976, 0.00827, 0.00706, 0.00631, 0.00577, 0.00557, 0.00549, 0.00544, 0.00540),
    "validation": (0.01088, 0.00898, 0.00753, 0.00666, 0.00596, 0.00560, 0.00549, 0.00544, 0.00542, 0.00536),
}


def is_printed(experiment: Experiment) -> bool:
    """Whether it is the tutorial as printed, whose losses are known."""
    network = experiment.denoiser, experiment.options, experiment.dataset, experiment.noise, experiment.variance
    recipe = replace(TUTORIAL, target="noisy")
    return network == ("conv_autoencoder", (), "mnist", "gaussian", Range(0.01, 0.01)) and experiment.recipe == recipe


def losses_of(store: Store, experiments: Sequence[Experiment]) -> dict[str, Array]:
    """Training and validation losses after each epoch, (seeds, epochs), of the trainings that have ten."""
    losses: dict[str, list[list[float]]] = {kind: [] for kind in PRINTED}
    for experiment in experiments:
        history = store.history(experiment)
        epochs = [history[start : start + ROWS] for start in range(0, len(history), ROWS)]
        if len(epochs) == len(PRINTED["training"]):
            losses["training"].append([float(np.mean([row.training for row in epoch])) for epoch in epochs])
            losses["validation"].append([epoch[-1].validation or math.nan for epoch in epochs])
    return {kind: np.array(of_kind) for kind, of_kind in losses.items()}


def prediction(values: Array) -> tuple[float, float]:
    """Mean of some seeds, and how far from it 95 % of further trainings lie; NaN for a single one."""
    count = len(values)
    if count < 2:
        return float(values.mean()), math.nan
    tail = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2))
    return float(values.mean()), float(tail * values.std(ddof=1) * (1 + 1 / count) ** 0.5)


def agreement(losses: dict[str, Array]) -> dict[str, list[bool]]:
    """Whether each printed loss lies where 95 % of further trainings would; `losses` are those of `losses_of`."""
    inside: dict[str, list[bool]] = {}
    for kind, printed in PRINTED.items():
        predicted = map(prediction, losses[kind].T)
        inside[kind] = [abs(loss - mean) <= reach for loss, (mean, reach) in zip(printed, predicted, strict=True)]
    return inside

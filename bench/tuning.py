"""Tuning: which value of a filter's grid restores validation images best."""

from dataclasses import dataclass

import torch

from bench.device import place
from bench.experiment import Experiment
from bench.noises import NOISES
from bench.plan import choices
from bench.rng import stream
from bench.stacks import Stack, batches
from bench.tiles import restore
from bench.train import build, draw, split

IMAGES, BATCH = 500, 100  # of validation, enough for the choice of one number


@dataclass(frozen=True)
class Trial:
    """A value of an option that was tried, and the mean squared error of the clipped images it gave."""

    option: str
    value: float
    mse: float


@torch.inference_mode()
def tune(experiment: Experiment, images: Stack, device: torch.device) -> list[Trial]:
    """Tries each value of the grid on the same noisy images, with variances drawn from the training range.

    Args:
        images: those the dataset has for training; the validation part is used.
    """
    variance, dataset, noise = experiment.variance, experiment.dataset, experiment.noise
    if variance is None or dataset is None or noise is None:
        raise ValueError(f"{experiment.id} has nothing to tune for")
    validation = split(images, dataset)[1][:IMAGES]
    trials = []
    for choice in choices(experiment):
        model, rng, errors = place(build(choice), device).eval(), stream("validation", dataset, device=device), 0.0
        for _, batch in batches(validation, BATCH):
            clean = batch.to(device).float() / 255
            variances = draw(variance, len(clean), rng)
            restored = restore(model, NOISES[noise](clean, variances, rng), variances).clamp(0, 1)
            errors += (restored - clean).double().square().mean(dim=(1, 2, 3)).sum().item()
        ((option, value),) = set(choice.options) - set(experiment.options)
        trials.append(Trial(option, value, errors / len(validation)))
    return trials


def best(trials: list[Trial]) -> Trial:
    """Of equally good ones the first."""
    return min(trials, key=lambda trial: trial.mse)


def tuned(experiment: Experiment, trials: list[Trial]) -> Experiment:
    """The filter with the best value that was tried."""
    chosen = best(trials)
    return experiment.but(options={chosen.option: chosen.value})

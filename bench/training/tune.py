"""Tuning: which value of a filter's grid restores validation images best."""

import torch

from bench.core.experiment import Experiment
from bench.core.images import Stack, batches
from bench.core.results import Trial
from bench.core.rng import stream
from bench.lookup.denoisers import build, choices, place
from bench.lookup.images import split
from bench.lookup.tiles import restore
from bench.noises import NOISES
from bench.training.train import draw

IMAGES, BATCH = 500, 100  # validation images, enough to choose one number


@torch.inference_mode()
def tune(experiment: Experiment, images: Stack, device: torch.device) -> list[Trial]:
    """Tries each value of the grid on the same noisy validation images; variances are drawn from the range.

    Args:
        images: the training images of the dataset; only their validation part is used.
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

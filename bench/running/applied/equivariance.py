"""The defect of equivariance of the networks of a store."""

from typing import Any

from bench.ablations import equivariance
from bench.core.dataset_names import dataset_title
from bench.core.experiment import Experiment, Protocol
from bench.core.images import batches
from bench.lookup.images import images_of
from bench.running.applied.denoise_file import complete, ready
from bench.scoring.equivariance import defects
from bench.scoring.score import corrupt
from bench.store.store import Store

IMAGES = 100  # of one size, from the first test images on
SECTIONS = ("grid", equivariance.__name__.rpartition(".")[2])


def networks(store: Store) -> dict[str, tuple[Experiment, Protocol]]:
    """The networks of seed 0 that were tested with Gaussian noise and have their weights here, by name."""
    found = {}
    for section in store.sections():
        if section.name in SECTIONS and section.protocol.noise == "gaussian":
            for experiment in section.experiments:
                if experiment.recipe and experiment.seed == 0 and complete(experiment, store):
                    title = dataset_title(section.protocol.dataset)
                    found[f"{experiment.id} on {title}"] = experiment, section.protocol
    return found


def measured(experiment: Experiment, protocol: Protocol, store: Store) -> dict[str, Any]:
    """Its defects at the variance it was trained at, or at the middle of its range by the logarithm."""
    trained = experiment.variance
    variance = (max(trained.low, 1e-4) * max(trained.high, 1e-4)) ** 0.5 if trained else 0.01
    numbers, images = next(batches(images_of(protocol.dataset).test[: min(IMAGES, protocol.images)]))
    noisy = corrupt(images.float() / 255, variance, protocol, numbers.tolist())
    scale, shift = defects(ready(experiment, store), noisy, variance)
    return {
        "denoiser": experiment.denoiser,
        "options": dict(experiment.options),
        "trained": str(trained),
        "dataset": dataset_title(protocol.dataset),
        "variance": variance,
        "images": len(images),
        "scale": scale,
        "shift": shift,
    }

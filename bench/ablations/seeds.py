"""How much trainings differ that have different seeds."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation(by_seed=True)
def seeds(base: Experiment) -> Iterator[Experiment]:
    """Seeds: five trainings that differ in initial weights, order of images and noise."""
    for seed in range(5):
        yield base.but(seed=seed)

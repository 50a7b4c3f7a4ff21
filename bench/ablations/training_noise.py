"""Which noise to train with: fixed variances, or random ones from three distributions."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import Experiment
from bench.core.variance import LAWS, Range


@ablation(page="noise")
def training_noise(base: Experiment) -> Iterator[Experiment]:
    """Training noise: eight fixed variances, and 0.001..0.1 under each law of drawing."""
    for variance in (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5):
        yield base.but(variance=Range(variance, variance))
    for law in LAWS:
        yield base.but(variance=Range(0.001, 0.1, law))

"""What noise to train with: fixed variances, or random ones drawn under three laws."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.experiment import LAWS, Experiment, Range


@ablation
def training_noise(base: Experiment) -> Iterator[Experiment]:
    """Training noise: three fixed variances, and 0.001..0.1 under each law of drawing."""
    for variance in (0.001, 0.01, 0.1):
        yield base.but(variance=Range(variance, variance))
    for law in LAWS:
        yield base.but(variance=Range(0.001, 0.1, law))

"""How much the distribution of the training noise matters, at equal variance."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import Experiment
from bench.noises import NOISES


@ablation(every_noise=True, page="noise")
def noise_law(base: Experiment) -> Iterator[Experiment]:
    """Noise law: trained with each noise and tested with each, all of equal variance."""
    for noise in NOISES:
        yield base.but(noise=noise)

"""What it costs to be told a wrong noise variance."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import ESTIMATE, Experiment
from bench.core.variance import Range


@ablation(of="unet_conditioned", told=(0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0, ESTIMATE), page="noise")
def told(base: Experiment) -> Iterator[Experiment]:
    """Told variance: a quarter to four times the true noise variance, or the estimate from the noisy image."""
    trained = base.variance
    wide = Range(0.001, 0.1, "log-uniform")  # one variance teaches nobody to listen
    yield base.but(variance=wide if trained is None or trained.fixed else trained)

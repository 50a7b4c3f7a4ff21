"""Whether a network gives the noise or the image."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation(of="unet", page="architecture")
def residual(base: Experiment) -> Iterator[Experiment]:
    """Residual: the network gives the noise to be subtracted, or the restored image."""
    for residual in (True, False):
        yield base.but(options={"residual": residual})

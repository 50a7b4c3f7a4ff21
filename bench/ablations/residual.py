"""Whether a network gives the noise or the image."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.experiment import Experiment


@ablation(of="unet")
def residual(base: Experiment) -> Iterator[Experiment]:
    """Residual: the network gives the restored image, or the noise to be subtracted."""
    for residual in (False, True):
        yield base.but(options={"residual": residual})

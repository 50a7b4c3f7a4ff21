"""What the U-Net owes to its skips; without them it is an autoencoder."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation(of="unet", page="architecture")
def skips(base: Experiment) -> Iterator[Experiment]:
    """Skips: the U-Net that gives the restored image with its skips, and without."""
    for skips in (True, False):
        yield base.but(options={"skips": skips, "residual": False})  # subtracting from the input is a skip too

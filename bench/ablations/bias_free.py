"""What additive constants cost at noise that was never seen."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.experiment import Experiment


@ablation(of="unet")
def bias_free(base: Experiment) -> Iterator[Experiment]:
    """Bias-free: the U-Net, and the same without any additive constant."""
    yield base
    yield base.but(denoiser=f"{base.denoiser}_bias_free")

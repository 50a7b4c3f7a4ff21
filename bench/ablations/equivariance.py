"""What it is worth that an image of other contrast or brightness is restored alike."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation(of="unet", page="architecture")
def equivariance(base: Experiment) -> Iterator[Experiment]:
    """Equivariance: the U-Net, without additive constants (scale), and normalized (scale and shift)."""
    if base.denoiser != "unet":
        raise ValueError(f"the ablation 'equivariance' compares variants of unet, not of {base.denoiser}")
    yield base
    yield base.but(denoiser="unet_bias_free")
    yield base.but(denoiser="unet_normalized")

"""What additive constants cost at noise variances not seen in training."""

from collections.abc import Iterator

from architectures import DENOISERS
from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation(of="unet", page="architecture")
def bias_free(base: Experiment) -> Iterator[Experiment]:
    """Bias-free: the U-Net, and the same without any additive constant."""
    twin = f"{base.denoiser}_bias_free"
    if twin not in DENOISERS:
        raise ValueError(
            f"the ablation 'bias_free' needs a denoiser with a bias-free twin, and there is no {twin!r}: "
            "leave out --denoisers, or name unet"
        )
    yield base
    yield base.but(denoiser=twin)

"""White Laplace noise: heavier tails than the Gaussian, kurtosis 6 instead of 3."""

import torch
from torch import Tensor

from bench.noises import noise


@noise
def laplace(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """One value for each pixel, the difference of two exponential ones, which is Laplace."""
    share = torch.rand((2, *clean.shape), generator=rng, device=rng.device, dtype=clean.dtype)
    logarithms = torch.log1p(-share)  # finite, since `rand` stays below 1
    return (logarithms[0] - logarithms[1]).mul_((variance / 2).sqrt().view(-1, 1, 1, 1)).add_(clean)

"""White Gaussian noise."""

import torch
from torch import Tensor

from bench.noises import noise


@noise
def gaussian(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """One standard-normal value for each pixel, scaled by the root of the variance."""
    field = torch.randn(clean.shape, generator=rng, device=rng.device, dtype=clean.dtype)
    return field.mul_(variance.sqrt().view(-1, 1, 1, 1)).add_(clean)

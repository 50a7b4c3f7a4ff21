"""White noise with a uniform distribution: bounded, no tails."""

import torch
from torch import Tensor

from bench.noises import noise


@noise
def uniform(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """One value for each pixel, uniform in ±√(3·variance)."""
    field = torch.rand(clean.shape, generator=rng, device=rng.device, dtype=clean.dtype).sub_(0.5)
    return field.mul_((12 * variance).sqrt().view(-1, 1, 1, 1)).add_(clean)

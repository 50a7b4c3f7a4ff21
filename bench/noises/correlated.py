"""Spatially correlated Gaussian noise: grain that is wider than a pixel."""

import torch
from torch import Tensor

from bench.noises import noise


@noise
def correlated(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """White Gaussian noise blurred by (1, 2, 1) along rows and columns, scaled to the variance.

    Neighbours in a row or column correlate by 2/3, the next ones by 1/6. The white field is drawn one
    pixel larger on each side and only whole windows are kept, so that borders are like the middle.
    """
    count, channels, height, width = clean.shape
    shape = (count, channels, height + 2, width + 2)
    field = torch.randn(shape, generator=rng, device=rng.device, dtype=clean.dtype)
    for axis, size in ((2, height), (3, width)):
        before, centre, after = (field.narrow(axis, start, size) for start in range(3))
        field = (before + 2 * centre + after) / 6**0.5
    return field.mul_(variance.sqrt().view(-1, 1, 1, 1)).add_(clean)

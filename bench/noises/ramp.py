"""Gaussian noise that rises across the image: no one variance fits all of its pixels."""

import torch
from torch import Tensor

from bench.noises import noise


@noise
def ramp(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """White Gaussian noise whose variance rises in equal steps from column to column.

    It is near zero at the left and near twice the mean at the right. The mean over the image is the variance asked for.
    """
    width = clean.shape[3]
    share = (torch.arange(width, device=clean.device, dtype=clean.dtype) + 0.5) * 2 / width
    field = torch.randn(clean.shape, generator=rng, device=rng.device, dtype=clean.dtype)
    return field.mul_((share * variance.view(-1, 1, 1, 1)).sqrt()).add_(clean)

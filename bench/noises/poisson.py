"""Poisson-like noise: bright pixels are noisier than dark ones."""

import torch
from torch import Tensor

from bench.noises import noise

DARK = 0.1


@noise
def poisson(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """Gaussian noise whose variance grows with the clean value x, as x + 0.1.

    It is scaled in each image so that its mean over the pixels is the variance asked for. The 0.1
    stands for the noise of a dark sensor, without which a black image could have none; there, all
    pixels have the variance asked for. The Gaussian in place of Poisson's law, after Foi et al.,
    "Practical Poissonian-Gaussian noise modeling and fitting for single-image raw-data", IEEE
    Transactions on Image Processing 2008, lets the field be the same at every variance.
    """
    share = clean + DARK
    share = share / share.mean(dim=(1, 2, 3), keepdim=True)
    field = torch.randn(clean.shape, generator=rng, device=rng.device, dtype=clean.dtype)
    return field.mul_((share * variance.view(-1, 1, 1, 1)).sqrt()).add_(clean)

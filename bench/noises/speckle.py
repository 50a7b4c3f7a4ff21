"""Speckle, the multiplicative noise of radar, ultrasound and lasers: bright pixels are noisier, by their value."""

import torch
from torch import Tensor

from bench.noises import noise

DARK = 0.1


@noise
def speckle(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """Gaussian noise whose standard deviation grows with the clean value x, as x + 0.1.

    It is scaled in each image so that its mean variance over the pixels is the one asked for. The 0.1 stands for the
    noise of a dark sensor, without which a black image could have none. Multiplicative noise as in Lee, "Digital image
    enhancement and noise filtering by use of local statistics", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 1980.
    """
    share = (clean + DARK).square()
    share = share / share.mean(dim=(1, 2, 3), keepdim=True)
    field = torch.randn(clean.shape, generator=rng, device=rng.device, dtype=clean.dtype)
    return field.mul_((share * variance.view(-1, 1, 1, 1)).sqrt()).add_(clean)

"""The bilateral filter: an average over neighbours that are near in place and in grey value."""

import math
from itertools import product
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from architectures import Denoiser, denoiser


@denoiser
class Bilateral(Denoiser):
    """Bilateral filter with its border repeated, channel by channel; blind.

    Tomasi and Manduchi, "Bilateral Filtering for Gray and Color Images", ICCV 1998. Not scikit-image's:
    version 0.26 looks up its weights of place in rows one too long, so that a pixel's own weight is
    lost, and widens those of grey where pixels are below 0; on MNIST that costs up to 2.7 dB.

    Args:
        sigma_color: standard deviation of the weights in grey value.
        sigma_spatial: standard deviation of the weights in place, in pixels; the window is three wide.
    """

    grid: ClassVar[dict[str, tuple[float, ...]]] = {"sigma_color": (0.03, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6, 4.0)}

    def __init__(self, sigma_color: float = 0.2, sigma_spatial: float = 1.0) -> None:
        super().__init__()
        for name, value in (("sigma_color", sigma_color), ("sigma_spatial", sigma_spatial)):
            if not value > 0:
                raise ValueError(f"{name} must be positive, got {value}")
        self.sigma_color = sigma_color
        self.sigma_spatial = sigma_spatial

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        height, width = noisy.shape[2:]
        reach = math.ceil(3 * self.sigma_spatial)
        padded = functional.pad(noisy, (reach, reach, reach, reach), mode="replicate")
        total, weights = torch.zeros_like(noisy), torch.zeros_like(noisy)
        for row, column in product(range(-reach, reach + 1), repeat=2):
            neighbour = padded.narrow(2, reach + row, height).narrow(3, reach + column, width)
            place = (row**2 + column**2) / (2 * self.sigma_spatial**2)
            grey = (neighbour - noisy).square() / (2 * self.sigma_color**2)
            # The pixel itself weighs 1, so less than exp(-80) is nothing; but subnormal numbers are slow.
            weight = (-place - grey).clamp_min(-80).exp()
            total.addcmul_(weight, neighbour)
            weights += weight
        return total / weights

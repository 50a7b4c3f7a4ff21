"""A denoiser that is told another noise variance than the true one."""

import math

import torch
from torch import Tensor, nn

from bench.core.experiment import ESTIMATE
from bench.scoring.noise_level import noise_level


class Told(nn.Module):
    """Hands on to the denoiser inside a multiple of the true noise variance, or what the noisy image tells of it.

    Args:
        told: the multiple; 1 is the truth. "estimate" for the estimate from each image by itself, for which an image
            is always restored whole.
        clipped: whether noisy images come from files, which clipped their noise.
    """

    def __init__(self, denoiser: nn.Module, told: float | str, clipped: bool = False) -> None:
        super().__init__()
        self.denoiser, self.told, self.clipped = denoiser, told, clipped
        self.reach = None if told == ESTIMATE else getattr(denoiser, "reach", None)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        handed = self._estimates(noisy).to(variance) if self.told == ESTIMATE else float(self.told) * variance
        restored: Tensor = self.denoiser(noisy, handed)
        return restored

    def _estimates(self, noisy: Tensor) -> Tensor:
        """The estimated variance of each image, (N,); 0 for one without any detail."""
        levels = [noise_level(image, self.clipped).variance for image in noisy.cpu()]
        return torch.tensor([0.0 if math.isnan(level) else level for level in levels])

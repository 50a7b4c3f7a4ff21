"""Gaussian smoothing, the linear baseline."""

from typing import ClassVar

import torch
from scipy import ndimage
from torch import Tensor

from architectures import Denoiser, denoiser


@denoiser
class Gaussian(Denoiser):
    """Gaussian filter of scipy with reflected borders.

    Args:
        sigma: standard deviation of the kernel, in pixels.
    """

    grid: ClassVar[dict[str, tuple[float, ...]]] = {"sigma": (0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0)}

    def __init__(self, sigma: float = 1.0) -> None:
        super().__init__()
        if not sigma > 0:
            raise ValueError(f"sigma must be positive, in pixels, got {sigma}")
        self.sigma = sigma

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        smooth = ndimage.gaussian_filter(noisy.cpu().numpy(), self.sigma, axes=(2, 3))
        return torch.from_numpy(smooth).to(noisy.device)

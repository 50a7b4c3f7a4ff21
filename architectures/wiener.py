"""The adaptive Wiener filter: towards the local mean, the more the less a window varies."""

from typing import ClassVar

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from architectures import Denoiser, denoiser


@denoiser
class Wiener(Denoiser):
    """Local Wiener filter of scipy, channel by channel; blind, because it estimates the noise.

    Lim, "Two-Dimensional Signal and Image Processing", Prentice Hall 1990, page 548. scipy's estimate
    of the noise is the mean of the local variances, which holds the image's own variance too.

    Args:
        strength: what the estimated noise variance is multiplied by; 1 is scipy's filter.
        size: width of the window in pixels; odd.
    """

    grid: ClassVar[dict[str, tuple[float, ...]]] = {"strength": (0.02, 0.05, 0.15, 0.5, 1.0, 1.5, 2.5, 4.0)}

    def __init__(self, strength: float = 1.0, size: int = 3) -> None:
        super().__init__()
        if not strength > 0:
            raise ValueError(f"strength must be positive, got {strength}")
        if size < 3 or size % 2 == 0:
            raise ValueError(f"size must be odd and at least 3, so that a window varies about a centre, got {size}")
        self.strength = strength
        self.size = size

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        from scipy.signal import wiener  # late: slow to import

        # In float64, since a local variance is the small difference of two squares.
        planes = noisy.cpu().double().numpy().reshape(-1, *noisy.shape[2:])
        window = (1, self.size, self.size)
        means = ndimage.uniform_filter(planes, window, mode="constant")  # black outside, as in scipy's wiener
        estimates = (ndimage.uniform_filter(planes**2, window, mode="constant") - means**2).mean(axis=(1, 2))
        # Above zero, and division by zero allowed: scipy then takes the mean where nothing varies.
        noise = np.maximum(self.strength * estimates, np.finfo(np.float64).tiny)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            smooth = np.stack([wiener(plane, self.size, level) for plane, level in zip(planes, noise, strict=True)])
        return torch.from_numpy(smooth).view(noisy.shape).to(noisy)

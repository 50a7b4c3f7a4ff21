"""Wavelet shrinkage: small coefficients are noise, large ones are edges."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from architectures import Denoiser, denoiser


@denoiser
class Wavelet(Denoiser):
    """BayesShrink of scikit-image, channel by channel; blind, because it estimates the noise.

    Chang, Yu and Vetterli, "Adaptive wavelet thresholding for image denoising and compression", IEEE
    Transactions on Image Processing 2000; soft thresholds on Daubechies' wavelet of two vanishing
    moments, at all levels that fit (scikit-image leaves out the three coarsest, on 28×28 all but one).
    The noise is estimated from the finest diagonal coefficients (Donoho and Johnstone, 1994).

    Args:
        strength: what the estimated standard deviation of the noise is multiplied by.
    """

    grid: ClassVar[dict[str, tuple[float, ...]]] = {"strength": (0.35, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)}

    def __init__(self, strength: float = 1.0) -> None:
        super().__init__()
        if not strength > 0:
            raise ValueError(f"strength must be positive, got {strength}")
        self.strength = strength

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        from pywt import dwt2, dwtn_max_level  # late: slow to import
        from skimage.restoration import denoise_wavelet

        planes = noisy.cpu().numpy().reshape(-1, *noisy.shape[2:])
        options = {"wavelet": "db2", "wavelet_levels": dwtn_max_level(planes.shape[1:], "db2")}
        # As scikit-image's `estimate_sigma`, but where all coefficients are zero: there that fails, and
        # so does shrinkage by nothing.
        diagonals = [dwt2(plane, "db2")[1][2] for plane in planes]
        sigmas = [
            max(1e-8, self.strength * float(np.median(np.abs(coefficients))) / 0.67449) for coefficients in diagonals
        ]
        smooth = [denoise_wavelet(plane, sigma, **options) for plane, sigma in zip(planes, sigmas, strict=True)]
        return torch.from_numpy(np.stack(smooth)).view(noisy.shape).to(noisy)

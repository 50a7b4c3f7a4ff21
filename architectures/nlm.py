"""Non-local means: an average over pixels whose surroundings look alike, wherever they are."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from architectures import Denoiser, denoiser


@denoiser
class NLM(Denoiser):
    """Fast non-local means of scikit-image with reflected borders, channel by channel; blind.

    Buades, Coll and Morel, "A non-local algorithm for image denoising", CVPR 2005; in the fast form of
    Darbon et al., "Fast nonlocal filtering applied to electron cryomicroscopy", ISBI 2008.

    Args:
        h: how far two patches may differ and still count as alike, in grey value per pixel; the
            default is scikit-image's.
        patch: width of a patch in pixels; odd.
        distance: how far patches are searched, in pixels; the time grows with its square.
    """

    grid: ClassVar[dict[str, tuple[float, ...]]] = {"h": (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.6, 1.0)}

    def __init__(self, h: float = 0.1, patch: int = 5, distance: int = 6) -> None:
        super().__init__()
        if not h > 0:
            raise ValueError(f"h must be positive, got {h}")
        if patch < 1 or patch % 2 == 0:
            raise ValueError(f"patch must be odd so that a patch has a centre, got {patch}")
        if distance < 1:
            raise ValueError(f"distance must be at least 1 pixel, got {distance}")
        self.h = h
        self.size = {"patch_size": patch, "patch_distance": distance}

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        from skimage.restoration import denoise_nl_means  # late: slow to import

        planes = noisy.cpu().numpy().reshape(-1, *noisy.shape[2:])
        smooth = np.stack([denoise_nl_means(plane, h=self.h, fast_mode=True, **self.size) for plane in planes])
        return torch.from_numpy(smooth).view(noisy.shape).to(noisy)

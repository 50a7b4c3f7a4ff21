"""The median filter, the robust baseline (Tukey, 1977)."""

from typing import ClassVar

import torch
from scipy import ndimage
from torch import Tensor

from architectures import Denoiser, denoiser


@denoiser
class Median(Denoiser):
    """Median over a square window, by scipy, with reflected borders.

    Args:
        size: width of the window in pixels; odd. At 1 the image stays as it is.
    """

    floor = True
    grid: ClassVar[dict[str, tuple[int, ...]]] = {"size": (1, 3, 5, 7)}

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        if size < 1 or size % 2 == 0:
            raise ValueError(f"size must be odd so that a window has a centre, got {size}")
        self.size = size

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        middle = ndimage.median_filter(noisy.cpu().numpy(), size=(1, 1, self.size, self.size))
        return torch.from_numpy(middle).to(noisy.device)

"""Structural similarity."""

import torch
from torch import Tensor
from torch.nn import functional

from bench.metrics import metric

TAPS, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2


@metric(better="higher", digits=4)
def ssim(clean: Tensor, restored: Tensor) -> Tensor:
    """Mean SSIM of each image: 11-tap Gaussian windows, σ = 1.5, population covariance, data range 1.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE Transactions on Image Processing 13(4), 2004. Only whole windows
    count, so an image must be at least 11×11.

    Raises:
        ValueError: the images are smaller than a window.
    """
    x, y = clean.double(), restored.double()
    if min(x.shape[2:]) < TAPS:
        raise ValueError(f"SSIM needs images of at least {TAPS}×{TAPS} pixels, got {x.shape[2]}×{x.shape[3]}")
    rows, columns = (_windows(size, x) for size in x.shape[2:])
    mean = rows @ torch.stack([x, y, x * x, y * y, x * y]) @ columns.T
    mean_x, mean_y, square_x, square_y, product = mean
    product_of_means, sum_of_squares = mean_x * mean_y, mean_x**2 + mean_y**2
    luminance = (2 * product_of_means + C1) / (sum_of_squares + C1)
    structure = (2 * (product - product_of_means) + C2) / (square_x + square_y - sum_of_squares + C2)
    similarity: Tensor = luminance * structure
    return similarity.flatten(1).mean(1)


def _windows(size: int, like: Tensor) -> Tensor:
    """The whole windows along one axis as a banded matrix, (size - TAPS + 1, size).

    As a product of matrices, filtering many small images at once is several times faster than as a
    convolution in float64.
    """
    offsets = torch.arange(TAPS, dtype=like.dtype, device=like.device) - TAPS // 2
    window = (-0.5 * (offsets / SIGMA) ** 2).exp()
    padded = functional.pad(window / window.sum(), (0, size - TAPS))
    return torch.stack([padded.roll(shift) for shift in range(size - TAPS + 1)])

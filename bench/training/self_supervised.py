"""Losses for denoisers that are trained without clean images, from one noisy image each."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

STEP = 0.1  # of the standard deviation of the noise, between two inputs whose outputs are compared
STRIDE = 4  # one pixel in STRIDE² is hidden

Restore = Callable[[Tensor], Tensor]


def sure(restore: Restore, noisy: Tensor, variances: Tensor, rng: torch.Generator) -> Tensor:
    """Stein's unbiased estimate of the mean squared error, for Gaussian noise of known variance.

    The divergence of the denoiser comes from one random direction: Ramani, Blu and Unser, "Monte-Carlo SURE: a
    black-box optimization of regularization parameters for general denoising algorithms", IEEE Transactions on Image
    Processing 2008. As a loss: Soltanayev and Chun, "Training deep learning based denoisers without ground truth data",
    NeurIPS 2018.

    Args:
        restore: the denoiser, noisy images (N, C, H, W) -> restored.
        variances: of the noise of each image, (N,).
    """
    variances = variances.view(-1, 1, 1, 1)
    direction = torch.randn(noisy.shape, generator=rng, device=rng.device, dtype=noisy.dtype)
    step = STEP * variances.sqrt()
    restored = restore(noisy)
    divergence = direction * (restore(noisy + step * direction) - restored) / step
    return ((restored - noisy).square() - variances + 2 * variances * divergence).mean()


def masked(restore: Restore, noisy: Tensor, _variances: Tensor, rng: torch.Generator) -> Tensor:
    """Mean squared error at hidden pixels, which the denoiser must guess from all others.

    One pixel in 16, on a grid at a random place, is replaced by the mean of its eight neighbours: Batson and Royer,
    "Noise2Self: blind denoising by self-supervision", ICML 2019; Krull, Buchholz and Jug, "Noise2Void: learning
    denoising from single noisy images", CVPR 2019. The noise must be independent from pixel to pixel. The trained
    denoiser sees whole images.

    Args:
        restore: as for `sure`.
    """
    row, column = torch.randint(STRIDE, (2,), generator=rng, device=rng.device).tolist()
    around = functional.avg_pool2d(functional.pad(noisy, (1, 1, 1, 1), mode="reflect"), 3, stride=1)
    hidden = noisy.clone()
    hidden[..., row::STRIDE, column::STRIDE] = ((9 * around - noisy) / 8)[..., row::STRIDE, column::STRIDE]
    errors = (restore(hidden) - noisy)[..., row::STRIDE, column::STRIDE]
    return errors.square().mean()


LOSSES: dict[str, Callable[[Restore, Tensor, Tensor, torch.Generator], Tensor]] = {"sure": sure, "masked": masked}

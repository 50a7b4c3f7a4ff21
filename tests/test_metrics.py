"""Metrics against scikit-image and against values worked by hand."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from skimage import metrics as reference

from bench.core.images import one_size
from bench.core.rng import stream
from bench.datasets import DATASETS
from bench.metrics import METRICS

REFERENCES: dict[str, Callable[..., float]] = {
    "mse": reference.mean_squared_error,
    "psnr": partial(reference.peak_signal_noise_ratio, data_range=1),
    "ssim": partial(
        reference.structural_similarity, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1
    ),
}


def pairs(kind: str, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Clean and noisy images, (N, 1, H, W)."""
    rng = stream("pairs", kind)
    if kind == "mnist":
        clean = one_size(DATASETS["mnist"]().test)[:50].to(dtype) / 255
    else:
        clean = torch.rand(10, 1, 37, 29, generator=rng, dtype=dtype)
    return clean, (clean + 0.2 * torch.randn(clean.shape, generator=rng, dtype=dtype)).clamp(0, 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["random", "mnist"])
@pytest.mark.parametrize("name", REFERENCES)
def test_agrees_with_scikit_image(name: str, kind: str, dtype: torch.dtype) -> None:
    clean, restored = pairs(kind, dtype)
    ours = METRICS[name](clean, restored).numpy()
    theirs = [REFERENCES[name](x[0].numpy(), y[0].numpy()) for x, y in zip(clean, restored, strict=True)]
    np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", REFERENCES)
def test_agrees_with_scikit_image_in_colour(name: str) -> None:
    rng = stream("pairs", "colour")
    clean = torch.rand(6, 3, 37, 29, generator=rng)
    spread = torch.tensor([0.05, 0.1, 0.3]).view(3, 1, 1)  # so that no channel is like another
    restored = (clean + spread * torch.randn(clean.shape, generator=rng)).clamp(0, 1)
    options = {"channel_axis": 0} if name == "ssim" else {}
    theirs = [REFERENCES[name](x.numpy(), y.numpy(), **options) for x, y in zip(clean, restored, strict=True)]
    np.testing.assert_allclose(METRICS[name](clean, restored).numpy(), theirs, atol=1e-6, rtol=0)


def test_values_worked_by_hand() -> None:
    clean, restored = torch.zeros(1, 1, 16, 16), torch.full((1, 1, 16, 16), 0.1)
    assert METRICS["mse"](clean, restored).item() == pytest.approx(0.01)
    assert METRICS["psnr"](clean, restored).item() == pytest.approx(20)
    # Constant images have no structure: only the term of the means is left.
    assert METRICS["ssim"](clean, restored).item() == pytest.approx(1e-4 / (0.1**2 + 1e-4))


def test_psnr_is_infinite_at_equality() -> None:
    clean = torch.rand(2, 1, 16, 16)
    assert METRICS["psnr"](clean, clean).isposinf().all()


def test_ssim_refuses_images_smaller_than_its_window() -> None:
    with pytest.raises(ValueError, match=r"at least 11×11 pixels, got 10×20"):
        METRICS["ssim"](torch.zeros(1, 1, 10, 20), torch.zeros(1, 1, 10, 20))

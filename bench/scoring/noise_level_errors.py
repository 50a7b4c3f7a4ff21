"""How far estimates of the noise of single images lie from the truth."""

import math
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.core.rng import streams
from bench.core.variance import written
from bench.lookup.images import images_of
from bench.noises import NOISES
from bench.scoring.noise_level import noise_level

IMAGES = {"mnist": 200, "photos": 12}  # datasets, and the first so many of their test images
VARIANCES = (0.0004, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5)
METHODS = ("noise_level", "estimate_sigma")  # ours, and scikit-image's


def errors(dataset: str) -> list[dict[str, Any]]:
    """A row for each noise variance, method, and kind of image: unclipped pixels, or an 8-bit file.

    `ratio` is the mean of estimate over truth, in variance, `spread` its standard deviation over images, and `inside`
    the share of images whose interval holds the truth, None where a method has no interval.
    """
    test = images_of(dataset).test
    clean = [test[number].float() / 255 for number in range(min(IMAGES[dataset], len(test)))]
    rows = []
    for variance in VARIANCES:
        draws = streams("noise level", dataset, first=0, count=len(clean))
        noisy = [_noisy(image, variance, rng) for image, rng in zip(clean, draws, strict=True)]
        for as_file in (False, True):
            seen = [(image.clamp(0, 1) * 255).round() / 255 if as_file else image for image in noisy]
            levels = [noise_level(image, as_file) for image in seen]
            inside = float(np.mean([level.low <= variance <= level.high for level in levels]))
            estimates = {
                METHODS[0]: [level.variance for level in levels],
                METHODS[1]: list(map(_by_scikit_image, seen)),
            }
            for method, values in estimates.items():
                ratios = np.array(values) / variance
                told = ratios[np.isfinite(ratios)]
                rows.append(
                    {"variance": variance, "test": written(variance), "file": as_file, "method": method}
                    | {
                        "ratio": float(told.mean()),
                        "spread": float(told.std(ddof=1)),
                        "inside": inside if method == METHODS[0] else None,
                    }
                    | {"images": len(told)}
                )
    return rows


def _noisy(clean: Tensor, variance: float, rng: Any) -> Tensor:
    return NOISES["gaussian"](clean[None], torch.tensor([variance]), rng)[0]


def _by_scikit_image(pixels: Tensor) -> float:
    from skimage.restoration import estimate_sigma  # late: slow to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warns of a mean over no values
        # scikit-image has no annotations there
        sigmas = np.array(estimate_sigma(pixels.double().numpy(), channel_axis=0))  # type: ignore[no-untyped-call]
    return float(np.nanmean(sigmas)) ** 2 if np.isfinite(sigmas).any() else math.nan

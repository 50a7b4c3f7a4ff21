"""How noisy an image is: the variance of Gaussian noise on one image, also where its file clipped that noise.

The finest diagonal wavelet coefficients of an image are nearly all noise, and their median is told by few edges:
Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 1994. A file clips noise at black and
white, so that estimate is taken where the image is of middle grey, and corrected for what is clipped even there. An
image that is mostly black or white, as digits are, has lost half of the noise. As many values as were clipped are the
other half of that noise, and their median tells.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtri
from scipy.stats import norm
from torch import Tensor

from bench.core.results import Array

MIDDLE = 0.3  # grey levels from here to 1 minus it are far from both ends
FEWEST = 300  # coefficients of middle grey, to tell anything
ENDS = 0.25  # share of exactly black or white pixels from which on they tell more
FREE = 0.55  # share of them beyond which they have no noise, which would move half of them
QUARTILE = float(ndtri(0.75))  # of the absolute value of a normal number, which is its median
MODEL = 0.1  # of σ: what the image itself adds to the error of its estimate, at noise that can be seen


@dataclass(frozen=True)
class NoiseLevel:
    """A noise variance, in squared pixel units with pixels in [0, 1], with the ends of its interval.

    The interval is of 95 % for noise of variance 0.005 and more. Below, texture is taken for noise, and the estimate is
    too high.
    """

    variance: float
    low: float
    high: float


def noise_level(pixels: Tensor, clipped: bool) -> NoiseLevel:
    """The noise of an image, float (C, H, W), averaged over the channels that have any detail; NaN if none has.

    Args:
        clipped: whether it went through a file, which keeps no value below 0 or above 1.
    """
    planes = [_channel(plane.double().numpy(), clipped) for plane in pixels]
    told = [(sigma, count) for sigma, count in planes if math.isfinite(sigma)]
    if not told:
        return NoiseLevel(math.nan, math.nan, math.nan)
    sigma = float(np.mean([sigma for sigma, _ in told]))
    # The standard error of a median of absolute normal values is 1.167 σ / √n.
    error = sigma * (MODEL + 1.96 * 1.167 / math.sqrt(max(1, sum(count for _, count in told))))
    return NoiseLevel(sigma**2, max(0.0, sigma - error) ** 2, (sigma + error) ** 2)


def _channel(plane: Array, clipped: bool) -> tuple[float, int]:
    """σ of the noise, and from how many values it was told."""
    import pywt  # late: slow to import

    if plane.min() == plane.max():
        return math.nan, 0  # no detail
    average, (_, _, diagonal) = pywt.dwt2(plane, "db2")
    grey = average / 2  # of the pixels under each coefficient
    if clipped and max((plane == 0).mean(), (plane == 1).mean()) > ENDS:
        return _half(plane.ravel())
    told = diagonal[diagonal != 0]
    middle = diagonal[(diagonal != 0) & (grey > MIDDLE) & (grey < 1 - MIDDLE)]
    corrected = clipped and len(middle) >= FEWEST
    told = middle if corrected else told
    if not len(told):
        return math.nan, 0
    sigma = float(np.median(np.abs(told))) / QUARTILE
    return (float(np.interp(sigma, *_clipping())) if corrected else sigma), len(told)


def _half(values: Array) -> tuple[float, int]:
    """σ from noise of which the half below black, or above white, was clipped."""
    from_end = max((values, 1 - values), key=lambda distances: float((distances == 0).mean()))
    lost = int((from_end == 0).sum())
    if lost > FREE * len(from_end):
        return 0.0, len(from_end)
    kept = np.sort(from_end[from_end > 0])[:lost]
    return (float(np.median(kept)) / QUARTILE, 2 * lost) if len(kept) else (math.nan, 0)


@cache
def _clipping() -> tuple[Array, Array]:
    """σ that is left when noise of some σ on the middle grey is clipped to [0, 1], and that σ."""
    sigma = np.geomspace(1e-4, 2, 1000)
    end = 0.5 / sigma
    left = sigma**2 * (1 - 2 * end * norm.pdf(end) - 2 * norm.sf(end)) + 0.5 * norm.sf(end)
    return np.sqrt(left), sigma

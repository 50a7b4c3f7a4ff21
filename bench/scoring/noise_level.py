"""How noisy an image is: the variance of Gaussian noise on one image, also where its file clipped that noise.

The finest diagonal wavelet coefficients of an image are nearly all noise: Donoho and Johnstone, "Ideal spatial
adaptation by wavelet shrinkage", Biometrika 1994. They take the median of all, which edges and texture make too large
where noise is weak. Here only those count around which the horizontal and vertical coefficients are small. White noise
is independent in the three, so the choice brings no bias.

A file clips noise at black and white. So the estimate is taken where the image is of middle grey, and corrected for
what is clipped even there. An image that is mostly black or white, as digits are, shows half of its noise: what is left
has a mean of σ / √(2π). It is taken at pixels whose neighbours are nearest to that end.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import convolve, uniform_filter
from scipy.stats import norm
from torch import Tensor

from bench.core.results import Array

MIDDLE = 0.3  # grey levels from here to 1 minus it are far from both ends
FLAT = 0.4  # share of the coefficients around which the image is flattest
FEWEST = 300  # coefficients of middle grey, to tell anything
ENDS = 0.25  # share of exactly black or white pixels from which on they tell more
RING = np.ones((5, 5)) / 24  # the neighbours of a pixel, without itself: their noise is not its own
RING[2, 2] = 0
FLATTEST = 0.1  # share of those that are flatter still: what they lack is texture
# Errors found by trial on Train400, six training photographs of scikit-image, and training images of MNIST.
MODEL, OF_FILE = 0.02, 0.03  # of σ: what is left of the error with many coefficients, and in a file
STRONG = 0.12  # σ from which on a file has clipped so much that what is left says less and less
MOST = 0.45  # of σ, however strong the noise of a file
TEXTURE = 2e-4  # variance that texture may add though the flattest coefficients do not show it
QUANTILES = (np.arange(9) + 0.5) / 9


@dataclass(frozen=True)
class NoiseLevel:
    """A noise variance, in squared pixel units with pixels in [0, 1], and how sure it is.

    The interval from `low` to `high` is of 95 %; `--noise-level` measures how often it holds the truth.

    Attributes:
        error: half of the 95 % interval of σ, as a share of it.
        texture: variance that fine texture of the image may have added, at most in 95 % of images.
    """

    variance: float
    error: float = 0.0
    texture: float = 0.0

    @property
    def low(self) -> float:
        return max(0.0, self.variance * max(0.0, 1 - self.error) ** 2 - self.texture)

    @property
    def high(self) -> float:
        return self.variance * (1 + self.error) ** 2

    @property
    def likely(self) -> Array:
        """Equally likely variances, (81,): σ has a normal error, and what texture added is exponential."""
        factors = 1 + self.error * norm.ppf(QUANTILES) / norm.ppf(0.975)
        added = self.texture * np.log1p(-QUANTILES) / math.log(0.05)
        variances: Array = self.variance * np.maximum(factors, 0) ** 2 - added[:, None]
        return np.maximum(variances, 0.0).ravel()


def noise_level(pixels: Tensor, clipped: bool) -> NoiseLevel:
    """The noise of an image, float (C, H, W), averaged over the channels that have any detail; NaN if none has.

    Args:
        clipped: whether it went through a file, which keeps no value below 0 or above 1.
    """
    planes = [_channel(plane.double().numpy(), clipped) for plane in pixels]
    told = [plane for plane in planes if math.isfinite(plane[0])]
    if not told:
        return NoiseLevel(math.nan, math.nan, math.nan)
    sigmas, counts, textures = zip(*told, strict=True)
    sigma = float(np.mean(sigmas))
    # The standard error of σ from a mean of absolute normal values is 0.756 σ / √n.
    model = min(MOST, OF_FILE * max(1.0, (sigma / STRONG) ** 2)) if clipped else MODEL
    error = model + 1.96 * 0.756 / math.sqrt(max(1, sum(counts)))
    return NoiseLevel(sigma**2, error, float(np.mean(textures)))


def _channel(plane: Array, clipped: bool) -> tuple[float, int, float]:
    """σ of the noise, from how many values it was told, and the variance that texture may have added."""
    import pywt  # late: slow to import

    if plane.min() == plane.max():
        return math.nan, 0, 0.0  # no detail
    if clipped and max((plane == 0).mean(), (plane == 1).mean()) > ENDS:
        return _half(plane)
    height, width = plane.shape
    plane = plane[: height // 2 * 2, : width // 2 * 2]  # of an odd size, one more row of details is mirrored
    average, details = pywt.dwt2(plane, "db2")
    horizontal, vertical, diagonal = (part[1:-1, 1:-1] for part in details)  # the border is mirrored, and less noisy
    busy = uniform_filter(horizontal**2 + vertical**2, 3)
    grey = average[1:-1, 1:-1] / 2  # of the pixels under each coefficient
    usable = diagonal != 0
    middle = usable & (grey > MIDDLE) & (grey < 1 - MIDDLE)
    corrected = clipped and middle.sum() >= FEWEST
    usable = middle if corrected else usable
    if not usable.any():
        return math.nan, 0, 0.0
    flat, flattest = (diagonal[usable & (busy <= np.quantile(busy[usable], share))] for share in (FLAT, FLATTEST))
    sigma, least = (float(np.abs(values).mean()) * math.sqrt(math.pi / 2) for values in (flat, flattest))
    texture = TEXTURE + 2 * max(0.0, sigma**2 - least**2)
    return (float(np.interp(sigma, *_clipping())) if corrected else sigma), len(flat), texture


def _half(plane: Array) -> tuple[float, int, float]:
    """σ of noise on black, or on white, of which half was clipped: a pixel tells a fifth of an unclipped one."""
    distance = plane if (plane == 0).mean() > (plane == 1).mean() else 1 - plane
    around = convolve(distance, RING, mode="mirror")
    flat = distance[around <= np.quantile(around, FLAT)]
    return float(flat.mean()) * math.sqrt(2 * math.pi), len(flat) // 5, 0.0


@cache
def _clipping() -> tuple[Array, Array]:
    """σ that is left when noise of some σ on the middle grey is clipped to [0, 1], and that σ."""
    sigma = np.geomspace(1e-4, 2, 1000)
    end = 0.5 / sigma
    left = sigma**2 * (1 - 2 * end * norm.pdf(end) - 2 * norm.sf(end)) + 0.5 * norm.sf(end)
    return np.sqrt(left), sigma

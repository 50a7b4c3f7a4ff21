"""The noise of a camera: shot noise, from counting photons, and read noise, which is everywhere alike."""

import torch
from torch import Tensor

from bench.noises import noise


@noise
def poisson_gaussian(clean: Tensor, variance: Tensor, rng: torch.Generator) -> Tensor:
    """Half of the variance is shot noise, half Gaussian read noise; a black image has read noise alone.

    A pixel of clean value x counts n photons in the mean, n proportional to x, so that its shot noise has a variance
    proportional to x and the skewness 1 / √n of Poisson's law. Counts come from a normal number z as
    n + √n z + (z² - 1) / 6, scaled to the variance n: the quantile function of Cornish and Fisher, "Moments and
    cumulants in the specification of distributions", Revue de l'Institut International de Statistique 1938. So one
    field serves every variance, and counts need not be whole. The model of the camera is that of Foi et al., "Practical
    Poissonian-Gaussian noise modeling and fitting for single-image raw-data", IEEE Transactions on Image Processing
    2008.
    """
    shot, read = torch.randn((2, *clean.shape), generator=rng, device=rng.device, dtype=clean.dtype)
    wanted, mean = variance.view(-1, 1, 1, 1), clean.mean(dim=(1, 2, 3), keepdim=True)
    gain = wanted / (2 * mean.clamp_min(1e-6))  # grey value of one photon, so that n = x / gain
    counted = (gain * clean).sqrt() * shot + gain * (shot.square() - 1) / 6
    scaled = counted * (clean / (clean + gain / 18).clamp_min(1e-12)).sqrt()
    return (wanted - gain * mean).sqrt().mul(read).add_(scaled).add_(clean)

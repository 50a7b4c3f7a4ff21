"""Peak signal-to-noise ratio."""

from torch import Tensor

from bench.metrics import metric


@metric(better="higher", unit="dB", digits=2)
def psnr(clean: Tensor, restored: Tensor) -> Tensor:
    """-10·log10(MSE) of each image, for a data range of 1; infinite where the two agree exactly."""
    error = (clean.double() - restored.double()).square().flatten(1).mean(1)
    return -10 * error.log10()

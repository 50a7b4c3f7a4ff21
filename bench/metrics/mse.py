"""Mean squared error."""

from torch import Tensor

from bench.metrics import metric


@metric(better="lower", unit="10⁻³", scale=1000, digits=2)
def mse(clean: Tensor, restored: Tensor) -> Tensor:
    """Mean squared difference of the pixels of each image, accumulated in float64."""
    return (clean.double() - restored.double()).square().flatten(1).mean(1)

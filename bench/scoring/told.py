"""A denoiser that is told a wrong noise variance."""

from torch import Tensor, nn


class Told(nn.Module):
    """Hands on a multiple of the true noise variance to the denoiser inside.

    Args:
        factor: of the variance; 1 is the truth.
    """

    def __init__(self, denoiser: nn.Module, factor: float) -> None:
        super().__init__()
        self.denoiser, self.factor = denoiser, factor
        self.reach = getattr(denoiser, "reach", None)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        restored: Tensor = self.denoiser(noisy, self.factor * variance)
        return restored

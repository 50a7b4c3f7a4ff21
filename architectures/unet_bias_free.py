"""The U-Net without any additive constant, which makes it homogeneous: f(a·y) = a·f(y)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures import Denoiser, denoiser


class ScaleNorm(nn.Module):
    """Batch norm that divides by the standard deviation of a channel, and neither subtracts nor adds.

    Args:
        channels: how many there are; each has a learned scale.
        momentum: weight of the newest batch in the running variance, which takes over in evaluation.
    """

    variance: Tensor

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.momentum = momentum

    def forward(self, features: Tensor) -> Tensor:
        variance = self.variance
        if self.training:
            variance = features.float().var(dim=(0, 2, 3))
            self.variance.lerp_(variance.detach(), self.momentum)
        return features * (self.scale * (variance + 1e-5).rsqrt()).to(features.dtype).view(-1, 1, 1)


def block(inputs: int, outputs: int) -> nn.Sequential:
    """Twice: 3×3 convolution, norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        ScaleNorm(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        ScaleNorm(outputs),
        nn.ReLU(inplace=True),
    )


@denoiser
class UNetBiasFree(Denoiser):
    """`unet` with no bias and no mean anywhere; blind, and homogeneous once it is trained.

    Mohan, Kadkhodaie, Simoncelli and Fernandez-Granda, "Robust and interpretable blind image denoising
    via bias-free convolutional neural networks", ICLR 2020. As in `unet`, from which it differs in the
    constants alone, the network gives the noise.

    Args:
        width: channels at full size; twice and four times as many at half and a quarter.
        residual: whether the network gives the noise, to be subtracted, or the restored image itself.
        channels: of the images; 1 for grey ones, 3 for colour.
    """

    kin = "unet"
    reach = 24

    def __init__(self, width: int = 16, residual: bool = True, channels: int = 1) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width counts channels and must be at least 1, got {width}")
        self.residual = residual
        half, quarter = 2 * width, 4 * width
        self.down_full, self.down_half = block(channels, width), block(width, half)
        self.bottom = block(half, quarter)
        self.rise_half = nn.ConvTranspose2d(quarter, half, 2, stride=2, bias=False)
        self.up_half = block(quarter, half)
        self.rise_full = nn.ConvTranspose2d(half, width, 2, stride=2, bias=False)
        self.up_full = block(half, width)
        self.output = nn.Conv2d(width, channels, 1, bias=False)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        height, width = noisy.shape[2:]
        padded = functional.pad(noisy, (0, -width % 4, 0, -height % 4), mode="replicate")
        full = self.down_full(padded)
        half = self.down_half(functional.max_pool2d(full, 2))
        bottom = self.bottom(functional.max_pool2d(half, 2))
        half = self.up_half(torch.cat([half, self.rise_half(bottom)], dim=1))
        full = self.up_full(torch.cat([full, self.rise_full(half)], dim=1))
        output: Tensor = self.output(full)
        return (padded - output if self.residual else output)[..., :height, :width]

"""The U-Net on normalized images: equivariant to brightness and contrast by construction."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures import Denoiser, denoiser


def block(inputs: int, outputs: int) -> nn.Sequential:
    """Twice: 3×3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


SMALLEST = 1e-6  # standard deviation of an image, so that a constant one is not divided by zero


@denoiser
class UNetNormalized(Denoiser):
    """`unet` between a normalization of each image and its inverse: f(a·y + b) = a·f(y) + b for a > 0.

    Of each noisy image its mean is subtracted, and it is divided by its standard deviation; the result is multiplied
    and shifted back. Normalization equivariance is due to Herbreteau, Moebel and Kervrann, "Normalization-Equivariant
    Neural Networks with Application to Image Denoising", NeurIPS 2023, who build it from layers. All else is as in
    `unet`. What a pixel becomes depends on the mean of its whole image, so no image is cut into tiles.

    Args:
        width: channels at full size; twice and four times as many at half and a quarter.
        residual: whether the network gives the noise, to be subtracted, or the restored image itself.
        channels: of the images; 1 for grey ones, 3 for colour.
    """

    kin = "unet"

    def __init__(self, width: int = 16, residual: bool = True, channels: int = 1) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width counts channels and must be at least 1, got {width}")
        self.residual = residual
        half, quarter = 2 * width, 4 * width
        self.down_full, self.down_half = block(channels, width), block(width, half)
        self.bottom = block(half, quarter)
        self.rise_half = nn.ConvTranspose2d(quarter, half, 2, stride=2)
        self.up_half = block(quarter, half)
        self.rise_full = nn.ConvTranspose2d(half, width, 2, stride=2)
        self.up_full = block(half, width)
        self.output = nn.Conv2d(width, channels, 1)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        height, width = noisy.shape[2:]
        mean = noisy.mean((1, 2, 3), keepdim=True)
        deviation = noisy.std((1, 2, 3), keepdim=True).clamp_min(SMALLEST)
        padded = functional.pad((noisy - mean) / deviation, (0, -width % 4, 0, -height % 4), mode="replicate")
        full = self.down_full(padded)
        half = self.down_half(functional.max_pool2d(full, 2))
        bottom = self.bottom(functional.max_pool2d(half, 2))
        half = self.up_half(torch.cat([half, self.rise_half(bottom)], dim=1))
        full = self.up_full(torch.cat([full, self.rise_full(half)], dim=1))
        output: Tensor = self.output(full)
        restored = (padded - output if self.residual else output)[..., :height, :width]
        return restored * deviation + mean

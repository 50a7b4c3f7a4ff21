"""U-Net: an hourglass whose skips carry detail past the bottleneck.

Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
MICCAI 2015; here with padded convolutions and batch norm, two levels deep.
"""

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


@denoiser
class UNet(Denoiser):
    """U-Net of two levels.

    Args:
        width: channels at full size; twice and four times as many at half and a quarter.
        skips: whether what was seen on the way down is handed across; without, it is an autoencoder.
        residual: whether the network gives the noise, to be subtracted, or the restored image itself.
        channels: of the images; 1 for grey ones, 3 for colour.
    """

    reach = 24

    def __init__(self, width: int = 16, skips: bool = True, residual: bool = True, channels: int = 1) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width counts channels and must be at least 1, got {width}")
        self.skips, self.residual = skips, residual
        half, quarter = 2 * width, 4 * width
        self.down_full, self.down_half = block(channels, width), block(width, half)
        self.bottom = block(half, quarter)
        self.rise_half = nn.ConvTranspose2d(quarter, half, 2, stride=2)
        self.up_half = block(quarter if skips else half, half)
        self.rise_full = nn.ConvTranspose2d(half, width, 2, stride=2)
        self.up_full = block(half if skips else width, width)
        self.output = nn.Conv2d(width, channels, 1)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        height, width = noisy.shape[2:]
        padded = functional.pad(noisy, (0, -width % 4, 0, -height % 4), mode="replicate")
        full = self.down_full(padded)
        half = self.down_half(functional.max_pool2d(full, 2))
        bottom = self.bottom(functional.max_pool2d(half, 2))
        half = self.up_half(self.join(half, self.rise_half(bottom)))
        full = self.up_full(self.join(full, self.rise_full(half)))
        output: Tensor = self.output(full)
        return (padded - output if self.residual else output)[..., :height, :width]

    def join(self, seen: Tensor, risen: Tensor) -> Tensor:
        return torch.cat([seen, risen], dim=1) if self.skips else risen

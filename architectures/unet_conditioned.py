"""The U-Net that is told the noise level, as one more input plane."""

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
class UNetConditioned(Denoiser):
    """`unet` with a plane of the noise's standard deviation beside the image; not blind.

    The plane is the noise level map of Zhang, Zuo and Zhang, "FFDNet: Toward a Fast and Flexible
    Solution for CNN-based Image Denoising", IEEE Transactions on Image Processing 2018. All else is
    as in `unet`, so that the two differ in what they are told alone.

    Args:
        width: channels at full size; twice and four times as many at half and a quarter.
        residual: whether the network gives the noise, to be subtracted, or the restored image itself.
        channels: of the images; 1 for grey ones, 3 for colour.
    """

    blind = False
    kin = "unet"
    reach = 24

    def __init__(self, width: int = 16, residual: bool = True, channels: int = 1) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width counts channels and must be at least 1, got {width}")
        self.residual = residual
        half, quarter = 2 * width, 4 * width
        self.down_full, self.down_half = block(channels + 1, width), block(width, half)
        self.bottom = block(half, quarter)
        self.rise_half = nn.ConvTranspose2d(quarter, half, 2, stride=2)
        self.up_half = block(quarter, half)
        self.rise_full = nn.ConvTranspose2d(half, width, 2, stride=2)
        self.up_full = block(half, width)
        self.output = nn.Conv2d(width, channels, 1)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        height, width = noisy.shape[2:]
        padded = functional.pad(noisy, (0, -width % 4, 0, -height % 4), mode="replicate")
        level = variance.sqrt().view(-1, 1, 1, 1).expand_as(padded[:, :1])
        full = self.down_full(torch.cat([padded, level], dim=1))
        half = self.down_half(functional.max_pool2d(full, 2))
        bottom = self.bottom(functional.max_pool2d(half, 2))
        half = self.up_half(torch.cat([half, self.rise_half(bottom)], dim=1))
        full = self.up_full(torch.cat([full, self.rise_full(half)], dim=1))
        output: Tensor = self.output(full)
        return (padded - output if self.residual else output)[..., :height, :width]

"""The tutorial's small convolutional autoencoder: 16,385 parameters."""

from torch import Tensor, nn
from torch.nn import functional

from architectures import Denoiser, denoiser


def encode(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
    return nn.Sequential(convolution, nn.ReLU(inplace=True), nn.BatchNorm2d(outputs, momentum=0.01))


def decode(inputs: int, outputs: int) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
    return nn.Sequential(convolution, nn.ReLU(inplace=True), nn.BatchNorm2d(outputs, momentum=0.01))


@denoiser
class ConvAutoencoder(Denoiser):
    """Three convolutions down to a quarter of the size, two transposed ones up, no skips.

    Each layer is convolution, ReLU, batch norm (momentum 0.01), in this order; the last is a 3×3
    convolution with a sigmoid. Sizes that are no multiple of four are padded by their border.

    Args:
        width: channels of the first layer; twice and four times as many further in. The tutorial's is 8.
        channels: of the images; 1 for grey ones, 3 for colour.
    """

    reach = 16

    def __init__(self, width: int = 8, channels: int = 1) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width counts channels and must be at least 1, got {width}")
        self.encoder = nn.Sequential(
            encode(channels, width, 2), encode(width, 2 * width, 2), encode(2 * width, 4 * width, 1)
        )
        self.decoder = nn.Sequential(decode(4 * width, 2 * width), decode(2 * width, width))
        self.output = nn.Sequential(nn.Conv2d(width, channels, 3, padding=1), nn.Sigmoid())

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        height, width = noisy.shape[2:]
        padded = functional.pad(noisy, (0, -width % 4, 0, -height % 4), mode="replicate")
        restored: Tensor = self.output(self.decoder(self.encoder(padded)))
        return restored[..., :height, :width]

"""A deeper and wider autoencoder with the same bottleneck idea: the tutorial's second exercise."""

from torch import Tensor, nn
from torch.nn import functional

from architectures import Denoiser, denoiser


def convolve(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1)
    return nn.Sequential(convolution, nn.ReLU(inplace=True), nn.BatchNorm2d(outputs))


def enlarge(inputs: int, outputs: int) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
    return nn.Sequential(convolution, nn.ReLU(inplace=True), nn.BatchNorm2d(outputs))


@denoiser
class DeepAutoencoder(Denoiser):
    """An hourglass without skips: everything passes a quarter of the size.

    Args:
        width: channels of the first layer; twice and four times as many further in.
        depth: layers in all, at least 7; those beyond 7 are at a quarter of the size.
        channels: of the images; 1 for grey ones, 3 for colour.
    """

    def __init__(self, width: int = 16, depth: int = 9, channels: int = 1) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"width counts channels and must be at least 1, got {width}")
        if depth < 7:
            raise ValueError(f"depth must be at least 7, the layers down, up and out, got {depth}")
        self.reach = 4 * (depth - 3)
        self.encoder = nn.Sequential(
            convolve(channels, width, stride=2),
            convolve(width, 2 * width),
            convolve(2 * width, 4 * width, stride=2),
            *(convolve(4 * width, 4 * width) for _ in range(depth - 7)),
        )
        self.decoder = nn.Sequential(
            enlarge(4 * width, 2 * width),
            convolve(2 * width, 2 * width),
            enlarge(2 * width, width),
        )
        self.output = nn.Sequential(nn.Conv2d(width, channels, 3, padding=1), nn.Sigmoid())

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        height, width = noisy.shape[2:]
        padded = functional.pad(noisy, (0, -width % 4, 0, -height % 4), mode="replicate")
        restored: Tensor = self.output(self.decoder(self.encoder(padded)))
        return restored[..., :height, :width]

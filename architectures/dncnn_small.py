"""A small DnCNN: a stack of convolutions at full size that predicts the noise."""

from torch import Tensor, nn

from architectures import Denoiser, denoiser


@denoiser
class DnCNNSmall(Denoiser):
    """Convolution and ReLU, then convolution, batch norm and ReLU again and again, then convolution.

    Zhang, Zuo, Chen, Meng and Zhang, "Beyond a Gaussian Denoiser: Residual Learning of Deep CNN for
    Image Denoising", IEEE Transactions on Image Processing 2017. Theirs has 17 layers of 64 channels, the options
    `depth=17` and `width=64`; this one is sized so that a training step takes about as long as one of `unet`.

    Args:
        depth: layers in all, at least 2; a pixel sees `depth` pixels to each side.
        width: channels between the layers.
        residual: whether the network gives the noise, to be subtracted, or the restored image itself.
        channels: of the images; 1 for grey ones, 3 for colour.
    """

    def __init__(self, depth: int = 8, width: int = 16, residual: bool = True, channels: int = 1) -> None:
        super().__init__()
        if depth < 2:
            raise ValueError(f"depth must be at least 2, the first layer and the last, got {depth}")
        if width < 1:
            raise ValueError(f"width counts channels and must be at least 1, got {width}")
        self.reach = depth
        self.residual = residual
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
        for _ in range(depth - 2):
            layers.append(nn.Conv2d(width, width, 3, padding=1, bias=False))  # the norm has one
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, channels, 3, padding=1))

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        output: Tensor = self.layers(noisy)
        return noisy - output if self.residual else output

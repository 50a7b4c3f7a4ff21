"""Networks that others published, built as their weights need them."""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

DEPTH, WIDTH = 20, 64
EPSILON = 1e-5


class ScaleNorm(nn.Module):
    """Batch norm in evaluation that only multiplies: no mean is subtracted, no constant added."""

    running_var: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))
        self.register_buffer("running_var", torch.ones(WIDTH))

    def forward(self, features: Tensor) -> Tensor:
        return features * (self.weight / (self.running_var.sqrt() + EPSILON)).view(-1, 1, 1)


class PublishedDnCNN(nn.Module):
    """The DnCNN of Mohan et al. (ICLR 2020): 20 layers of 64 channels; the network gives the noise.

    Args:
        bias_free: whether it has no additive constants.
    """

    def __init__(self, bias_free: bool) -> None:
        super().__init__()
        bias = not bias_free
        self.first_layer = nn.Conv2d(1, WIDTH, 3, padding=1, bias=bias)
        hidden = (nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=bias) for _ in range(DEPTH - 2))
        self.hidden_layer_list = nn.ModuleList(hidden)
        norms = (ScaleNorm() if bias_free else nn.BatchNorm2d(WIDTH, eps=EPSILON) for _ in range(DEPTH - 2))
        self.bn_layer_list = nn.ModuleList(norms)
        self.last_layer = nn.Conv2d(WIDTH, 1, 3, padding=1, bias=bias)

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        features = self.first_layer(noisy).relu()
        for convolution, norm in zip(self.hidden_layer_list, self.bn_layer_list, strict=True):
            features = norm(convolution(features)).relu()
        restored: Tensor = noisy - self.last_layer(features)
        return restored


def published_dncnn(path: Path, bias_free: bool) -> PublishedDnCNN:
    """The network with its weights; raises ValueError if the file does not hold them."""
    model = PublishedDnCNN(bias_free)
    try:
        missing, _ = model.load_state_dict(safetensors.torch.load_file(path), strict=False)
    except Exception as error:
        raise ValueError(f"{path} does not hold the weights of this DnCNN ({error})") from None
    if absent := sorted(name for name in missing if not name.endswith("num_batches_tracked")):
        raise ValueError(f"{path} lacks {', '.join(absent[:3])} of this DnCNN")
    return model.eval()

"""How far a denoiser is from restoring an image of other contrast or brightness alike."""

import torch
from torch import Tensor, nn

SCALES = (0.5, 2.0)
SHIFTS = (-0.1, 0.1)


@torch.inference_mode()
def defects(model: nn.Module, noisy: Tensor, variance: float) -> tuple[float, float]:
    """How f(a·y) differs from a·f(y), and f(y + b) from f(y) + b, as shares of what f takes away from y.

    Root mean squares over images and pixels, averaged over a = 1/2 and 2, and over b = ±0.1; nothing is clipped.
    A denoiser that is told the variance is told a²·variance. 0 for one that is equivariant; 1 where the difference is
    as large as what was taken away.

    Args:
        noisy: images y, (N, C, H, W).
    """

    def restored(images: Tensor, factor: float = 1.0) -> Tensor:
        result: Tensor = model(images, torch.full((len(images),), factor**2 * variance, device=images.device))
        return result

    plain = restored(noisy)
    taken = _size(noisy - plain)
    scale = [_size(restored(a * noisy, a) - a * plain) / (a * taken) for a in SCALES]
    shift = [_size(restored(noisy + b) - plain - b) / taken for b in SHIFTS]
    return sum(scale) / len(scale), sum(shift) / len(shift)


def _size(difference: Tensor) -> float:
    return difference.double().square().mean().sqrt().item()

"""Restores large images tile by tile, so that memory stays bounded; the result is that of the whole image."""

import torch
from torch import Tensor, nn

LARGEST = 1024 * 1024  # pixels restored at once


TILE = 512  # pixels to each side, without the margin


STEP = 4  # networks look at every fourth pixel at their coarsest, so tiles begin at multiples of it


def restore(model: nn.Module, noisy: Tensor, variance: Tensor) -> Tensor:
    """Restores noisy images, (N, C, H, W), with the noise variance of each, (N,).

    Images of more than LARGEST pixels are cut into tiles if the model has a `reach`: how many pixels it looks
    to each side. Each tile is restored with a margin of that width, and the margin is dropped. A tile ends
    where the image ends, so borders are treated as in the whole image. Results differ from those of the
    whole image by rounding only. A model without `reach` always gets the whole image.
    """
    height, width = noisy.shape[2:]
    reach = getattr(model, "reach", None)
    if reach is None or height * width <= LARGEST:
        whole: Tensor = model(noisy, variance)
        return whole
    margin = -(-reach // STEP) * STEP
    restored = torch.empty_like(noisy)
    for top, bottom in _spans(height):
        first, last = max(0, top - margin), min(height, bottom + margin)
        for left, right in _spans(width):
            start, end = max(0, left - margin), min(width, right + margin)
            tile = model(noisy[:, :, first:last, start:end], variance)
            inside = tile[:, :, top - first : bottom - first, left - start : right - start]
            restored[:, :, top:bottom, left:right] = inside
    return restored


def _spans(size: int) -> list[tuple[int, int]]:
    """Where tiles start and end along one axis."""
    return [(start, min(start + TILE, size)) for start in range(0, size, TILE)]

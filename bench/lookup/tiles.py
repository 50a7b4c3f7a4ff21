"""Restoring large images tile by tile, so that memory stays bounded, with the result of the whole."""

import torch
from torch import Tensor, nn

LARGEST = 1024 * 1024  # pixels restored at once


TILE = 512  # pixels to each side, without the margin


STEP = 4  # networks look at every fourth pixel at their coarsest, so tiles begin at multiples of it


def restore(model: nn.Module, noisy: Tensor, variance: Tensor) -> Tensor:
    """What the model makes of noisy images, (N, C, H, W), with the noise variance of each, (N,).

    Images of more than LARGEST pixels are cut into tiles where the model says how far it looks,
    `reach` pixels to each side. Each tile is restored with a margin of that, and the margin dropped;
    where an image ends the tile ends too, so that borders are treated as in the whole. The result is
    that of the whole but for rounding. A model without `reach` always gets the whole.
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

"""Random training patches from photographs of any size."""

import torch
from torch import Tensor

from bench.core.images import Stack


def draw_patches(images: Stack, size: int, count: int, rng: torch.Generator) -> Tensor:
    """Square patches, uint8 (count, C, size, size): random image, place, mirroring and quarter turns.

    Every patch of every image is equally likely, so large images give more patches.

    Args:
        images: each at least as large as a patch.

    Raises:
        ValueError: an image is smaller than a patch.
    """
    places = torch.tensor([(image.shape[1] - size + 1) * (image.shape[2] - size + 1) for image in images])
    for number, image in enumerate(images):
        if min(image.shape[1:]) < size:
            height, width = image.shape[1:]
            raise ValueError(
                f"image {number} is {height}×{width}, too small for a patch of {size}: use smaller patches"
            )
    chosen = torch.multinomial(places.double(), count, replacement=True, generator=rng)
    shares = torch.rand(count, 2, generator=rng, dtype=torch.float64)
    turns = torch.randint(8, (count,), generator=rng)
    patches = []
    for number, (down, across), turn in zip(chosen.tolist(), shares.tolist(), turns.tolist(), strict=True):
        image = images[number]
        top, left = int(down * (image.shape[1] - size + 1)), int(across * (image.shape[2] - size + 1))
        patch = image[:, top : top + size, left : left + size]
        patch = patch.flip(2) if turn >= 4 else patch
        patches.append(patch.rot90(turn % 4, (1, 2)))
    return torch.stack(patches)

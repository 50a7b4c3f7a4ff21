"""Stacks of clean images, of one size or of several."""

import hashlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

# Images of one size as one tensor, uint8 (N, C, H, W), or one by one where sizes differ, each uint8 (C, H, W).
# len() counts them and a slice of a stack is a stack, for both kinds.
Stack = Tensor | tuple[Tensor, ...]


BATCH, PIXELS = 200, 200 * 28 * 28  # at once: images of MNIST's size by hundreds, a large photograph alone


def stack(images: Sequence[Tensor]) -> Stack:
    """Images, each uint8 (C, H, W), in their order: one tensor if all have one size and there are any."""
    return torch.stack(tuple(images)) if len({image.shape for image in images}) == 1 else tuple(images)


def take(images: Stack, numbers: Tensor) -> Stack:
    """The images of these numbers, (M,) int64, in this order."""
    return images[numbers] if isinstance(images, Tensor) else tuple(images[number] for number in numbers.tolist())


def one_size(images: Stack) -> Tensor:
    """All images as one tensor, uint8 (N, C, H, W).

    Raises:
        ValueError: their sizes differ, or there are none.
    """
    whole = images if isinstance(images, Tensor) else stack(images)
    if isinstance(whole, Tensor):
        return whole
    sizes = sorted({tuple(image.shape[1:]) for image in images})
    given = f"{len(sizes)} sizes, such as " + " and ".join(f"{h}×{w}" for h, w in sizes[:2]) if sizes else "no image"
    raise ValueError(f"images of one size are needed, got {given}")


def batches(images: Stack, most: int = BATCH) -> Iterator[tuple[Tensor, Tensor]]:
    """All images in batches of one size each: their numbers, (B,) int64, and pixels, uint8 (B, C, H, W).

    Numbers rise within a batch. Nothing is resized or cropped. A batch has at most `most` images and about
    PIXELS pixels, so that memory stays bounded.
    """
    groups: dict[torch.Size, list[int]] = {}
    for number in range(len(images)):
        groups.setdefault(images[number].shape, []).append(number)
    for (_, height, width), numbers in groups.items():
        size = max(1, min(most, PIXELS // (height * width)))
        for chosen in torch.split(torch.tensor(numbers), size):
            yield chosen, one_size(take(images, chosen))


def channels_of(images: Stack) -> int:
    """Channels of each image; 1 if there is no image."""
    return int(images[0].shape[0]) if len(images) else 1


def twins(images: Stack, others: Stack) -> list[tuple[int, int]]:
    """Images that are in both stacks, compared by all pixels: pairs of their numbers in the two."""
    known = {_pixels(image): number for number, image in enumerate(others)}
    return [(number, known[key]) for number, image in enumerate(images) if (key := _pixels(image)) in known]


def digest(*stacks: Stack) -> str:
    """Eight hexadecimal digits of the SHA-256 of all sizes and pixels, in their order."""
    sha256 = hashlib.sha256()
    for images in stacks:
        sha256.update(f"{len(images)} images".encode())
        for image in images:
            sha256.update(_pixels(image))
    return sha256.hexdigest()[:8]


def _pixels(image: Tensor) -> bytes:
    size = str(tuple(image.shape)).encode()
    return hashlib.sha256(size + image.numpy().tobytes()).digest()

"""Scoring: every denoiser meets the same images under the same noise."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from bench.device import place
from bench.experiment import Protocol
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.rng import streams
from bench.stacks import Stack, batches
from bench.tiles import restore

Array = npt.NDArray[Any]

BATCH = 200
EXAMPLES, SIDE = 4, 96  # images kept to look at, and how many pixels to each side of them


@dataclass(frozen=True)
class Restored:
    """What one test variance gave.

    Attributes:
        values: for each metric, one value for each test image, (N,) float64.
        clean, examples: the middle of the first few images and of what came back, to look at: uint8
            (E, H, W), or (E, H, W, 3) in colour, 96 pixels to each side at most.
    """

    variance: float
    values: dict[str, Array]
    clean: Array
    examples: Array


@torch.inference_mode()
def evaluate(
    model: nn.Module, clean: Stack, protocol: Protocol, cells: Iterable[tuple[float, str]], device: torch.device
) -> Iterator[Restored]:
    """Scores a denoiser on clean test images, whole and at their own sizes, in the cells asked for.

    A cell is a test variance and the name of a metric; the answer comes variance by variance.
    Noisy images are never clipped; restored ones are, if the protocol says so and unless the
    denoiser's class says `clipped = False`.
    """
    place(model, device).eval()
    clean = clean[: protocol.images]
    clip = protocol.clip and getattr(model, "clipped", True)
    wanted: dict[float, list[str]] = {}
    for variance, metric in sorted(cells):
        wanted.setdefault(variance, []).append(metric)
    alike = list(batches(clean, BATCH))
    for variance, metrics in wanted.items():
        values = {metric: torch.empty(len(clean), dtype=torch.float64) for metric in metrics}
        seen = {}
        for numbers, images in alike:
            batch = images.float() / 255
            noisy = corrupt(batch, variance, protocol, numbers.tolist()).to(device)
            batch = batch.to(device)
            restored = restore(model, noisy, torch.full((len(batch),), variance, device=device))
            restored = restored.clamp(0, 1) if clip else restored
            for metric in metrics:
                values[metric][numbers] = METRICS[metric](batch, restored).cpu()
            for number, image in zip(numbers.tolist(), restored, strict=True):
                if number < EXAMPLES:
                    seen[number] = (image.clamp(0, 1) * 255).round().byte().cpu()
        each = {metric: found.numpy() for metric, found in values.items()}
        yield Restored(variance, each, _middles(clean[:EXAMPLES]), _middles([seen[number] for number in sorted(seen)]))


def corrupt(clean: Tensor, variance: float, protocol: Protocol, numbers: Iterable[int]) -> Tensor:
    """Test images, float (N, C, H, W), of these numbers, with the noise every denoiser meets.

    Each image has a stream of its own, so that neither batches nor the number of images move it.
    """
    one = torch.full((1,), variance)
    add, names = NOISES[protocol.noise], ("test noise", protocol.dataset, protocol.seed)
    noisy = []
    for image, number in zip(clean, numbers, strict=True):
        (rng,) = streams(*names, first=number, count=1)
        noisy.append(add(image[None], one, rng))
    return torch.cat(noisy)


def _middles(images: Iterable[Tensor]) -> Array:
    """The middle of images, each uint8 (C, H, W): as large as the smallest of them, and SIDE at most."""
    found = list(images)
    height, width = (min(SIDE, *(image.shape[axis] for image in found)) for axis in (1, 2))
    middles = []
    for image in found:
        row, column = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
        middles.append(image[:, row : row + height, column : column + width])
    together = torch.stack(middles)
    return together.permute(0, 2, 3, 1).numpy() if together.shape[1] == 3 else together[:, 0].numpy()

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

Array = npt.NDArray[Any]

BATCH = 200
EXAMPLES = 4


@dataclass(frozen=True)
class Restored:
    """What one test variance gave.

    Attributes:
        values: for each metric, one value for each test image, (N,) float64.
        clean, examples: the first few images and what came back, uint8 (E, H, W), to look at.
    """

    variance: float
    values: dict[str, Array]
    clean: Array
    examples: Array


@torch.inference_mode()
def evaluate(
    model: nn.Module, clean: Tensor, protocol: Protocol, cells: Iterable[tuple[float, str]], device: torch.device
) -> Iterator[Restored]:
    """Scores a denoiser on clean test images, uint8 (N, 1, H, W), in the cells asked for.

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
    for variance, metrics in wanted.items():
        values: dict[str, list[Tensor]] = {metric: [] for metric in metrics}
        for first in range(0, len(clean), BATCH):
            batch = clean[first : first + BATCH].float() / 255
            noisy = corrupt(batch, variance, protocol, first).to(device)
            batch = batch.to(device)
            restored = model(noisy, torch.full((len(batch),), variance, device=device))
            restored = restored.clamp(0, 1) if clip else restored
            for metric in metrics:
                values[metric].append(METRICS[metric](batch, restored).cpu())
            if first == 0:
                examples = (restored[:EXAMPLES, 0].clamp(0, 1) * 255).round().byte().cpu().numpy()
        each = {metric: torch.cat(parts).numpy() for metric, parts in values.items()}
        yield Restored(variance, each, clean[:EXAMPLES, 0].numpy(), examples)


def corrupt(clean: Tensor, variance: float, protocol: Protocol, first: int) -> Tensor:
    """Test images, float (N, 1, H, W) from number `first` on, with the noise every denoiser meets.

    Each image has a stream of its own, so that neither batches nor the number of images move it.
    """
    one = torch.full((1,), variance)
    rngs = streams("test noise", protocol.dataset, protocol.seed, first=first, count=len(clean))
    return torch.cat([NOISES[protocol.noise](image[None], one, rng) for image, rng in zip(clean, rngs, strict=True)])

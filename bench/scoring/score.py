"""Scoring: every denoiser meets the same images under the same noise."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from bench.core.experiment import Protocol
from bench.core.images import Stack, batches
from bench.core.results import Array, Restored
from bench.core.rng import streams
from bench.lookup.denoisers import place
from bench.lookup.tiles import restore
from bench.metrics import METRICS
from bench.noises import NOISES

BATCH = 200


SIDE = 64  # pixels; width and height of the examples that are kept


@torch.inference_mode()
def evaluate(
    model: nn.Module, clean: Stack, protocol: Protocol, cells: Iterable[tuple[float, str]], device: torch.device
) -> Iterator[Restored]:
    """Scores a denoiser on clean test images, whole and at their own sizes; yields variance by variance.

    A cell is a test variance and the name of a metric. Noisy images are never clipped. Restored images are
    clipped if the protocol says so, unless the denoiser's class says `clipped = False`.
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
        for numbers, images in alike:
            batch = images.float() / 255
            noisy = corrupt(batch, variance, protocol, numbers.tolist()).to(device)
            batch = batch.to(device)
            restored = restore(model, noisy, torch.full((len(batch),), variance, device=device))
            restored = restored.clamp(0, 1) if clip else restored
            for metric in metrics:
                values[metric][numbers] = METRICS[metric](batch, restored).cpu()
            for image in restored[(numbers == 0).to(device)]:
                example = (image.clamp(0, 1) * 255).round().byte().cpu()
        by_metric = {metric: tensor.numpy() for metric, tensor in values.items()}
        yield Restored(variance, by_metric, _middle(clean[0]), _middle(example))


def corrupt(clean: Tensor, variance: float, protocol: Protocol, numbers: Iterable[int]) -> Tensor:
    """Adds to test images, float (N, C, H, W), of these numbers the noise that every denoiser meets.

    Each image has its own stream, so neither the batch size nor the number of images changes the noise.
    """
    one = torch.full((1,), variance)
    add, names = NOISES[protocol.noise], ("test noise", protocol.dataset, protocol.seed)
    noisy = []
    for image, number in zip(clean, numbers, strict=True):
        (rng,) = streams(*names, first=number, count=1)
        noisy.append(add(image[None], one, rng))
    return torch.cat(noisy)


def _middle(image: Tensor) -> Array:
    """The middle of an image, uint8 (C, H, W), to look at: at most SIDE × SIDE pixels."""
    height, width = (min(SIDE, size) for size in image.shape[1:])
    row, column = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    middle = image[:, row : row + height, column : column + width]
    return middle.permute(1, 2, 0)[None].numpy() if len(middle) == 3 else middle.numpy()

"""Scoring: every denoiser meets the same images under the same noise."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from bench.core.experiment import RECORDED, Protocol
from bench.core.images import Stack, batches
from bench.core.results import Array, Restored
from bench.core.rng import global_streams, streams
from bench.lookup.denoisers import place
from bench.lookup.images import images_of
from bench.lookup.tiles import restore
from bench.metrics import METRICS
from bench.noises import NOISES

BATCH = 200


EXAMPLES, SIDE = 8, 64  # images that are kept to look at, and the most pixels to each side


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
    examples = dict(enumerate(clean[:EXAMPLES]))
    shown = _middles(examples)
    for variance, metrics in wanted.items():
        values = {metric: torch.empty(len(clean), dtype=torch.float64) for metric in metrics}
        for numbers, images in alike:
            batch = images.float() / 255
            noisy = corrupt(batch, variance, protocol, numbers.tolist()).to(device)
            batch = batch.to(device)
            with global_streams("scoring", protocol.dataset, protocol.seed, str(variance), int(numbers[0])):
                restored = restore(model, noisy, torch.full((len(batch),), variance, device=device))
            restored = restored.clamp(0, 1) if clip else restored
            for metric in metrics:
                values[metric][numbers] = METRICS[metric](batch, restored).cpu().double()
            for number, image in zip(numbers.tolist(), restored, strict=True):
                if number in examples:
                    examples[number] = (image.clamp(0, 1) * 255).round().byte().cpu()
        by_metric = {metric: tensor.numpy() for metric, tensor in values.items()}
        yield Restored(variance, by_metric, shown, _middles(examples))


def corrupt(clean: Tensor, variance: float, protocol: Protocol, numbers: Iterable[int]) -> Tensor:
    """Adds to test images, float (N, C, H, W), of these numbers the noise that every denoiser meets.

    Each image has its own stream, so neither the batch size nor the number of images changes the noise. Recorded noise
    is that of the dataset.
    """
    if protocol.noise == RECORDED:
        recorded = images_of(protocol.dataset).recorded
        return torch.stack([recorded[number] for number in numbers]).float() / 255
    one = torch.full((1,), variance)
    add, names = NOISES[protocol.noise], ("test noise", protocol.dataset, protocol.seed)
    noisy = []
    for image, number in zip(clean, numbers, strict=True):
        (rng,) = streams(*names, first=number, count=1)
        noisy.append(add(image[None], one, rng))
    return torch.cat(noisy)


def _middles(images: dict[int, Tensor]) -> Array:
    """The middles of images, uint8 (C, H, W), to look at: all of one size, at most SIDE pixels to a side."""
    height, width = (min(SIDE, *(image.shape[axis] for image in images.values())) for axis in (1, 2))
    middles = []
    for image in images.values():
        row, column = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
        middles.append(image[:, row : row + height, column : column + width])
    together = torch.stack(middles)
    return together.permute(0, 2, 3, 1).numpy() if together.shape[1] == 3 else together[:, 0].numpy()

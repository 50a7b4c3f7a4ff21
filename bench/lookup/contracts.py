"""What plug-ins promise, tried on a tiny batch before anything is measured.

Each check raises `Broken`, which names the plug-in, what came, what is needed, and the likely cause.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from architectures import Memorizing
from bench.core.experiment import Experiment
from bench.core.image_files import SMALLEST
from bench.core.images import Stack, twins
from bench.core.registry import Registry, from_outside
from bench.core.rng import stream
from bench.core.settings import settings_kept
from bench.datasets import Images
from bench.lookup.denoisers import build, learns
from bench.metrics import METRICS
from bench.noises import NOISES

SIZES = ((16, 16), (17, 23))
ROUNDING = 1e-4
WIDEST = 40  # pixels of a `reach` that is tried


class Broken(ValueError):
    """A plug-in that does not keep its contract."""


def check_plugin(registry: Registry[Any], name: str, check: Callable[[], None]) -> None:
    """Runs a check of a plug-in from outside Desruido; whatever it raises or changes is told in its name."""
    if not from_outside(registry[name]):
        return
    who = f"the {registry.kind} {name!r}"
    try:
        with settings_kept(who):
            check()
    except Broken as error:
        raise Broken(f"{who} {error}") from None
    except (Exception, SystemExit) as error:
        raise Broken(f"{who} fails on a tiny batch: {type(error).__name__}: {error}") from error


def check_denoiser(experiment: Experiment) -> None:
    """Shape, type, finite values, each image alone, no state, untouched inputs, and what the class says of itself."""
    channels = dict(experiment.options).get("channels", 1)
    for height, width in SIZES:
        noisy = _images(3, channels, height, width) * 1.5 - 0.25
        _check_restoring(_ready(experiment, channels, height, width), noisy)
    if learns(experiment):
        _check_gradients(build(experiment).train(), _images(4, channels, *SIZES[0]))
    else:
        _check_scale(_ready(experiment, channels, *SIZES[0]), channels)
    reach = getattr(build(experiment), "reach", None)
    if reach is not None and reach <= WIDEST:
        size = 4 * (-(-(2 * reach + 8) // 4))
        _check_reach(_ready(experiment, channels, size, size), _images(1, channels, size, size), reach)


def _ready(experiment: Experiment, channels: int, height: int, width: int) -> nn.Module:
    """The denoiser as built; one that memorizes images gets some of that size."""
    model = build(experiment).eval()
    if isinstance(model, Memorizing):
        model.fit(_images(8, channels, height, width).mul(255).byte())
    return model


@torch.no_grad()
def _check_restoring(model: nn.Module, noisy: Tensor) -> None:
    variance = torch.linspace(0.001, 0.1, len(noisy))
    with _untouched(noisy, variance):
        restored: Any = model(noisy, variance)
    _need(isinstance(restored, Tensor), f"gives a {type(restored).__name__}, and must give a tensor")
    came, needed = tuple(restored.shape), tuple(noisy.shape)
    _need(came == needed, f"gives the shape {came} for images of shape {needed}, and must keep it")
    _need(restored.dtype == noisy.dtype, f"gives {restored.dtype}, and must give {noisy.dtype}, with values in [0, 1]")
    _need(bool(restored.isfinite().all()), "gives values that are not finite")
    again = model(noisy, variance)
    _need(torch.equal(restored, again), "gives another result the second time: does it draw, or keep what it saw?")
    alone = torch.cat([model(noisy[i : i + 1], variance[i : i + 1]) for i in range(len(noisy))])
    alike = torch.allclose(restored, alone, atol=ROUNDING, rtol=ROUNDING)
    _need(alike, "restores an image in a batch otherwise than alone: does it use statistics of the batch?")
    if getattr(model, "blind", True):
        same = torch.equal(restored, model(noisy, 10 * variance))
        _need(same, "uses the variance that it is told and must say so: blind = False")


def _check_gradients(model: nn.Module, clean: Tensor) -> None:
    with torch.enable_grad():
        restored = model(clean, torch.full((len(clean),), 0.01))
        _need(restored.requires_grad, "cannot be trained, since its result has no gradient: does it use no_grad?")
        (restored - clean).square().mean().backward()
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    _need(any(w.grad is not None for w in trained), "cannot be trained, since no weight gets a gradient: frozen?")


@torch.no_grad()
def _check_scale(model: nn.Module, channels: int) -> None:
    """Of a denoiser that learns nothing; one that is to be trained may give anything."""
    clean = _images(2, channels, *SIZES[0])
    largest = model(clean, torch.full((2,), 1e-4)).abs().max().item()
    _need(largest < 10, f"gives values up to {largest:.3g} for images in [0, 1]: are they in 0..255?")


@torch.no_grad()
def _check_reach(model: nn.Module, noisy: Tensor, reach: int) -> None:
    other, variance = noisy.clone(), torch.full((1,), 0.01)
    other[..., 0, 0] = 1 - other[..., 0, 0]
    changed = (model(noisy, variance) - model(other, variance)).abs() > 1e-6
    far = changed[..., reach + 1 :, :].any() or changed[..., reach + 1 :].any()
    _need(not far, f"says reach = {reach}, and a pixel changes others that are farther away")


def check_noise(name: str) -> None:
    """The variance asked for, drawn from the stream alone, and an input left as it is."""
    add, clean = NOISES[name], 0.25 + _images(256, 1, *SIZES[0]) / 2
    for asked in (0.01, 0.04):
        variance = torch.full((len(clean),), asked)
        with _untouched(clean, variance), _nothing_drawn():
            noisy: Any = add(clean, variance, stream("check", 1))
        _need(isinstance(noisy, Tensor), f"gives a {type(noisy).__name__}, and must give a tensor")
        shape = f"gives {noisy.dtype} of shape {tuple(noisy.shape)} for {clean.dtype} of shape {tuple(clean.shape)}"
        _need((noisy.shape, noisy.dtype) == (clean.shape, clean.dtype), shape)
        same = torch.equal(noisy, add(clean, variance, stream("check", 1)))
        other = torch.equal(noisy, add(clean, variance, stream("check", 2)))
        _need(same and not other, "must give equal noise for equal streams, and other noise for another one")
        added = (noisy - clean).square().mean().item()
        hint = ": does it take a standard deviation?" if 0.8 < added / asked**2 < 1.2 else ""
        _need(0.85 < added / asked < 1.15, f"has a variance of {added:.3g} where {asked} was asked for{hint}")


def check_metric(name: str) -> None:
    """One value for each image by itself, best at equality, worse with more noise, and inputs left as they are."""
    compare, clean = METRICS[name], _images(3, 1, 32, 32)
    field = torch.randn(clean.shape, generator=stream("check"))
    values = []
    for restored in (clean + 0.2 * field, clean + 0.05 * field, clean.clone()):
        with _untouched(clean, restored):
            value: Any = compare(clean, restored)
        _need(isinstance(value, Tensor), f"gives a {type(value).__name__}, and must give a tensor, a value an image")
        came = "one value for all images" if value.numel() == 1 else f"the shape {tuple(value.shape)} for three images"
        _need(value.shape == (3,), f"gives {came}, and must give one value for each")
        _need(value.is_floating_point() and not value.isnan().any(), f"gives values that are no numbers: {value}")
        alone = torch.cat([compare(clean[i : i + 1], restored[i : i + 1]) for i in range(3)])
        _need(torch.allclose(value, alone, rtol=1e-3), "gives an image another value in a batch than alone")
        values.append(value)
    gains = torch.stack(values).diff(dim=0) * (1 if compare.better == "higher" else -1)
    _need(bool((gains > 0).all()), f"says better = {compare.better!r}, and does not rank less noise as better")


def check_images(images: Any, again: Any) -> None:
    """Two calls of a dataset: uint8, channels first, large enough, disjoint, and the same both times."""
    pair = isinstance(images, tuple) and len(images) in (2, 3)
    _need(pair, f"gives a {type(images).__name__}, and must return Images(train, test)")
    images, again = Images(*images), Images(*again)
    for part, stack in images._asdict().items():
        _check_stack(part, stack)
    every = [*images.train, *images.test]
    _need(len(images.test) > 0, "has no image to test on")
    channels = {image.shape[0] for image in every}
    _need(channels in ({1}, {3}), f"has images of {sorted(channels)} channels, and all must have 1, or all 3")
    smallest = min(min(image.shape[1:]) for image in every)
    _need(smallest >= SMALLEST, f"has an image of {smallest} pixels to a side, and {SMALLEST} are needed")
    shapes = [[image.shape for image in part] for part in (images.recorded, images.test)]
    _need(not shapes[0] or shapes[0] == shapes[1], "has recorded images of other numbers or sizes than clean ones")
    every, second = [*every, *images.recorded], [*again.train, *again.test, *again.recorded]
    same = len(every) == len(second) and all(map(torch.equal, every, second))
    _need(same, "gives other images at each call: seed what it draws")
    if both := twins(images.test, images.train):
        raise Broken(f"has {len(both)} of its test images among those for training: take them away from one")


def _check_stack(part: str, stack: Stack | Any) -> None:
    if isinstance(stack, np.ndarray) or (isinstance(stack, tuple) and stack and isinstance(stack[0], np.ndarray)):
        raise Broken(f"gives {part} as numpy arrays: use torch.from_numpy")
    _need(isinstance(stack, Tensor | tuple), f"gives {part} as {type(stack).__name__}, and must give a stack of images")
    images = stack if isinstance(stack, tuple) else stack[:1]
    _need(all(isinstance(image, Tensor) for image in images), f"holds more than images in {part}: leave labels out")
    for image in images:
        if image.dtype != torch.uint8:
            unit = image.is_floating_point() and image.numel() and image.max() <= 1
            how = ": multiply by 255 and round" if unit else ""
            raise Broken(f"has {image.dtype} in {part}, and must have uint8 in 0..255{how}")
        _need(
            image.dim() == 3,
            f"has images of {image.dim()} axes in {part}, and needs channel, row, column: add a channel axis",
        )
        last = image.shape[0] not in (1, 3) and image.shape[-1] in (1, 3)
        _need(not last, f"has images of shape {tuple(image.shape)} in {part}: channels come first")


def _images(count: int, channels: int, height: int, width: int) -> Tensor:
    return torch.rand((count, channels, height, width), generator=stream("contract"))


def _need(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Broken(otherwise)


@contextmanager
def _untouched(*inputs: Tensor) -> Iterator[None]:
    before = [tensor.clone() for tensor in inputs]
    yield
    _need(all(map(torch.equal, inputs, before)), "changes its input: work on a copy")


@contextmanager
def _nothing_drawn() -> Iterator[None]:
    """Makes sure that the global generators stay as they are."""
    before = _global_states()
    yield
    _need(_global_states() == before, "draws from a global generator, and must draw from `rng` alone")


def _global_states() -> list[object]:
    _, numbers, *rest = np.random.get_state()  # noqa: NPY002  # the global one is what this is about
    return [torch.get_rng_state().tolist(), list(numbers), rest, random.getstate()]

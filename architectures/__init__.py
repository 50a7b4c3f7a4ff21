"""Denoisers: one self-contained file each, whose name is the denoiser's name everywhere.

The contract. A denoiser is an `nn.Module` class, decorated by `@denoiser`, that can be built without
arguments; options are keyword arguments of its constructor. `forward(noisy, variance)` takes noisy
images, (N, C, H, W) float with clean values in [0, 1] and noise on top, never clipped, and the noise
variance of each, (N,); it returns the restored images in the same shape. Sizes from 16×16 on, odd
ones too, are welcome, and each image is treated alone. Images have one channel, or three in colour: a
denoiser to which that matters has an option `channels: int = 1`, and is built with what the dataset has.
A denoiser is blind, that is, it ignores `variance`, unless the class says `blind = False`. One without
parameters has nothing to train.
Restored images are clipped to [0, 1] before they are scored, unless the class says `clipped = False`.

A filter may name values of one option to choose from on validation images, its default among them:
`grid = {"sigma": (0.5, 1.0, 2.0)}`. A denoiser with a method `fit(images)`, uint8 (N, C, H, W), memorizes
training images instead of learning by gradient; it may then refuse every other size by ValueError.
One that is another in all but what it is told or may not have says `kin = "unet"`: where it has not been
trained at a variance, what the other was trained there tells what there was to be had.
One whose pixels depend only on those at most so many rows and columns away says `reach = 24`, on the class
or on the instance: large images are then restored in tiles (see `bench.lookup.tiles`), which begin at multiples
of four pixels. Without it an image is always restored whole.
One that needs a package beyond Desruido's own says `requires = "package"`, and cannot be built without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bench.core.registry import Registry

if TYPE_CHECKING:
    from torch import nn

DENOISERS: Registry[type[nn.Module]] = Registry("denoiser", __name__)

Class = TypeVar("Class", bound="type[nn.Module]")


def denoiser(cls: Class) -> Class:
    """Registers a denoiser under the name of its file."""
    DENOISERS.register(cls.__module__, cls)
    return cls

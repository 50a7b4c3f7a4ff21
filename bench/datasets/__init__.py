"""Datasets: one file each, holding a function decorated by `@dataset`.

The function returns `Images`: training and test images, disjoint, always in the same order. One without
arguments is named `name`; one that takes a path, `(path: Path) -> Images`, is named `name:PATH` (see
`bench.core.dataset_names`).
Names without a file here are looked up in torchvision (see `bench.lookup.torchvision_datasets`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from bench.core.images import Stack, digest
from bench.core.registry import Registry


class Images(NamedTuple):
    """Clean images, all grey or all in three channels. Validation images are split from `train` later.

    Each stack is uint8 (N, C, H, W), or a tuple of uint8 (C, H, W) where sizes differ, 16×16 or
    larger. `train` may be empty; then nothing that needs training can be measured.

    `recorded` holds the test images with the noise that a camera recorded, in their order and sizes. It is empty where
    noise is to be added.
    """

    train: Stack
    test: Stack
    recorded: Stack = ()

    @property
    def digest(self) -> str:
        """Of all pixels; recorded images count where there are any, so that other datasets keep their digests."""
        return digest(self.train, self.test, *([self.recorded] if len(self.recorded) else []))


DATASETS: Registry[Callable[..., Images]] = Registry("dataset", __name__)

Function = TypeVar("Function", bound=Callable[..., Images])


def dataset(function: Function) -> Function:
    """Registers a dataset under the name of its file."""
    DATASETS.register(function.__module__, function)
    return function

"""Datasets: one file each, holding a function without arguments, decorated by `@dataset`.

It returns `Images`: training and test images that share none, uint8 (N, 1, H, W), in an order that
never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from bench.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


class Images(NamedTuple):
    """Clean images, uint8 (N, 1, H, W); validation images are later split from `train`."""

    train: Tensor
    test: Tensor


DATASETS: Registry[Callable[[], Images]] = Registry("dataset", __name__)

Function = TypeVar("Function", bound=Callable[[], Images])


@cache
def images_of(name: str) -> Images:
    """A dataset, read once by each process."""
    return DATASETS[name]()


def dataset(function: Function) -> Function:
    """Registers a dataset under the name of its file."""
    DATASETS.register(function.__module__, function)
    return function

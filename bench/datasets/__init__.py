"""Datasets: one file each, holding a function decorated by `@dataset`.

It returns `Images`: training and test images that share none, in an order that never changes. A
function without arguments is asked for by its name; one that takes a path, `(path: Path) -> Images`,
by `name:PATH`. What is below a path may change, so such a name gets a digest of the pixels before it
enters an experiment, `name:PATH@3f2a9c01`, and no result of other pixels is taken for one of these.
A name that no file has may be one of torchvision's, see `bench.lookup.torchvision_datasets`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench.core.images import Stack
from bench.core.registry import Registry


class Images(NamedTuple):
    """Clean images, all grey or all in three channels; validation images are later split from `train`.

    Each stack is uint8 (N, C, H, W), or a tuple of uint8 (C, H, W) where sizes differ, 16×16 or
    larger. `train` may be empty; nothing that needs training can then be measured.
    """

    train: Stack
    test: Stack


DATASETS: Registry[Callable[..., Images]] = Registry("dataset", __name__)

Function = TypeVar("Function", bound=Callable[..., Images])


def dataset(function: Function) -> Function:
    """Registers a dataset under the name of its file."""
    DATASETS.register(function.__module__, function)
    return function


def dataset_title(name: str) -> str:
    """A dataset's name for readers: of a path its last part."""
    kind, _, path = parted(name)[0].partition(":")
    return Path(path).name or kind


def parted(name: str) -> tuple[str, str | None]:
    """A name without its digest, and the digest if it has one; one path, written in two ways, has one name."""
    match = re.fullmatch(r"(.+:.+)@([0-9a-f]{8})", name)
    kind, _, path = (match[1] if match else name).partition(":")
    return f"{kind}:{Path(path).as_posix()}" if path else name, match[2] if match else None

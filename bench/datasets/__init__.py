"""Datasets: one file each, holding a function decorated by `@dataset`.

The function returns `Images`: training and test images, disjoint, always in the same order. One without
arguments is named `name`; one that takes a path, `(path: Path) -> Images`, is named `name:PATH`. Files may
change, so an experiment holds such a name with a digest of the pixels, `name:PATH@3f2a9c01`.
Names without a file here are looked up in torchvision (see `bench.lookup.torchvision_datasets`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench.core.images import Stack
from bench.core.registry import Registry


class Images(NamedTuple):
    """Clean images, all grey or all in three channels. Validation images are split from `train` later.

    Each stack is uint8 (N, C, H, W), or a tuple of uint8 (C, H, W) where sizes differ, 16×16 or
    larger. `train` may be empty; then nothing that needs training can be measured.
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
    """A dataset's name for readers; of a path, its last part."""
    kind, _, path = parted(name)[0].partition(":")
    return Path(path).name or kind


def parted(name: str) -> tuple[str, str | None]:
    """A name without its digest, and the digest or None. Two spellings of one path give one name."""
    match = re.fullmatch(r"(.+:.+)@([0-9a-f]{8})", name)
    kind, _, path = (match[1] if match else name).partition(":")
    return f"{kind}:{Path(path).as_posix()}" if path else name, match[2] if match else None

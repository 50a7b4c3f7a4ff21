"""Datasets: one file each, holding a function decorated by `@dataset`.

It returns `Images`: training and test images that share none, in an order that never changes. A
function without arguments is asked for by its name; one that takes a path, `(path: Path) -> Images`,
by `name:PATH`. What is below a path may change, so such a name gets a digest of the pixels before it
enters an experiment, `name:PATH@3f2a9c01`, and no result of other pixels is taken for one of these.
A name that no file has may be one of torchvision's, see `bench.downloads`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from bench.registry import Registry, UnknownName
from bench.stacks import Stack, digest


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


@cache
def images_of(name: str) -> Images:
    """A dataset, read once by each process.

    Raises:
        UnknownName: there is no such dataset.
        ValueError: it needs a path and got none, or the reverse; or its images changed.
    """
    plain, expected = parted(name)
    if expected is None:
        function, path = function_of(name), plain.partition(":")[2]
        return function(Path(path)) if path else function()
    images = images_of(plain)
    if (found := digest(*images)) != expected:
        raise ValueError(
            f"the images of {plain} changed: their digest is {found}, and {expected} was measured; "
            f"put the old ones back, or measure the new ones: --dataset {plain}"
        )
    return images


def function_of(name: str) -> Callable[..., Images]:
    """The function that reads a dataset, from its name with or without path and digest; reads nothing.

    Raises:
        UnknownName, ValueError: as `images_of`, as far as can be told from the name.
    """
    kind, colon, path = parted(name)[0].partition(":")
    try:
        function = DATASETS[kind]
    except UnknownName:
        from bench import downloads  # late: torchvision is slow to import

        function = downloads.function_of(kind)
    takes = bool(inspect.signature(function).parameters)
    if takes and not path:
        raise ValueError(f"the dataset {kind!r} needs a path, got {name!r}: write {kind}:PATH")
    if colon and not takes:
        raise ValueError(f"the dataset {kind!r} takes no path, got {name!r}: write {kind}")
    return function


def pinned(name: str) -> str:
    """The name of a dataset as an experiment holds it: with a digest where there is a path."""
    plain, expected = parted(name)
    return name if expected is not None or ":" not in plain else f"{plain}@{digest(*images_of(plain))}"


def title(name: str) -> str:
    """A dataset's name for readers: of a path its last part."""
    kind, _, path = parted(name)[0].partition(":")
    return Path(path).name or kind


def parted(name: str) -> tuple[str, str | None]:
    """A name without its digest, and the digest if it has one; one path, written in two ways, has one name."""
    found = re.fullmatch(r"(.+:.+)@([0-9a-f]{8})", name)
    kind, _, path = (found[1] if found else name).partition(":")
    return f"{kind}:{Path(path).as_posix()}" if path else name, found[2] if found else None

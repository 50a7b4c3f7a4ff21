"""The images of a dataset by its name, where training images come from, and how they are split."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch

from bench.core.dataset_names import PLACES, full_name, parse, place_of
from bench.core.images import Stack, channels_of, take, twins
from bench.core.registry import UnknownName
from bench.core.rng import stream
from bench.core.tasks import Source
from bench.datasets import DATASETS, Images
from bench.lookup.contracts import check_images, check_plugin


@cache
def images_of(name: str) -> Images:
    """A dataset, read once by each process.

    Raises:
        UnknownName: there is no such dataset.
        ValueError: it needs a path and got none, takes none and got one, or its images changed or are not known.
    """
    _, path, expected = parse(name)
    if not expected:
        function = function_of(name)
        arguments = [Path(path)] if path else []
        images = function(*arguments)
        kind = parse(name).kind
        if kind in DATASETS:
            check_plugin(DATASETS, kind, lambda: check_images(images, function(*arguments)))
        return images
    plain = place_of(name)
    if not plain:
        raise ValueError(f"it is not known where the images {name} are: name them by --dataset or --train-data")
    images = images_of(plain)
    if (actual := images.digest) != expected:
        raise ValueError(
            f"the images of {plain} changed: their digest is {actual}, and {expected} was measured; "
            f"put the old ones back, or measure the new ones: --dataset {plain}"
        )
    return images


def function_of(name: str) -> Callable[..., Images]:
    """The function that reads a dataset, from its name with or without path and digest; reads nothing.

    Raises:
        UnknownName, ValueError: as `images_of`, as far as can be told from the name.
    """
    kind, path, expected = parse(name)
    try:
        function = DATASETS[kind]
    except UnknownName:
        from bench.lookup.torchvision_datasets import function_of  # late: torchvision is slow to import

        function = function_of(kind)
    takes = bool(inspect.signature(function).parameters)
    if takes and not (path or expected):
        raise ValueError(f"the dataset {kind!r} needs a path, got {name!r}: write {kind}:PATH")
    if ":" in name and not takes:
        raise ValueError(f"the dataset {kind!r} takes no path, got {name!r}: write {kind}")
    return function


def identified(name: str) -> str:
    """A dataset as experiments and protocols hold it: by a digest of its pixels, unless these come with Desruido."""
    kind, path, expected = parse(name)
    if expected or (not path and function_of(name).__module__ == f"{DATASETS.package}.{kind}"):
        return name
    plain = f"{kind}:{path}" if path else kind
    identity = f"{kind}@{images_of(plain).digest}"
    PLACES[identity] = plain
    return identity


def training_of(name: str) -> Stack:
    """The training images of a dataset; for a folder without train/, all its images."""
    images = images_of(name)
    return images.train if len(images.train) else images.test


def source_of(test: str, train: str | None) -> Source:
    """Where training images come from: `train` if given, else the tested dataset.

    Raises:
        ValueError: the two differ in channels, or share an image.
    """
    clean = images_of(test)
    if train is None:
        return Source(test if len(clean.train) else None, channels_of(clean.test))
    training, channels = training_of(train), channels_of(clean.test)
    if channels_of(training) != channels:
        raise ValueError(
            f"the images of {full_name(train)} have {channels_of(training)} channels, and those of {full_name(test)} "
            f"have {channels}: name both in grey or both in colour"
        )
    if same := twins(clean.test, training):
        both = f"{len(same)} of the test images of {full_name(test)} are in {full_name(train)} too"
        raise ValueError(f"{both}: take them away from one")
    return Source(train, channels)


def split(images: Stack, dataset: str) -> tuple[Stack, Stack]:
    """Training and validation images, 80 : 20, by a permutation that depends on the dataset alone."""
    order = torch.randperm(len(images), generator=stream("split", dataset))
    cut = len(images) * 4 // 5
    return take(images, order[:cut]), take(images, order[cut:])

"""Where training images come from, and what a plan must know of them."""

from typing import NamedTuple

from bench.datasets import images_of
from bench.stacks import Stack, channels_of, twins


class Source(NamedTuple):
    """What a plan must know of images: the dataset to train on, None if there is none, and the channels."""

    training: str | None
    channels: int = 1


def training_of(name: str) -> Stack:
    """The images a dataset has to train on; all of a folder without train/, when it is named for that."""
    images = images_of(name)
    return images.train if len(images.train) else images.test


def source_of(test: str, train: str | None) -> Source:
    """Where training images come from: from `train`, or else from the dataset that is tested.

    Raises:
        ValueError: the two have other channels, or share an image.
    """
    clean = images_of(test)
    if train is None:
        return Source(test if len(clean.train) else None, channels_of(clean.test))
    mine, channels = training_of(train), channels_of(clean.test)
    if channels_of(mine) != channels:
        raise ValueError(
            f"the images of {train} have {channels_of(mine)} channels, and those of {test} have {channels}: "
            "name both in grey or both in colour"
        )
    if same := twins(clean.test, mine):
        raise ValueError(f"{len(same)} of the test images of {test} are in {train} too: take them away from one")
    return Source(train, channels)

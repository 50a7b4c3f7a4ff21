"""Datasets of torchvision by name, such as `fashion_mnist`: downloaded once, into the user's cache."""

import inspect
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from bench.core.image_files import pixels
from bench.core.images import Stack, stack
from bench.core.registry import UnknownName, pick
from bench.datasets import DATASETS, Images

PARTS = ({"train": True}, {"split": "train"}), ({"train": False}, {"split": "test"})


def names() -> dict[str, Any]:
    """Classes of torchvision that download training and test images, by name: FashionMNIST is `fashion_mnist`."""
    module = torchvision().datasets
    classes = {}
    for name in module.__all__:
        options = inspect.signature(getattr(module, name)).parameters
        if "download" in options and ("train" in options or "split" in options):
            snake = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
            classes[snake] = getattr(module, name)
    return classes


def function_of(name: str) -> Callable[[], Images]:
    """The function that reads a dataset of torchvision; raises `UnknownName` if there is none of that name."""
    known = names()
    for other in set(torchvision().datasets.__all__) - {cls.__name__ for cls in known.values()}:
        if other.lower() == name.replace("_", "").lower():
            raise UnknownName(f"torchvision's {other} has no plain training and test part: add it by a plug-in")
    pick("dataset", name, dict.fromkeys(DATASETS) | known)

    def read() -> Images:
        return images_from(known[name], name)

    return read


def images_from(dataset: Callable[..., Any], name: str) -> Images:
    """Training and test images of a class like torchvision's; grey if the first image is. Labels are dropped.

    Raises:
        OSError: it cannot be downloaded.
        ValueError: it has no training and test part, or an item is no image or cannot be read.
    """
    folder = cache_folder()
    train, test = (_part(dataset, choices, folder, name) for choices in PARTS)
    return Images(train, test)


def cache_folder() -> Path:
    """Where downloads are kept: below $XDG_CACHE_HOME, or ~/.cache; raises OSError if there is no home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "desruido"
    except RuntimeError:
        raise OSError(
            "it is not known where your home folder is: set XDG_CACHE_HOME to a folder for downloads"
        ) from None


def _part(dataset: Callable[..., Any], choices: Iterable[dict[str, Any]], folder: Path, name: str) -> Stack:
    options = inspect.signature(dataset).parameters
    choice = next(candidate for candidate in choices if set(candidate) <= set(options))
    copy = folder / dataset.__name__
    held = any(file.is_file() for file in copy.rglob("*"))
    try:
        items = dataset(root=folder, download=True, **choice)
    except Exception as error:  # no network, a server that is gone, a file that is damaged
        reason = " ".join(f"{type(error).__name__}: {error}".split())  # some take several lines
        if held:
            raise OSError(f"the copy of {name} in {copy} is damaged ({reason}): delete it and try again") from None
        if isinstance(error, ValueError | ImportError):
            raise ValueError(f"torchvision's {name} is of no use here ({reason}): choose another dataset") from None
        raise OSError(
            f"{name} cannot be downloaded ({reason}): try again with a network, "
            f"or copy the folder {folder} from a machine that has it"
        ) from None
    images: list[Tensor] = []
    for number in range(len(items)):
        image = items[number][0]
        if not isinstance(image, Image.Image):
            raise ValueError(f"torchvision's {name} holds {type(image).__name__}, no images: choose another dataset")
        colour = images[0].shape[0] == 3 if images else image.mode not in ("1", "L")
        images.append(pixels(image, colour, f"image {number} of {name}"))
    return stack(images)


_library: torch.library.Library | None = None  # its operators exist as long as this object


def torchvision() -> ModuleType:
    """The module torchvision. Only its datasets and transforms are used.

    PyPI has one build of it, made for torch with CUDA. Beside torch for CPUs its compiled operators do not
    load, and the import fails. Datasets need none of them, so two are declared empty.
    """
    global _library
    try:
        import torchvision
    except RuntimeError:
        _library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # not annotated in torch
        for operator in ("nms", "qnms"):
            signature = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            _library.define(signature)  # type: ignore[no-untyped-call]  # not annotated in torch
        import torchvision
    import torchvision.datasets
    import torchvision.transforms

    module: ModuleType = torchvision
    return module

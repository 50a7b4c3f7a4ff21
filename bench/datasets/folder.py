"""folder:PATH, images of a folder in grey: PATH/train and PATH/test, or PATH itself, to be tested on."""

from pathlib import Path

from bench.core.image_files import SUFFIXES, Unusable, read
from bench.core.images import Stack, stack, twins
from bench.datasets import Images, dataset

OTHERS = (
    *(".apng", ".avif", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".pbm", ".pgm", ".ppm", ".tga", ".webp"),
    *(".arw", ".cr2", ".dng", ".exr", ".mat", ".nef", ".npy", ".psd", ".svg"),
)


@dataset
def folder(path: Path) -> Images:
    """PNG, JPEG, TIFF and BMP files below PATH/train and PATH/test, in the order of their names; grey.

    Without these two folders, all images are those of PATH itself, and are for testing; so they are
    for training where `--train-data` names PATH. Without PATH/train there is nothing to train on.
    Folders further down, hidden files, and files that are no images are passed over.
    `bench.core.image_files` tells how colour, 16 bits, palettes and transparency are read.

    Raises:
        ValueError: there is no such folder, it has no image to test on, an image cannot be used, or
            one is in both parts; the message names the file.
    """
    return images_below(path, colour=False)


def images_below(path: Path, colour: bool) -> Images:
    """The images of a folder, as told above; (1, H, W), or (3, H, W) in colour."""
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}: name one that holds images, or test/ and perhaps train/")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"the name of the folder {str(path)!r} is no UTF-8, and could not be stored: rename it"
        ) from None
    train, test = path / "train", path / "test"
    if not (train.exists() or test.exists()):
        return Images((), _stack(path, files_of(path), colour))
    if not test.exists():
        raise ValueError(
            f"{path} has a folder train/ and no test/: put the images to test on into {test}, or name them by "
            f"--dataset and add --train-data folder:{train}"
        )
    files, tested = files_of(train) if train.exists() else [], files_of(test)
    images = Images(_stack(train, files, colour) if train.exists() else (), _stack(test, tested, colour))
    if same := twins(images.test, images.train):
        ours, theirs = same[0]
        raise ValueError(f"{tested[ours]} is the same image as {files[theirs]}, which is for training: take one away")
    return images


def _stack(folder: Path, files: list[Path], colour: bool) -> Stack:
    if not files:
        folders = sorted(file.name for file in folder.iterdir() if file.is_dir()) if folder.is_dir() else []
        held = f"holds folders ({', '.join(folders[:3])}) and no image" if folders else "holds no image"
        hint = "; images further down are passed over" if folders else ""
        raise ValueError(f"{folder} {held}: put PNG, JPEG, TIFF or BMP files into it{hint}")
    return stack([read(file, colour) for file in files])


def files_of(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name; raises `Unusable` for other formats and links to nothing."""
    files = sorted(file for file in folder.iterdir() if not file.name.startswith(".") and not file.is_dir())
    for file in files:
        if not file.exists() and file.suffix.lower() in SUFFIXES:
            raise Unusable(f"{file} is a link to what is not there: fetch it, or take the link away")
        if file.suffix.lower() in OTHERS:
            raise Unusable(f"{file} is no PNG, JPEG, TIFF or BMP: convert it, or take it away")
    return [file for file in files if file.suffix.lower() in SUFFIXES]

"""Reading an image file as pixels, or saying by name why it cannot be used."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib")


SMALLEST = 16  # pixels to each side, which is what denoisers promise to take
MOST = 200_000_000  # pixels of one image: beyond any camera, and within the memory of a workstation


class Unusable(ValueError):
    """An image that cannot be used; the message names the file, what is wrong, and the way out."""


def read(path: Path, colour: bool = False) -> Tensor:
    """An image file as uint8 pixels, (1, H, W), or (3, H, W) in colour; at its full size, as stored.

    `pixels` tells how each kind of file is read. A JPEG with several pictures, as cameras write them, gives
    its first. An EXIF orientation is not followed.

    Raises:
        Unusable: the file is no PNG, JPEG, TIFF or BMP, is damaged, animated or of several pages,
            transparent, of an unknown scale, smaller than 16×16, or larger than 200 megapixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # there is a limit of our own
            opened = Image.open(path, formats=FORMATS)
        with opened as image:
            if image.width * image.height > MOST:
                raise Image.DecompressionBombError
            frames = getattr(image, "n_frames", 1)
            if frames > 1 and image.format != "MPO":
                raise Unusable(f"{path} holds {frames} images: save one of them to a file of its own")
            image.load()
            return pixels(image, colour, str(path))
    except Unusable:
        raise
    except Image.DecompressionBombError:
        large = f"{path} has more than {MOST // 10**6} megapixels, or says so"
        raise Unusable(f"{large}: cut it into smaller ones") from None
    except Exception as error:  # the type of error depends on where the damage is
        if not path.exists():
            raise Unusable(f"there is no file {path}") from None
        if (kind := _other_format(path)) is not None:
            raise Unusable(f"{path} is {kind}, not PNG, JPEG, TIFF or BMP: convert it") from None
        if "MAX_TEXT" in str(error):
            raise Unusable(f"{path} holds more text than is read: save it without metadata") from None
        what = "is empty" if path.is_file() and not path.stat().st_size else "cannot be read as an image"
        raise Unusable(f"{path} {what} ({error}): repair it or take it away") from None


def _other_format(path: Path) -> str | None:
    """The format of a file that Pillow knows and `read` does not take; None if it has one of FORMATS or is damaged."""
    try:
        with Image.open(path) as image:
            return image.format if image.format not in FORMATS else None
    except Exception:
        return None


def pixels(image: Image.Image, colour: bool, name: str) -> Tensor:
    """An image of Pillow as uint8 pixels, (1, H, W), or (3, H, W) in colour.

    Colour becomes grey by Pillow's "L", the luma of ITU-R 601: (299 R + 587 G + 114 B) / 1000; grey
    becomes colour as three equal channels. A palette is looked up first. 16-bit grey is scaled to
    0..255 and rounded; of 16-bit colours Pillow reads the upper byte. Transparency may be there if
    no pixel uses it.

    Raises:
        Unusable: see `read`; `name` says which image it is.
    """
    if min(image.size) < SMALLEST:
        size = f"{image.height}×{image.width}"
        raise Unusable(f"{name} has {size} pixels, and denoisers need at least {SMALLEST}×{SMALLEST}: take it away")
    sixteen = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG")
    if sixteen:
        _check_sixteen(image, name)
        grey = (np.asarray(image).astype(np.uint32) + 128) // 257
        image = Image.fromarray(grey.astype(np.uint8))
    elif image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        raise Unusable(f"{name} has pixels of kind {image.mode!r}: convert it to 8-bit grey or RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise Unusable(f"{name} is transparent, and what is behind it is not known: flatten it to grey or RGB")
    elif image.mode == "P":
        image = image.convert("RGB")
    array = np.array(image.convert("RGB" if colour else "L"))  # a copy, since Pillow's own is read-only
    return torch.from_numpy(array).view(*array.shape[:2], -1).permute(2, 0, 1).contiguous()


def _check_sixteen(image: Image.Image, name: str) -> None:
    """Raises `Unusable` for 16-bit grey whose values mean something else than a share of 65,535."""
    tags = getattr(image, "tag_v2", {})
    bits, largest = tags.get(258, (16,)), tags.get(281, (65535,))  # BitsPerSample, MaxSampleValue
    if tuple(bits) != (16,) or tuple(np.atleast_1d(largest)) != (65535,):
        raise Unusable(f"{name} holds fewer than 16 bits in 16, so its scale is not known: convert it to 8-bit grey")
    if "transparency" in image.info and (np.asarray(image) == image.info["transparency"]).any():
        raise Unusable(f"{name} is transparent, and what is behind it is not known: flatten it to grey or RGB")

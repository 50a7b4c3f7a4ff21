"""folder_pairs:PATH, noisy photographs with their clean ones, in grey: the noise is the one that a camera recorded."""

from pathlib import Path

from bench.core.image_files import read
from bench.core.images import stack
from bench.datasets import Images, dataset
from bench.datasets.folder import files_of

WORDS = {"noisy": "clean", "real": "mean", "NOISY": "GT"}  # in the names of a pair; the second is clean


@dataset
def folder_pairs(path: Path) -> Images:
    """Pairs of files in PATH whose names differ in one word, in the order of their names; for testing alone.

    The words are noisy and clean, as in `a_noisy.png` and `a_clean.png`; real and mean, as in PolyU; or NOISY and GT,
    as in SIDD. Files are read as those of `folder`, in grey.

    Raises:
        ValueError: there is no such folder or no pair in it, a noisy image has no clean one of the same size, or an
            image cannot be used; the message names the file.
    """
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}: name one that holds pairs of noisy and clean images")
    files = files_of(path)
    pairs = [(file, clean) for file in files if (clean := _clean(file, files)) is not None]
    if not pairs:
        words = ", ".join(f"NAME_{noisy} and NAME_{clean}" for noisy, clean in WORDS.items())
        raise ValueError(f"{path} holds no pair of noisy and clean images: name them {words}")
    noisy = [read(file, colour=False) for file, _ in pairs]
    references = [read(other, colour=False) for _, other in pairs]
    for (file, other), image, reference in zip(pairs, noisy, references, strict=True):
        if image.shape != reference.shape:
            sizes = " and ".join("×".join(map(str, one.shape[1:])) for one in (image, reference))
            raise ValueError(f"{file} and {other} differ in size ({sizes}): crop them to the same part")
    return Images((), stack(references), stack(noisy))


def _clean(file: Path, files: list[Path]) -> Path | None:
    """The clean one of some files for a noisy one; None for a file that is not noisy by its name."""
    parts = file.stem.split("_")
    noisy, clean = next((pair for pair in WORDS.items() if set(pair) & set(parts)), ("", ""))
    if noisy not in parts:
        return None
    name = "_".join(clean if part == noisy else part for part in parts)
    others = [other for other in files if other.stem == name]
    if len(others) != 1:
        raise ValueError(f"{file} has {len(others)} clean images named {name} beside it, and needs one")
    return others[0]

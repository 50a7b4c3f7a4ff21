"""Image files restored, one or a folder of them, by the denoiser that was named or that fits best."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from bench.core.dataset_names import dataset_title
from bench.core.image_files import SUFFIXES, Unusable
from bench.core.results import Array
from bench.running.applied.choose import READY, advise, likest
from bench.running.applied.denoise_file import Denoised, channels, complete, denoise, noise_of, save_like, trainings_of
from bench.store.store import Store


@dataclass(frozen=True)
class File:
    """A file that was restored or not.

    Attributes:
        notes: how it was restored; empty if it was not.
        skipped: why it was left alone, for a reason that is no fault.
        failure: why it could not be restored.
    """

    noisy: Path
    out: Path
    notes: tuple[str, ...] = ()
    skipped: str = ""
    failure: str = ""


def restore(
    noisy: Path | Array,
    stores: Sequence[Store],
    denoiser: str = "",
    variance: float | None = None,
    dataset: str | None = None,
) -> Denoised:
    """Restores an image with a denoiser of a study, and says where that is not to be relied on.

    Args:
        noisy: an image file, or pixels, (H, W) or (H, W, 3): uint8, or floats with clean values in [0, 1].
        stores: studies; the first that tested images like this one is taken.
        denoiser: its name; by default the one that should reach most at the noise of the image.
        variance: of the noise, pixels in [0, 1]; by default it is estimated.
        dataset: what the denoiser that is named was trained on, in the first study; by default the images that this
            one is most like.

    Raises:
        ValueError: the file is no image, its noise cannot be estimated, or the study has nothing for it.
    """
    notes = []
    if denoiser:
        pixels = channels(noisy)
        level = noise_of(noisy, pixels).variance if variance is None else variance
        like = likest(stores[:1] if dataset else stores, pixels, level, denoiser)
        store = like.store if like else stores[0]
        known = [row.experiment.dataset for row in like.rows if row.experiment.dataset] if like else []
        trainings = trainings_of(store, denoiser, dataset or next(iter(known), None))
        learned = trainings[0].dataset if not trainings[0].tuned else None
        if like is not None and like.unlike and learned:
            warning = f"warning  {denoiser} learned from {dataset_title(learned)}, and this image is unlike those"
            notes.append(warning + _better(noisy, stores, denoiser, variance))
    else:
        advice = advise(noisy, stores, READY, variance)
        store, best = advice.like.store, advice.picks[0]
        trainings = [experiment for experiment in best.row.experiments if complete(experiment, store)]
        notes += [f"chosen   {best.name}", *advice.notes]
    restored = denoise(noisy, trainings, store, variance)
    return replace(restored, notes=(*notes, *restored.notes))


def _better(noisy: Path | Array, stores: Sequence[Store], denoiser: str, variance: float | None) -> str:
    try:
        best = advise(noisy, stores, READY, variance).picks[0]
    except ValueError:  # nothing else is ready
        return ""
    name = best.row.experiment.denoiser
    return f"; {name} should do better: --with {name}" if name != denoiser else ""


def restore_files(
    files: Sequence[tuple[Path, Path]], restored: Callable[[Path], Denoised], force: bool
) -> Iterator[File]:
    """Restores files, each into another one; yields each when it is done.

    Args:
        restored: restores one file.
        force: whether files that are there are written anew.

    Raises:
        ValueError: the only file cannot be restored. Of several, such files are among those that are yielded.
    """
    for noisy, out in files:
        file = File(noisy, out)
        if out.exists() and not force:
            yield replace(file, skipped="is there already; --force writes it anew")
            continue
        try:
            result = restored(noisy)
        except ValueError as error:
            if len(files) == 1:
                raise
            yield replace(file, failure=str(error))
            continue
        out.parent.mkdir(exist_ok=True)
        save_like(noisy, result.image, out)
        yield replace(file, notes=result.notes)


def pairs(noisy: Path, out: Path) -> list[tuple[Path, Path]]:
    """Each image file with the file that it becomes."""
    if not noisy.is_dir():
        return [(noisy, out)]
    files = sorted(file for file in noisy.iterdir() if file.suffix.lower() in SUFFIXES and file.name[0] != ".")
    return [(file, out / file.name) for file in files]


def check_files(noisy: Path, out: Path, force: bool) -> None:
    """Raises ValueError unless there is an image or a folder of them, and a place for what it becomes."""
    if not noisy.exists():
        raise ValueError(f"there is no file {noisy}")
    if out.exists() and out.samefile(noisy):
        raise ValueError(f"--out {out} is the noisy image itself: name another one")
    if not out.resolve().parent.is_dir():
        raise ValueError(f"--out names an image in a folder that is there, such as clean.png, got {out}")
    if noisy.is_dir():
        if not pairs(noisy, out):
            raise Unusable(f"{noisy} holds no PNG, JPEG, TIFF or BMP")
        if out.exists() and not out.is_dir():
            raise ValueError(f"{noisy} is a folder, so --out names one too, got the file {out}")
        return
    if Image.registered_extensions().get(out.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"--out names an image in a folder that is there, such as clean.png, got {out}")
    if out.exists() and not force:
        raise ValueError(f"{out} is there already: name another file, or add --force to write it anew")
    channels(noisy)

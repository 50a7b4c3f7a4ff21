"""A trained denoiser from the store, applied to an image file."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps
from torch import Tensor

from architectures import Memorizing
from bench.core.dataset_names import dataset_title, full_name, place_of
from bench.core.experiment import Experiment
from bench.core.image_files import SMALLEST, read
from bench.core.images import one_size
from bench.core.program import invocation
from bench.core.results import Array
from bench.lookup.denoisers import build, load, place, tuned
from bench.lookup.images import identified, split, training_of
from bench.lookup.tiles import restore
from bench.scoring.noise_level import NoiseLevel, noise_level
from bench.store.files import write
from bench.store.store import Store

LARGEST_VALUE = 10  # of noisy floats; beyond it pixels are surely not in [0, 1]


@dataclass(frozen=True)
class Denoised:
    """A restored image and how it was made.

    Attributes:
        image: (H, W) or (H, W, 3): uint8; uint16 for a file of 16-bit grey; float32 in [0, 1] where floats were given.
        experiment: the training that was chosen.
        variance: of the noise, as it was told or estimated, in squared pixel units with pixels in [0, 1].
        notes: the same in words.
    """

    image: Array
    experiment: Experiment
    variance: float
    notes: tuple[str, ...]


def denoise(noisy: Path | Array, trainings: Sequence[Experiment], store: Store, variance: float | None) -> Denoised:
    """Restores an image with the training of a denoiser that fits its noise.

    Args:
        noisy: an image file, or pixels, (H, W) or (H, W, 3): uint8, or floats with clean values in [0, 1].
        trainings: those to choose from, such as `trainings_of` gives.
        variance: noise variance in squared pixel units, pixels in [0, 1]; None estimates it.

    Raises:
        ValueError: the file is no image, the pixels are none, or their noise cannot be estimated.
    """
    pixels, notes = channels(noisy), []
    if variance is None:
        level = noise_of(noisy, pixels)
        variance = level.variance
        if math.isnan(variance):
            name = noisy if isinstance(noisy, Path) else "this image"
            raise ValueError(f"the noise of {name} cannot be estimated, since it has no detail; say it with --variance")
        ends = " to ".join(f"{255 * math.sqrt(end):.1f}" for end in (level.low, level.high))
        notes.append(
            f"noise variance estimated as {variance:.4g} (σ = {255 * math.sqrt(variance):.1f} of 255, from {ends})"
        )
    experiment = nearest(trainings, variance)
    trained = experiment.variance
    if trained is not None and experiment.dataset is not None:
        inside = "" if variance in trained else f", which {variance:.4g} is outside of"
        how = f"{'tuned' if experiment.tuned else 'trained'} on {dataset_title(experiment.dataset)}"
        noise = "" if experiment.noise == "gaussian" else f"{experiment.noise} "
        notes.append(f"{experiment.denoiser} {how} at {noise}noise variance {trained}{inside}")
    image = _restored(pixels, ready(experiment, store), dict(experiment.options).get("channels", 1) == 3, variance)
    if isinstance(noisy, Path) and deep(noisy):
        image = (image * 65535).round().astype(np.uint16)
    elif isinstance(noisy, Path) or noisy.dtype == np.uint8:
        image = (image * 255).round().astype(np.uint8)
    return Denoised(image, experiment, variance, tuple(notes))


def channels(noisy: Path | Array) -> Tensor:
    """Pixels, float64 (C, H, W), clean values in [0, 1]."""
    if isinstance(noisy, Path):
        pixels = read(noisy, colour=coloured(noisy)).double() / 255  # which says what is wrong with a file
        if deep(noisy):
            with Image.open(noisy) as image:
                pixels = torch.from_numpy(np.asarray(image).astype(np.float64) / 65535)[None]
        return pixels
    planes = noisy[None] if noisy.ndim == 2 else np.moveaxis(noisy, -1, 0)
    if noisy.ndim not in (2, 3) or len(planes) not in (1, 3) or min(planes.shape[1:]) < SMALLEST:
        raise ValueError(
            f"an image is (H, W) or (H, W, 3) pixels, at least {SMALLEST} to each side, got shape {noisy.shape}"
        )
    if noisy.dtype == np.uint8:
        return torch.from_numpy(planes / 255)
    if noisy.dtype.kind != "f" or not np.isfinite(noisy).all() or np.abs(noisy).max() > LARGEST_VALUE:
        raise ValueError(
            f"an image is uint8, or floats with clean values in [0, 1], got {noisy.dtype} from {noisy.min():g} to "
            f"{noisy.max():g}: divide it by its largest clean value"
        )
    return torch.from_numpy(planes.astype(np.float64))


def noise_of(noisy: Path | Array, pixels: Tensor) -> NoiseLevel:
    """The noise level of an image, with its pixels from `channels`.

    Files and uint8 are clipped, and so are floats of which none lies outside [0, 1]: they come from a file.
    """
    within = bool(pixels.min() >= 0 and pixels.max() <= 1)
    return noise_level(pixels, clipped=isinstance(noisy, Path) or noisy.dtype == np.uint8 or within)


def _restored(pixels: Tensor, model: torch.nn.Module, colour: bool, variance: float) -> Array:
    """The restored image, float32 (H, W) or (H, W, 3), in [0, 1].

    A grey network restores a colour image channel by channel; a colour network gets a grey image three times.
    """
    noisy = (pixels.expand(3, -1, -1)[None] if colour else pixels[:, None]).float()
    with torch.inference_mode():
        restored = restore(model, noisy, torch.full((len(noisy),), variance))
    planes = restored[0] if colour else restored[:, 0]
    planes = planes.mean(0, keepdim=True) if len(planes) > len(pixels) else planes
    image: Array = planes.clamp(0, 1).permute(1, 2, 0).numpy()
    return image[..., 0] if image.shape[2] == 1 else image


def coloured(path: Path) -> bool:
    """Whether a file is in colour; False if it cannot be read, which `read` reports."""
    try:
        with Image.open(path) as image:
            return image.mode not in ("1", "L", "LA", "F") and not image.mode.startswith("I")
    except Exception:
        return False


def deep(path: Path) -> bool:
    """Whether a file is grey of 16 bits; False if it cannot be read, which `read` reports."""
    try:
        with Image.open(path) as image:
            return image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG")
    except Exception:
        return False


def save_like(noisy: Path, pixels: Array, out: Path) -> None:
    """Writes restored pixels with what the noisy file says of itself: EXIF, resolution, and the colour profile.

    Where the format keeps no EXIF, an image that a camera took sideways is turned upright.
    """
    extra: dict[str, Any] = {}
    kind = Image.registered_extensions()[out.suffix.lower()]
    if pixels.dtype == np.uint16 and kind not in ("PNG", "TIFF"):
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    restored = Image.fromarray(pixels)
    with Image.open(noisy) as image:
        exif, profile, resolution = image.getexif(), image.info.get("icc_profile"), image.info.get("dpi")
        if profile and ("RGB" in (image.mode, restored.mode)) == (image.mode == restored.mode == "RGB"):
            extra["icc_profile"] = profile
    if resolution:
        extra["dpi"] = resolution
    if exif and kind in ("JPEG", "PNG", "TIFF", "WEBP"):
        extra["exif"] = exif
    elif orientation := exif.get(ExifTags.Base.Orientation):
        restored.getexif()[ExifTags.Base.Orientation] = orientation
        restored = ImageOps.exif_transpose(restored)
    if kind == "JPEG":
        extra["quality"] = 95
    data = io.BytesIO()
    restored.save(data, kind, **extra)
    write(out, data.getvalue())


def usable(store: Store, denoiser: str) -> list[Experiment]:
    """The experiments of a denoiser, in the grids of a store, that can be applied."""
    return [experiment for experiment in asked_for(store, denoiser) if complete(experiment, store)]


def complete(experiment: Experiment, store: Store) -> bool:
    """Whether all is there that an experiment needs to restore an image."""
    if experiment.recipe is not None:
        return store.weights(experiment) is not None
    return bool(store.trials(experiment)) or not experiment.tuned


def asked_for(store: Store, denoiser: str) -> list[Experiment]:
    """The experiments of a denoiser in grids; ablations train networks that nobody should use."""
    grids = [section for section in store.sections() if section.name == "grid"]
    experiments = dict.fromkeys(experiment for section in grids for experiment in section.experiments)
    return [experiment for experiment in experiments if experiment.denoiser == denoiser]


def of_dataset(experiments: Sequence[Experiment], dataset: str | None, store: Store) -> list[Experiment]:
    """Experiments trained on one dataset, named with or without digest; raises ValueError if it is not clear which."""
    trained = {experiment.dataset: place_of(experiment.dataset) for experiment in experiments if experiment.dataset}
    names = " and on ".join(sorted(trained.values()))
    if dataset is None and len(trained) > 1:
        raise ValueError(f"{store.root} has it trained on {names}: choose one by --train-data NAME")
    chosen = [name for name, written in trained.items() if dataset in (None, name, full_name(name), written)]
    if dataset is not None and not chosen:
        chosen = [name for name in (identified(dataset),) if name in trained]  # the same pixels, elsewhere
    if dataset is not None and not chosen:
        raise ValueError(f"{store.root} has it trained on {names or 'nothing'}, not on {dataset}")
    return [experiment for experiment in experiments if experiment.dataset in (None, *chosen)]


def trainings_of(store: Store, denoiser: str, dataset: str | None = None) -> list[Experiment]:
    """The trainings of a denoiser that are ready for use.

    Args:
        dataset: what it was trained on; needed if there are several.

    Raises:
        ValueError: there is none, or it is not clear on which dataset.
    """
    experiments = of_dataset(usable(store, denoiser), dataset, store)
    if not experiments:
        train = f"{invocation()} --grid --denoisers {denoiser} --profile {store.root.name}"
        if any(store.provenance(experiment) for experiment in asked_for(store, denoiser)):
            raise ValueError(
                f"{store.root} has results of {denoiser!r} and no weights, as a fresh clone has: train it in a folder "
                f"of your own with: {train} --results DIR, and add --results DIR here too"
            )
        raise ValueError(f"{store.root} has no trained {denoiser!r}; train it with: {train}")
    return experiments


def nearest(experiments: Sequence[Experiment], variance: float) -> Experiment:
    """The narrowest training range that contains the variance, else the nearest range; then the smallest seed.

    Trainings with Gaussian noise are preferred to others.
    """

    def distance(experiment: Experiment) -> tuple[bool, float, float, float, int]:
        trained, other = experiment.variance, experiment.noise not in (None, "gaussian")
        if trained is None:
            return other, math.inf, 0, 0, 0
        aim = math.log(max(variance, 1e-12))
        low, high = (math.log(max(end, 1e-12)) for end in (trained.low, trained.high))
        inside = variance in trained
        far = high - low if inside else max(low - aim, aim - high)
        return other, 0 if inside else 1, far, high - low, experiment.seed

    return min(experiments, key=distance)


def ready(experiment: Experiment, store: Store) -> torch.nn.Module:
    """The denoiser with its weights, its tuned parameter, or the images it memorized."""
    if experiment.tuned:
        experiment = tuned(experiment, store.trials(experiment))
    model = build(experiment)
    if (weights := store.weights(experiment)) is not None:
        load(model, weights)
    if isinstance(model, Memorizing) and experiment.dataset is not None:
        model.fit(one_size(split(training_of(experiment.dataset), experiment.dataset)[0]))
    return place(model, torch.device("cpu")).eval()

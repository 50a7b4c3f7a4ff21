"""A trained denoiser from the store, applied to an image file."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from architectures import Memorizing
from bench.core.experiment import Experiment
from bench.core.image_files import read
from bench.core.images import one_size
from bench.core.program import invocation
from bench.datasets import dataset_title, parted
from bench.lookup.denoisers import build, load, place, tuned
from bench.lookup.images import split, training_of
from bench.lookup.tiles import restore
from bench.store.store import Store


@dataclass(frozen=True)
class Denoised:
    """A restored image, uint8 (H, W) or (H, W, 3), and notes on how it was made."""

    image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
    notes: tuple[str, ...]


def denoise(path: Path, denoiser: str, store: Store, variance: float | None, dataset: str | None = None) -> Denoised:
    """Restores an image file with the training that fits its noise.

    Args:
        variance: noise variance in squared pixel units, pixels in [0, 1]; None estimates it.
        dataset: what the denoiser was trained on; needed if the store has trainings on several datasets.

    Raises:
        ValueError: the file is no image, or the store has no such denoiser with its weights.
    """
    pixels, notes = read(path, colour=coloured(path)), []
    if variance is None:
        variance = estimate(pixels)
        if math.isnan(variance):
            raise ValueError(f"the noise of {path} cannot be estimated, since it has no detail; say it with --variance")
        notes.append(f"noise variance estimated as {variance:.4g} (σ = {255 * math.sqrt(variance):.1f} of 255)")
    experiment = choose(of_dataset(usable(store, denoiser), dataset, store), denoiser, store, variance)
    trained = experiment.variance
    if trained is not None and experiment.dataset is not None:
        inside = "" if variance in trained else f", which {variance:.4g} is outside of"
        how = f"{'tuned' if experiment.tuned else 'trained'} on {dataset_title(experiment.dataset)}"
        noise = "" if experiment.noise == "gaussian" else f"{experiment.noise} "
        notes.append(f"{denoiser} {how} at {noise}noise variance {trained}{inside}")
    # A grey network restores a colour image channel by channel; a colour network gets a grey image three times.
    colour = dict(experiment.options).get("channels", 1) == 3
    noisy = pixels.expand(3, -1, -1)[None] if colour else pixels[:, None]
    with torch.inference_mode():
        restored = restore(ready(experiment, store), noisy.float() / 255, torch.full((len(noisy),), variance))
    planes = restored[0] if colour else restored[:, 0]
    planes = planes.mean(0, keepdim=True) if len(planes) > len(pixels) else planes
    image = (planes.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    return Denoised(image[..., 0] if image.shape[2] == 1 else image, tuple(notes))


def coloured(path: Path) -> bool:
    """Whether a file is in colour; False if it cannot be read, which `read` reports."""
    try:
        with Image.open(path) as image:
            return image.mode not in ("1", "L", "LA", "F") and not image.mode.startswith("I")
    except Exception:
        return False


def estimate(pixels: Tensor) -> float:
    """Noise variance of an image, uint8 (C, H, W), by scikit-image's wavelet estimate.

    It is averaged over the channels that have any detail; NaN if none has.
    """
    from skimage.restoration import estimate_sigma  # late: slow to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warns of a mean over no values
        sigmas = np.array(estimate_sigma(pixels.numpy() / 255.0, channel_axis=0))  # type: ignore[no-untyped-call]  # not annotated there
        return float(np.nanmean(sigmas)) ** 2


def usable(store: Store, denoiser: str) -> list[Experiment]:
    """The experiments of a denoiser, in the grids of a store, that can be applied."""
    return [experiment for experiment in asked_for(store, denoiser) if _can(experiment, store)]


def asked_for(store: Store, denoiser: str) -> list[Experiment]:
    """The experiments of a denoiser in grids; ablations train networks that nobody should use."""
    grids = [section for section in store.sections() if section.name == "grid"]
    return list(
        {experiment: None for section in grids for experiment in section.experiments if experiment.denoiser == denoiser}
    )


def _can(experiment: Experiment, store: Store) -> bool:
    if experiment.recipe is not None:
        return store.weights(experiment) is not None
    return bool(store.trials(experiment)) if experiment.tuned else True


def of_dataset(experiments: Sequence[Experiment], dataset: str | None, store: Store) -> list[Experiment]:
    """Experiments trained on one dataset, named with or without digest; raises ValueError if it is not clear which."""
    names, dataset = sorted({name_of(experiment) for experiment in experiments} - {""}), dataset and parted(dataset)[0]
    if dataset is None and len(names) > 1:
        raise ValueError(f"{store.root} has it trained on {' and on '.join(names)}: choose one by --train-data NAME")
    if dataset is not None and dataset not in names:
        raise ValueError(f"{store.root} has it trained on {' and on '.join(names) or 'nothing'}, not on {dataset}")
    return [experiment for experiment in experiments if dataset is None or name_of(experiment) in ("", dataset)]


def name_of(experiment: Experiment) -> str:
    """The training dataset without its digest; empty for a filter with its defaults."""
    return parted(experiment.dataset or "")[0]


def choose(experiments: Sequence[Experiment], denoiser: str, store: Store, variance: float) -> Experiment:
    """The narrowest training range that contains the variance, else the nearest range; then the smallest seed.

    Trainings with Gaussian noise are preferred to others.
    """
    if not experiments:
        train = f"{invocation()} --grid --denoisers {denoiser} --profile {store.root.name}"
        if any(store.provenance(experiment) for experiment in asked_for(store, denoiser)):
            raise ValueError(
                f"{store.root} has results of {denoiser!r} and no weights, as a fresh clone has: train it in a folder "
                f"of your own with: {train} --results DIR, and add --results DIR here too"
            )
        raise ValueError(f"{store.root} has no trained {denoiser!r}; train it with: {train}")

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
    weights = store.weights(experiment)
    if weights is not None:
        load(model, weights)
    if isinstance(model, Memorizing) and experiment.dataset is not None:
        images = split(training_of(experiment.dataset), experiment.dataset)[0]
        model.fit(one_size(images))
    return place(model, torch.device("cpu")).eval()

"""Calibration: what this suite measures, beside published numbers or a formula."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import digamma
from torch import Tensor, nn

from bench.analysis.tutorial_losses import agreement, is_printed, losses_of
from bench.calibration.outcomes import Outcome
from bench.calibration.published_networks import published_dncnn
from bench.calibration.published_numbers import curves
from bench.core.experiment import Protocol
from bench.core.image_files import read
from bench.core.images import one_size
from bench.core.rng import stream
from bench.core.variance import decibels
from bench.lookup.denoisers import place
from bench.lookup.images import images_of
from bench.metrics import METRICS
from bench.scoring.score import corrupt
from bench.store.store import Store

BSD68 = "natural/BSD68"
DNCNN_SIGMAS, BM3D_SIGMA = (10, 50, 100), 25
WITHIN, BM3D_WITHIN = 0.05, 0.15  # dB


class Absent(RuntimeError):
    """Something that a row needs is missing; the message says what."""


@dataclass(frozen=True)
class Setting:
    """The folder of data, which users may not have, and the results of a profile."""

    data: Path
    store: Store


Row = Callable[[Setting], list[Outcome]]


def metrics(setting: Setting) -> list[Outcome]:
    """Our metrics on fixed arrays against scikit-image's."""
    from skimage import metrics as reference  # late: slow to import

    rng = np.random.default_rng(0)
    clean = rng.random((64, 48))
    restored = np.clip(clean + 0.1 * rng.standard_normal(clean.shape), 0, 1)
    pair = [torch.from_numpy(image)[None, None] for image in (clean, restored)]
    psnr = reference.peak_signal_noise_ratio(clean, restored, data_range=1)  # type: ignore[no-untyped-call]  # not annotated there
    ssim = reference.structural_similarity(  # type: ignore[no-untyped-call]  # not annotated there
        clean, restored, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    theirs = {
        "mse": (reference.mean_squared_error(clean, restored), "float64"),
        "psnr": (psnr, "data range 1"),
        "ssim": (ssim, "Gaussian windows of σ = 1.5, population covariance, whole windows"),
    }
    ours = {name: METRICS[name](*pair).item() for name in theirs}
    return [
        Outcome(f"{name.upper()} of a fixed pair", "scikit-image", float(value), ours[name], 1e-6, "", how)
        for name, (value, how) in theirs.items()
    ]


def noise(setting: Setting) -> list[Outcome]:
    """The mean PSNR of noisy images: with n pixels it is 10/ln 10 (ln n/2 - ψ(n/2)) dB above -10·log10(variance)."""
    clean = one_size(images_of("mnist").test[:2000]).float() / 255
    half = clean[0].numel() / 2
    above = 10 / math.log(10) * (math.log(half) - float(digamma(half)))
    outcomes = []
    for variance in (0.001, 0.01, 0.1):
        noisy = corrupt(clean, variance, Protocol("mnist", "gaussian", (variance,), (), len(clean)), range(len(clean)))
        ours, exact = METRICS["psnr"](clean, noisy).mean().item(), decibels(variance) + above
        what = f"PSNR of noisy MNIST, variance {variance:g}"
        outcomes.append(Outcome(what, "formula", exact, ours, 0.02, "dB", "never clipped; four standard errors"))
    return outcomes


def tutorial(setting: Setting) -> list[Outcome]:
    """The losses the tutorial prints beside those of its listing here, from the ablation `target`.

    An interval for 95 % of trainings misses one of twenty losses on average. Two are within tolerance, since
    the losses of one training depend on each other.
    """
    sections = setting.store.sections()
    printed = {experiment: None for section in sections for experiment in section.experiments if is_printed(experiment)}
    losses_by_kind = losses_of(setting.store, list(printed))
    if len(losses_by_kind["training"]) < 2:
        name = setting.store.root.name
        raise Absent(f"two trainings of it are needed: python run_all.py --ablate target --profile {name} --seeds 3")
    agree = [agrees for losses in agreement(losses_by_kind).values() for agrees in losses]
    what = f"of {len(agree)} printed losses, outside where 95 % of trainings lie (1 is expected)"
    how = f"ten epochs against the noisy image; {len(losses_by_kind['training'])} seeds here"
    return [Outcome(what, "the tutorial", 0.05 * len(agree), agree.count(False), 2, "", how)]


def dncnn(setting: Setting, name: str, sigma: int) -> list[Outcome]:
    """A published DnCNN on BSD68: the one of that name, "bias" or "bias_free"."""
    model = published_dncnn(needed(setting.data / f"weights/dncnn-{name}-0-10.safetensors"), name == "bias_free")
    ours = mean_psnr(model, photographs(setting.data / BSD68), sigma, rounded=False)
    what = f"DnCNN ({name.replace('_', ' ')}, trained on σ 0–10) on BSD68, σ = {sigma}"
    how = "restored image clipped; one draw of noise"
    return [Outcome(what, *figure(f"dncnn {name}", sigma), ours, WITHIN, "dB", how)]


def bm3d(setting: Setting) -> list[Outcome]:
    """BM3D on BSD68."""
    from architectures.bm3d import BM3D

    images = photographs(setting.data / BSD68)
    try:
        model = BM3D()
    except ModuleNotFoundError as error:
        raise Absent(str(error)) from None
    ours = mean_psnr(model, images, BM3D_SIGMA, rounded=True)
    what, how = f"BM3D on BSD68, σ = {BM3D_SIGMA}", "restored image clipped and rounded to 8 bits"
    return [Outcome(what, *figure("BM3D", BM3D_SIGMA), ours, BM3D_WITHIN, "dB", how)]


ROWS: dict[str, Row] = {
    "metrics": metrics,
    "noise": noise,
    "tutorial": tutorial,
    **{
        f"dncnn-{name}-{sigma}": partial(dncnn, name=name, sigma=sigma)
        for name in ("bias", "bias_free")
        for sigma in DNCNN_SIGMAS
    },
    "bm3d": bm3d,
}


def measure(name: str, setting: Setting) -> dict[str, Any]:
    """One entry of `ROWS` as JSON values: its rows, or "absent", which says what is missing."""
    try:
        return {"rows": [vars(outcome) for outcome in ROWS[name](setting)]}
    except Absent as error:
        return {"rows": [], "absent": str(error)}


def figure(denoiser: str, sigma: int) -> tuple[str, float]:
    """Source and PSNR in dB of a published figure on BSD68."""
    (curve,) = (curve for curve in curves("BSD68") if curve.denoiser == denoiser)
    return curve.source, curve.psnr[(sigma / 255) ** 2]


def needed(path: Path) -> Path:
    if not path.exists():
        raise Absent(f"{path} is not there; say where the data is with --data")
    return path


def photographs(folder: Path) -> list[Tensor]:
    """Grey photographs of a folder by name, float (1, 1, H, W) in [0, 1]."""
    paths = sorted(needed(folder).glob("*.png"))
    if not paths:
        raise Absent(f"{folder} has no photographs")
    return [read(path)[None].float() / 255 for path in paths]


@torch.inference_mode()
def mean_psnr(model: nn.Module, images: Sequence[Tensor], sigma: int, rounded: bool) -> float:
    """Mean PSNR in dB over whole images, each with its own draw of Gaussian noise; σ in grey levels of 255."""
    place(model, torch.device("cpu")).eval()
    variance = torch.tensor([(sigma / 255) ** 2])
    values = []
    for number, clean in enumerate(images):
        noisy = clean + sigma / 255 * torch.randn(clean.shape, generator=stream("calibration", number))
        restored = model(noisy, variance).clamp(0, 1)
        restored = (restored * 255).round() / 255 if rounded else restored
        values.append(METRICS["psnr"](clean, restored).item())
    return float(np.mean(values))

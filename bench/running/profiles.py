"""Profiles: what a command asks for where its options do not say."""

from dataclasses import dataclass, field, replace
from typing import Any

from bench.core.recipes import FAST, PHOTOGRAPHS, RECIPES, Recipe, changed


@dataclass(frozen=True)
class Profile:
    """A size of study.

    Attributes:
        train: ranges of training variance, as the command line reads them.
        denoisers: their names; all denoisers if empty.
        fewer: ranges of single denoisers, where all ranges would take too long.
        other_seeds: numbers of seeds of single denoisers.
        test: test variances.
        images: number of test images, from the first on.
        changes: what the profile changes in a recipe, field by field.
        noises: of further tests, beside the noise that the command names, of what was trained with that one.
        processes: number of fresh processes that time each denoiser, for `--latency`.
    """

    about: str
    dataset: str
    train: tuple[str, ...]
    test: tuple[float, ...]
    images: int
    seeds: int
    changes: dict[str, Any]
    denoisers: tuple[str, ...] = ()
    fewer: dict[str, tuple[str, ...]] = field(default_factory=dict)
    other_seeds: dict[str, int] = field(default_factory=dict)
    noises: tuple[str, ...] = ()
    processes: int = 5

    def recipe(self, name: str) -> Recipe:
        """A recipe at this profile's size. Only `fast` is changed."""
        return replace(FAST, **self.changes) if name == "fast" else RECIPES[name]


# Ranges of the published study, for filters that would take too long at every range.
FEWER = {
    "wiener": ("0.01", "0.1", "0.001..0.1 log-uniform"),
    "wavelet": ("0.01", "0.1", "0.001..0.1 log-uniform"),
    "total_variation": ("0.001", "0.01", "0.1", "0.001..0.1 log-uniform"),
    "nlm": ("0.001", "0.01", "0.1", "0.001..0.1 log-uniform"),
}

PROFILES = {
    "smoke": Profile(
        about="made-up shapes, in seconds: does it run?",
        dataset="shapes",
        train=("0.01", "0.001..0.1"),
        test=(0.001, 0.01, 0.1),
        images=128,
        seeds=1,
        changes={"epochs": 4},
        fewer=dict.fromkeys(
            ("unet_bias_free", "unet_conditioned", "unet_normalized", "dncnn_small", "deep_autoencoder"), ("0.01",)
        ),
        processes=1,
    ),
    "quick": Profile(
        about="MNIST in less than ten minutes on two cores",
        dataset="mnist",
        train=("0.01", "0.1", "0.001..0.1 log-uniform"),
        test=(0.001, 0.005, 0.01, 0.05, 0.1, 0.2),
        images=2000,
        seeds=1,
        changes={"train_images": 40000},
        denoisers=(
            *("noisy", "clip", "gaussian", "median", "bilateral", "total_variation", "nlm"),
            *("conv_autoencoder", "deep_autoencoder", "unet", "unet_conditioned"),
        ),
        fewer=dict.fromkeys(("total_variation", "nlm", "unet_conditioned"), ("0.001..0.1 log-uniform",)),
    ),
    # As Chen et al., "Masked image training for generalizable deep image denoising", CVPR 2023, Cheng et al., "Transfer
    # CLIP for generalizable image denoising", CVPR 2024, and Kim et al., "IDF: iterative dynamic filtering networks for
    # generalizable image denoising", ICCV 2025, train and test. Here every noise is tested at equal variance.
    "sigma15": Profile(
        about="trained at σ=15 alone; tested at 15, 25 and 50, and with other noises",
        dataset="photos",
        train=("sigma=15",),
        test=tuple((sigma / 255) ** 2 for sigma in (15, 25, 50)),
        images=1000,
        seeds=1,
        changes=changed(PHOTOGRAPHS, FAST),
        denoisers=("noisy", "clip", "median", "nlm", "unet", "unet_bias_free", "unet_normalized", "dncnn_small"),
        noises=("correlated", "poisson", "salt_and_pepper"),
    ),
    "full": Profile(
        about="the published study behind REPORT.md",
        dataset="mnist",
        train=("0.001", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "0.001..0.1 log-uniform"),
        test=(0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
        images=10000,
        seeds=3,
        changes={"epochs": 4},
        fewer=FEWER,
        other_seeds={"conv_autoencoder": 10, "unet": 5, "unet_bias_free": 5},
    ),
}

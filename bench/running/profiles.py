"""Profiles: what a command asks for where its options do not say."""

from dataclasses import dataclass, field, replace
from typing import Any

from bench.core.recipes import FAST, RECIPES, Recipe


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

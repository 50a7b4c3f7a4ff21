"""The frozen types that decide a number: `Experiment` and `Protocol`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from bench.core.recipes import Recipe
from bench.core.values import digest, later, require, whole
from bench.core.variance import Range

ESTIMATE = "estimate"
RECORDED = "recorded"  # noise that came with the images of a dataset
Cell = tuple[float, str]  # a test variance and the name of a metric


@dataclass(frozen=True)
class Experiment:
    """All that decides the weights of one denoiser.

    A filter that learns nothing is one experiment whatever the training range: fields that cannot change it
    are None (see `bench.running.plan.settle`). A filter with a `variance` but no recipe is tuned for that range.
    """

    denoiser: str
    options: tuple[tuple[str, Any], ...]
    dataset: str | None
    noise: str | None
    variance: Range | None
    recipe: Recipe | None
    seed: int = 0

    def __post_init__(self) -> None:
        name = str(self.denoiser)  # which begins the name of a folder
        fits = name.isprintable() and 0 < len(name.encode()) <= 200 and not set(name) & set("/\\")
        require(fits, f"a denoiser's name has up to 200 bytes and no slash, got {name[:40]!r}")
        pairs = self.options.items() if isinstance(self.options, Mapping) else self.options
        object.__setattr__(self, "options", tuple(sorted(pairs)))
        object.__setattr__(self, "seed", whole("seed", self.seed, 0))

    def but(self, **changes: Any) -> Self:
        """The same experiment with other values; `options` are added to those it has."""
        if "options" in changes:
            changes["options"] = dict(self.options) | dict(changes["options"])
        return replace(self, **changes)

    @property
    def tuned(self) -> bool:
        """Whether its parameter is chosen on validation images."""
        return self.recipe is None and self.variance is not None

    @cached_property
    def id(self) -> str:
        """Name of its folder: the denoiser and a digest of every value."""
        return f"{self.denoiser}-{digest(self)}"

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `canonical`."""
        ranged, recipe = values["variance"], values["recipe"]
        options = tuple((name, value) for name, value in values["options"])
        return cls(
            **values
            | {
                "options": options,
                "variance": ranged and Range(**ranged),
                "recipe": recipe and Recipe(**recipe),
            }
        )


@dataclass(frozen=True)
class Protocol:
    """All that decides a table, given the weights.

    The digest leaves out variances and metrics. They are asked for cell by cell, so that a further one
    computes only its own cells. Version 2 deals images to blocks in turn and keeps eight examples; version 1 made
    blocks of neighbours and kept one. Denoisers that are not blind are told `told` times the true variance, or what
    is estimated from each noisy image by itself if `told` is "estimate". Where the noise is "recorded", no variance
    can be chosen, and the one test variance is what was measured over all images.
    """

    dataset: str
    noise: str
    variances: tuple[float, ...]
    metrics: tuple[str, ...]
    images: int
    clip: bool = True
    seed: int = 0
    version: int = 2
    told: float | str = later(1.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "variances", tuple(sorted({Range(v, v).low for v in self.variances})))
        object.__setattr__(self, "metrics", tuple(dict.fromkeys(self.metrics)))
        object.__setattr__(self, "images", whole("test images", self.images, 1))
        if self.told != ESTIMATE:
            object.__setattr__(self, "told", float(self.told))
            fits = 0 < float(self.told) < math.inf
            require(fits, f"a denoiser is told a positive multiple of the variance, or its estimate, got {self.told}")
        require(bool(self.variances), "a protocol needs at least one test variance")

    @cached_property
    def digest(self) -> str:
        return digest(replace(self, variances=(0.0,), metrics=()))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every pair of a test variance and a metric."""
        return tuple((variance, metric) for variance in self.variances for metric in self.metrics)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `canonical`."""
        return cls(**values | {name: tuple(values[name]) for name in ("variances", "metrics")})

"""Ablations: one file each, holding a generator decorated by `@ablation`.

`(base) -> Iterator[Experiment]` yields experiments that differ from `base` in one factor, written as
`base.but(...)`. The first of them is what the report compares the others with. The first line of its
docstring heads its section. Where the command line names no denoiser, `conv_autoencoder` is ablated, or
what the decorator names: `@ablation(of="unet")`.
With `by_seed` each seed is a row of its own.
`page` is the topic page of the report that shows it: "architecture", "training", "data" or "noise".
With `every_noise` the experiments are scored under each noise in turn, at the variance of the base alone.
With `told` they are scored once for each of these factors, by which the variance that they are told is wrong;
"estimate" stands for what is estimated from the noisy image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.core.experiment import Experiment
from bench.core.recipes import Recipe
from bench.core.registry import Registry

Generate = Callable[[Experiment], Iterator[Experiment]]


@dataclass(frozen=True)
class Ablation:
    """A factor: what it makes of a base, and the denoiser it is about."""

    function: Generate
    of: str
    every_noise: bool
    by_seed: bool
    page: str
    told: tuple[float | str, ...]

    @property
    def about(self) -> str:
        """The first line of its docstring."""
        return (self.function.__doc__ or "").partition("\n")[0]


ABLATIONS: Registry[Ablation] = Registry("ablation", __name__)


def ablation(
    *,
    of: str = "conv_autoencoder",
    every_noise: bool = False,
    by_seed: bool = False,
    page: str = "training",
    told: tuple[float | str, ...] = (),
) -> Callable[[Generate], Generate]:
    """Registers an ablation under the name of its file."""

    def register(generate: Generate) -> Generate:
        ABLATIONS.register(generate.__module__, Ablation(generate, of, every_noise, by_seed, page, told))
        return generate

    return register


def by_seed(name: str) -> bool:
    """Whether a section of that name shows each seed by itself; False for a plug-in that is not loaded."""
    return name in ABLATIONS and ABLATIONS[name].by_seed


def require_muon(recipe: Recipe | None) -> None:
    """Raises ValueError for a recipe that leaves nothing to be compared with Adam."""
    if recipe and recipe.optimizer != "muon":
        raise ValueError(
            f"this ablation changes a recipe of Muon, and got one of {recipe.optimizer}; leave out --recipe"
        )

"""From names to experiments: checked, each one once, with nothing trained and no disk touched."""

import inspect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from architectures import DENOISERS
from bench.ablations import ABLATIONS
from bench.datasets import DATASETS
from bench.experiment import Experiment, Protocol, Range, Recipe
from bench.metrics import METRICS
from bench.noises import NOISES


@dataclass(frozen=True)
class Section:
    """A part of the report: the experiments of one question, under one protocol.

    `name` is "grid", or the name of an ablation.
    """

    name: str
    protocol: Protocol
    experiments: tuple[Experiment, ...]

    @property
    def key(self) -> str:
        return f"{self.name}-{self.protocol.digest}"

    def joined(self, other: "Section") -> "Section":
        """Both together; the cells of a section may be filled by several commands."""
        protocol = replace(
            self.protocol,
            variances=self.protocol.variances + other.protocol.variances,
            metrics=self.protocol.metrics + other.protocol.metrics,
        )
        return Section(self.name, protocol, tuple(dict.fromkeys(self.experiments + other.experiments)))


def grid(denoisers: Iterable[str], ranges: Sequence[Range], protocol: Protocol, recipe: Recipe, seeds: int) -> Section:
    """Every denoiser trained on every range with every seed."""
    check(protocol)
    wanted = [
        Experiment(name, (), protocol.dataset, protocol.noise, variance, recipe, seed)
        for name in denoisers
        for variance in ranges
        for seed in range(seeds)
    ]
    return Section("grid", protocol, settled(wanted))


def ablation(
    name: str, denoisers: Iterable[str], variance: Range, protocol: Protocol, recipe: Recipe, seeds: int
) -> Section:
    """An ablation of each denoiser, from a base trained on `variance`."""
    check(protocol)
    bases = [
        Experiment(denoiser, (), protocol.dataset, protocol.noise, variance, recipe, seed)
        for denoiser in denoisers
        for seed in range(seeds)
    ]
    for base in bases:
        if not learns(base):
            raise ValueError(f"the ablation {name!r} needs a denoiser that is trained, and {base.denoiser!r} is not")
    return Section(name, protocol, settled(found for base in bases for found in ABLATIONS[name](base)))


def check(protocol: Protocol) -> None:
    """Looks up every name a protocol holds; raises `UnknownName` for the first that is unknown."""
    _ = DATASETS[protocol.dataset], NOISES[protocol.noise]
    for metric in protocol.metrics:
        _ = METRICS[metric]


def settled(experiments: Iterable[Experiment]) -> tuple[Experiment, ...]:
    """Each experiment once, with all that cannot move it set aside."""
    return tuple(dict.fromkeys(settle(experiment) for experiment in experiments))


def settle(experiment: Experiment) -> Experiment:
    """The same experiment, without a training if there is nothing to learn."""
    if learns(experiment):
        return experiment
    return replace(experiment, dataset=None, noise=None, variance=None, recipe=None, seed=0)


def learns(experiment: Experiment) -> bool:
    return parameters(experiment.denoiser, experiment.options) > 0


@cache
def parameters(denoiser: str, options: tuple[tuple[str, Any], ...]) -> int:
    """Number of trainable parameters, counted without allocating any.

    Raises:
        ValueError: the denoiser has no such option, or refuses its value.
    """
    known = inspect.signature(DENOISERS[denoiser]).parameters
    for option, _ in options:
        if option not in known:
            raise ValueError(f"denoiser {denoiser!r} has no option {option!r}; it has: {', '.join(known) or 'none'}")
    try:
        with torch.device("meta"):
            model = DENOISERS[denoiser](**dict(options))
    except Exception as error:
        raise ValueError(f"denoiser {denoiser!r} cannot be built: {type(error).__name__}: {error}") from error
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def cost(experiment: Experiment, cells: int) -> float:
    """Rough work of measuring some cells, to start the longest first; in no unit."""
    size = math.sqrt(1 + parameters(experiment.denoiser, experiment.options))
    recipe = experiment.recipe
    return size * (cells + (100 * recipe.epochs if recipe else 0))

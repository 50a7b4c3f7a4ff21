"""From names to experiments: checked, each one once, with nothing trained and no disk touched."""

import inspect
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch

from architectures import DENOISERS
from bench.ablations import ABLATIONS
from bench.datasets import function_of
from bench.experiment import Experiment, Protocol, Range, Recipe
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.sources import Source


@dataclass(frozen=True)
class Section:
    """A part of the report: the experiments of one question, under one protocol.

    Attributes:
        name: "grid", or the name of an ablation.
        commands: that asked for them.
        bases: of an ablation, what its other experiments are compared with: one for each denoiser and
            command, with seed 0.
    """

    name: str
    protocol: Protocol
    experiments: tuple[Experiment, ...]
    commands: tuple[str, ...] = ()
    bases: tuple[Experiment, ...] = ()

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
        experiments, commands = self.experiments + other.experiments, self.commands + other.commands
        return Section(
            self.name,
            protocol,
            tuple(dict.fromkeys(experiments)),
            tuple(dict.fromkeys(commands)),
            tuple(dict.fromkeys(self.bases + other.bases)),
        )


def grid(
    ranges: Mapping[str, Sequence[Range]], protocol: Protocol, recipe: Recipe, seeds: int, source: Source | None = None
) -> Section:
    """Every denoiser trained on each of its ranges with every seed; filters also with their defaults.

    Args:
        source: what is trained on, where it is not the dataset that is tested, in grey. Without
            training images filters have their defaults alone.

    Raises:
        ValueError: a denoiser needs training images, and there are none.
    """
    check(protocol)
    source = source or Source(protocol.dataset)
    wanted = []
    for name in ranges:
        plain = _plain(name, protocol, source)
        if not learns(plain):
            wanted.append(plain)
        for variance in ranges[name] if source.training else ():
            wanted += [plain.but(variance=variance, recipe=recipe, seed=seed) for seed in range(seeds)]
    return Section("grid", protocol, settled(wanted))


def ablation(
    name: str,
    denoisers: Iterable[str],
    variance: Range,
    protocol: Protocol,
    recipe: Recipe,
    seeds: int,
    source: Source | None = None,
) -> list[Section]:
    """An ablation of each denoiser, from a base trained on `variance`; one section, or one for each noise.

    `source` is that of `grid`.
    """
    check(protocol)
    factor = ABLATIONS[name]
    bases = [
        _plain(denoiser, protocol, source or Source(protocol.dataset)).but(variance=variance, recipe=recipe, seed=seed)
        for denoiser in denoisers or [factor.of]
        for seed in range(seeds)
    ]
    for base in bases:
        if not learns(base):
            raise ValueError(f"the ablation {name!r} needs a denoiser that is trained, and {base.denoiser!r} is not")
    made = [settled(factor.function(base)) for base in bases]
    found = tuple(dict.fromkeys(each for own in made for each in own))
    firsts = tuple(dict.fromkeys(own[0].but(seed=0) for own in made))
    protocols = [protocol]
    if factor.every_noise:
        inside = (variance.low,) if variance.fixed else tuple(v for v in protocol.variances if v in variance)
        if not inside:
            raise ValueError(
                f"the ablation {name!r} tests inside the training range {variance}, and no test variance lies in it: "
                "add one to --test"
            )
        protocols = [replace(protocol, noise=noise, variances=inside) for noise in NOISES]
    return [Section(name, each, found, bases=firsts) for each in protocols]


def _plain(denoiser: str, protocol: Protocol, source: Source) -> Experiment:
    """A denoiser before any training, with as many channels as the images have."""
    takes = "channels" in inspect.signature(DENOISERS[denoiser]).parameters
    options = {"channels": source.channels} if takes and source.channels != 1 else {}
    plain = Experiment(denoiser, (), source.training, protocol.noise, None, None).but(options=options)
    if source.training is None and (learns(plain) or memorizes(denoiser)):
        raise ValueError(
            f"{denoiser!r} must be trained, and {protocol.dataset!r} has no images to train on: put some into its "
            "folder train/, name others by --train-data, or choose other --denoisers"
        )
    return plain


def check(protocol: Protocol) -> None:
    """Looks up every name a protocol holds; raises `UnknownName` for the first that is unknown."""
    _ = function_of(protocol.dataset), NOISES[protocol.noise]
    for metric in protocol.metrics:
        _ = METRICS[metric]


def settled(experiments: Iterable[Experiment]) -> tuple[Experiment, ...]:
    """Each experiment once, with all that cannot move it set aside."""
    return tuple(dict.fromkeys(settle(experiment) for experiment in experiments))


def settle(experiment: Experiment) -> Experiment:
    """The same experiment, with only as much of a training and of its options as can move the denoiser."""
    defaults = inspect.signature(DENOISERS[experiment.denoiser]).parameters
    parameters(experiment.denoiser, experiment.options)  # which raises where an option is unknown
    typed = ((name, _like(value, defaults[name].default)) for name, value in experiment.options)
    options = tuple((name, value) for name, value in typed if value != defaults[name].default)
    experiment = replace(experiment, options=options)
    if learns(experiment):
        return experiment
    if choices(experiment) and experiment.variance is not None:
        return replace(experiment, recipe=None, seed=0)
    dataset = experiment.dataset if memorizes(experiment.denoiser) else None
    return replace(experiment, dataset=dataset, noise=None, variance=None, recipe=None, seed=0)


def _like(value: Any, default: Any) -> Any:
    """1 and 1.0 are one value, and must not become two experiments."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if isinstance(default, float) and whole else value


def learns(experiment: Experiment) -> bool:
    return parameters(experiment.denoiser, experiment.options) > 0


def memorizes(denoiser: str) -> bool:
    return hasattr(DENOISERS[denoiser], "fit")


def choices(experiment: Experiment) -> list[Experiment]:
    """What tuning a filter chooses from: one experiment for each value of its grid, if it has one.

    An option that is given is not tuned.

    Raises:
        ValueError: the grid is empty, or is not of one option the denoiser has.
    """
    name = experiment.denoiser
    found = getattr(DENOISERS[name], "grid", None)
    if found is None:
        return []
    if len(found) != 1:
        raise ValueError(f"the grid of {name!r} must name one option, such as {{'size': (3, 5)}}, got {found}")
    ((option, values),) = found.items()
    if not values:
        raise ValueError(
            f"the grid of {name!r} has no value of {option!r} to choose from: add some, or delete the grid"
        )
    if strange := [value for value in values if isinstance(value, bool) or not isinstance(value, int | float)]:
        raise ValueError(f"the grid of {name!r} holds numbers to choose {option!r} from, got {strange[0]!r}")
    options = [] if option in dict(experiment.options) else [{option: value} for value in values]
    for each in options:
        parameters(name, tuple((dict(experiment.options) | each).items()))
    return [experiment.but(options=each) for each in options]


def missing_package(denoiser: str) -> str | None:
    """The package a denoiser needs, where it is not installed."""
    package: str | None = getattr(DENOISERS[denoiser], "requires", None)
    return package if package is not None and find_spec(package) is None else None


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
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that stored weights, which a denoiser may load, cannot be copied there
            model = DENOISERS[denoiser](**dict(options))
    except ModuleNotFoundError as error:
        raise ValueError(str(error)) from None
    except Exception as error:
        raise ValueError(f"denoiser {denoiser!r} cannot be built: {type(error).__name__}: {error}") from error
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def order(experiment: Experiment, cells: int) -> tuple[int, bool, float]:
    """What to measure first: seeds one after another, so that a study that is stopped has whole tables.

    Filters come before networks, since nobody knows how slow they are; then the longest training, so
    that no worker is left alone with one at the end.
    """
    return experiment.seed, experiment.recipe is not None, -cost(experiment, cells)


def cost(experiment: Experiment, cells: int) -> float:
    """Rough work of measuring some cells, to start the longest first; in no unit."""
    size = math.sqrt(1 + parameters(experiment.denoiser, experiment.options))
    recipe = experiment.recipe
    return size * (cells + (100 * recipe.epochs if recipe else 0))

"""From names to experiments, each once and checked. Nothing is trained and no disk is touched."""

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from architectures import DENOISERS
from bench.ablations import ABLATIONS
from bench.core.dataset_names import full_name
from bench.core.experiment import RECORDED, Experiment, Protocol
from bench.core.recipes import Recipe
from bench.core.tasks import Section, Source
from bench.core.variance import Range
from bench.lookup.denoisers import choices, learns, memorizes, parameters
from bench.lookup.images import function_of, training_of
from bench.metrics import METRICS
from bench.noises import NOISES


def grid(
    ranges: Mapping[str, Sequence[Range]],
    protocol: Protocol,
    recipe: Recipe,
    seeds: int,
    source: Source | None = None,
    other_seeds: Mapping[str, int] | None = None,
) -> Section:
    """Every denoiser, trained on each of its ranges with every seed. Filters also appear with their defaults.

    Args:
        other_seeds: numbers of seeds of single denoisers.
        source: training images, if they are not those of the tested dataset in grey. Without any,
            filters have their defaults alone.

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
            count = (other_seeds or {}).get(name, seeds)
            wanted += [plain.but(variance=variance, recipe=recipe, seed=seed) for seed in range(count)]
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
    """One ablation of each denoiser from a base trained on `variance`: one section, or one for each noise.

    `source` is as in `grid`.
    """
    check(protocol)
    factor = ABLATIONS[name]
    bases = [
        _plain(denoiser, protocol, source or Source(protocol.dataset)).but(variance=variance, recipe=recipe, seed=seed)
        for denoiser in denoisers or [factor.of]
        for seed in range(seeds)
    ]
    for base in bases:
        if factor.told and DENOISERS[base.denoiser].blind:
            raise ValueError(f"the ablation {name!r} needs a denoiser that is told the variance, not {base.denoiser!r}")
        if not (factor.told or learns(base)):
            raise ValueError(f"the ablation {name!r} needs a denoiser that is trained, and {base.denoiser!r} is not")
    families = [settled(filter(_has_images, factor.function(base))) for base in bases]
    changed = tuple(dict.fromkeys(experiment for family in families for experiment in family))
    firsts = tuple(dict.fromkeys(family[0].but(seed=0) for family in families))
    protocols = [replace(protocol, told=told) for told in factor.told or (protocol.told,)]
    if factor.every_noise:
        if protocol.noise == RECORDED:
            raise ValueError(
                f"the ablation {name!r} tests with every noise, and the images of {full_name(protocol.dataset)!r} "
                "have one of their own: choose another --dataset"
            )
        inside = (variance.low,) if variance.fixed else tuple(v for v in protocol.variances if v in variance)
        if not inside:
            raise ValueError(
                f"the ablation {name!r} tests inside the training range {variance}, and no test variance lies in it: "
                "add one to --test"
            )
        protocols = [replace(protocol, noise=noise, variances=inside) for noise in NOISES]
    return [Section(name, protocol, changed, bases=firsts) for protocol in protocols]


def _has_images(experiment: Experiment) -> bool:
    """Whether there are as many training images as an experiment repeats, or memorizes."""
    repeated = experiment.recipe.train_images if experiment.recipe and experiment.recipe.repeat else 0
    needed = max(repeated, dict(experiment.options).get("train_images", 0))
    return not needed or not experiment.dataset or needed <= len(training_of(experiment.dataset)) * 4 // 5


def _plain(denoiser: str, protocol: Protocol, source: Source) -> Experiment:
    """A denoiser before any training, with as many channels as the images have."""
    takes = "channels" in inspect.signature(DENOISERS[denoiser]).parameters
    options = {"channels": source.channels} if takes and source.channels != 1 else {}
    # A camera's noise is there for testing alone; what is tested on it was trained on Gaussian noise.
    noise = "gaussian" if protocol.noise == RECORDED else protocol.noise
    plain = Experiment(denoiser, (), source.training, noise, None, None).but(options=options)
    if source.training is None and (learns(plain) or memorizes(denoiser)):
        raise ValueError(
            f"{denoiser!r} must be trained, and {full_name(protocol.dataset)!r} has no images to train on: put some "
            "into its folder train/, name others by --train-data, or choose other --denoisers"
        )
    return plain


def check(protocol: Protocol) -> None:
    """Looks up every name a protocol holds; raises `UnknownName` for the first that is unknown."""
    _ = function_of(protocol.dataset), protocol.noise == RECORDED or NOISES[protocol.noise]
    for metric in protocol.metrics:
        _ = METRICS[metric]


def settled(experiments: Iterable[Experiment]) -> tuple[Experiment, ...]:
    """Each experiment once, without the fields that cannot change its result."""
    return tuple(dict.fromkeys(settle(experiment) for experiment in experiments))


def settle(experiment: Experiment) -> Experiment:
    """The experiment without those parts of training and options that cannot change its result."""
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
    """Turns 1 into 1.0 for an option that is a float: one value must not make two experiments."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if isinstance(default, float) and whole else value


def order(experiment: Experiment, cells: int) -> tuple[int, bool, float]:
    """Sort key of an experiment: seed by seed, so that a study that is stopped has whole tables.

    Filters come first, since their time is unknown. Then the longest training comes first, so that no
    worker is left alone with it at the end.
    """
    return experiment.seed, experiment.recipe is not None, -cost(experiment, cells)


def cost(experiment: Experiment, cells: int) -> float:
    """Rough work of training and scoring some cells, without a unit, to start the longest first."""
    size = math.sqrt(1 + parameters(experiment.denoiser, experiment.options))
    recipe = experiment.recipe
    return size * (cells + (100 * recipe.epochs if recipe else 0))

"""How long tasks will take, from the seconds that like experiments of the store took."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import Recipe
from bench.core.tasks import Task
from bench.lookup.denoisers import parameters
from bench.store.store import Store

Samples = Mapping[Hashable, Sequence[float]]


class Estimate(NamedTuple):
    """Seconds of one worker by the id of the experiment, and the ids of those that had no like one to go by."""

    seconds: dict[str, float]
    guessed: list[str]

    @property
    def hours(self) -> float:
        """Of one worker, for all."""
        return sum(self.seconds.values()) / 3600


def estimate(store: Store, tasks: Sequence[Task]) -> Estimate | None:
    """Medians of what like experiments took, for each epoch and for each test variance.

    Where there is no like one, the time grows with the square root of the parameters, as it does from network to
    network. None if nothing was measured that could tell.
    """
    training, scoring = _measured(store)
    seconds, guessed = {}, []
    for task in tasks:
        experiment, work = task.experiment, []
        if experiment.recipe is not None and task.weights is None:
            work.append((training, _trained_alike(experiment), float(experiment.recipe.epochs)))
        elif experiment.tuned and not task.trials:
            work.append((training, _trained_alike(experiment), 1.0))
        for request in task.requests:
            variances = len({variance for variance, _ in request.cells})
            work.append((scoring, _scored_alike(experiment, request.protocol), float(variances)))
        if any(not samples[None] for samples, _, _ in work):
            return None
        if any(not samples[alike] for samples, alike, _ in work):
            guessed.append(experiment.id)
        seconds[experiment.id] = sum(
            times * (median(samples[alike]) if samples[alike] else median(samples[None]) * _size(experiment))
            for samples, alike, times in work
        )
    return Estimate(seconds, guessed)


def _measured(store: Store) -> tuple[Samples, Samples]:
    """Seconds of one epoch and of one test variance, of like experiments; below None of all, for each unit of size."""
    training: dict[Hashable, list[float]] = defaultdict(list)
    scoring: dict[Hashable, list[float]] = defaultdict(list)
    trained = set()
    for section in store.sections():
        for experiment in section.experiments:
            provenance = store.provenance(experiment)
            if provenance is None:
                continue
            size, seconds = (1 + provenance.parameters) ** 0.5, provenance.seconds
            if seconds.training is not None and experiment not in trained:
                trained.add(experiment)
                epoch = seconds.training / (experiment.recipe.epochs if experiment.recipe else 1)
                training[_trained_alike(experiment)].append(epoch)
                training[None].append(epoch / size)
            if section.protocol.digest in seconds.scoring:
                variance = seconds.scoring[section.protocol.digest] / len(section.protocol.variances)
                scoring[_scored_alike(experiment, section.protocol)].append(variance)
                scoring[None].append(variance / size)
    return training, scoring


def _trained_alike(experiment: Experiment) -> Hashable:
    """Equal for experiments whose epochs take equally long."""
    recipe: Recipe | None = experiment.recipe
    if recipe is not None:
        recipe = replace(recipe, epochs=1, lr=1.0, lr_vectors=1.0 if recipe.lr_vectors else 0.0, warm_up=0.5)
        recipe = replace(recipe, loss="mse", schedule="constant", target="clean")
    return experiment.denoiser, experiment.options, experiment.dataset, recipe


def _scored_alike(experiment: Experiment, protocol: Protocol) -> Hashable:
    return experiment.denoiser, experiment.options, protocol.dataset, protocol.images, len(protocol.metrics)


def _size(experiment: Experiment) -> float:
    return float((1 + parameters(experiment.denoiser, experiment.options)) ** 0.5)

"""How long tasks will take, from the seconds that like experiments of the store took."""

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from bench.core.dataset_names import DatasetName, parse
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import Recipe
from bench.core.tasks import Task
from bench.lookup.denoisers import parameters
from bench.lookup.images import training_of
from bench.store.store import Store

Samples = Mapping[Hashable, Sequence[float]]
NETWORKS, FILTERS, EVERYTHING = "networks", "filters", "everything"


class Estimate(NamedTuple):
    """Seconds of one worker by the id of the experiment, and the ids of those that had no like one to go by."""

    seconds: dict[str, float]
    guessed: list[str]

    @property
    def hours(self) -> float:
        """Of one worker, for all."""
        return sum(self.seconds.values()) / 3600


def estimate(store: Store, tasks: Sequence[Task], published: Store | None = None) -> Estimate | None:
    """Medians of what like experiments took, for each image of an epoch and for each image at a test variance.

    Where there is no like one, the time grows with the square root of the parameters, as it does from network to
    network; where that cannot be told either, it is the median of the other tasks. None if nothing was measured that
    could tell.

    Args:
        published: a store to go by where this one has no like experiment; its machine may be another.
    """
    whole = {t.experiment.dataset for t in tasks if t.experiment.recipe and not t.experiment.recipe.patch}
    counts = {_pixels(name): len(training_of(name)) * 4 // 5 for name in whole if name}
    known = [_measured(other, counts) for other in (store, published) if other is not None]
    seconds, guessed = {}, []
    for task in tasks:
        experiment, work = task.experiment, []
        if experiment.recipe is not None and task.weights is None:
            epochs = experiment.recipe.epochs * _images(experiment, counts)
            work.append((0, _trained_alike(experiment), NETWORKS, float(epochs)))
        elif experiment.tuned and not task.trials:
            work.append((0, _trained_alike(experiment), FILTERS, 1.0))
        for request in task.requests:
            variances = len({variance for variance, _ in request.cells})
            scored = float(variances * request.protocol.images)
            work.append((1, _scored_alike(experiment, request.protocol), EVERYTHING, scored))
        total = 0.0
        for kind, alike, others, times in work:
            samples = next((found for of in known if (found := of[kind][alike])), None)
            of_all = known[0][kind][others]  # what they took on another machine means nothing
            if samples is None and experiment.id not in guessed:
                guessed.append(experiment.id)
            typical = median(samples) if samples else median(of_all) * _size(experiment) if of_all else math.nan
            total += times * typical
        seconds[experiment.id] = total
    told = [total for total in seconds.values() if not math.isnan(total)]
    if seconds and not told:
        return None
    return Estimate({name: median(told) if math.isnan(total) else total for name, total in seconds.items()}, guessed)


def _measured(store: Store, counts: Mapping[DatasetName, int]) -> tuple[Samples, Samples]:
    """Seconds of one image in an epoch and at one test variance, of like experiments.

    Under NETWORKS, FILTERS and EVERYTHING are those of all trainings, all tunings and all scorings, for a unit of size.

    Args:
        counts: training images of the datasets that matter.
    """
    training: dict[Hashable, list[float]] = defaultdict(list)
    scoring: dict[Hashable, list[float]] = defaultdict(list)
    trained = set()
    for section in store.sections():
        for experiment in section.experiments:
            provenance = store.provenance(experiment)
            if provenance is None:
                continue
            size, seconds = (1 + provenance.parameters) ** 0.5, provenance.seconds
            images = _images(experiment, counts)
            if seconds.training is not None and images and experiment not in trained:
                trained.add(experiment)
                image = seconds.training / (experiment.recipe.epochs * images if experiment.recipe else 1)
                training[_trained_alike(experiment)].append(image)
                training[NETWORKS if experiment.recipe else FILTERS].append(image / size)
            if scored := seconds.scored(section.protocol.digest):
                image = scored / (len(section.protocol.variances) * section.protocol.images)
                scoring[_scored_alike(experiment, section.protocol)].append(image)
                scoring[EVERYTHING].append(image / size)
    return training, scoring


def _images(experiment: Experiment, counts: Mapping[DatasetName, int]) -> int:
    """Images or patches of an epoch; 0 where that is not known, 1 where there is no epoch."""
    recipe = experiment.recipe
    if recipe is None:
        return 1
    few = 0 if recipe.repeat else recipe.train_images
    return recipe.patches if recipe.patch else few or counts.get(_pixels(experiment.dataset), 0)


def _pixels(dataset: str | None) -> DatasetName:
    """Equal for datasets of equal images, wherever they lie."""
    return parse(dataset or "")._replace(path="")


def _trained_alike(experiment: Experiment) -> Hashable:
    """Equal for experiments whose epochs take equally long for each image."""
    recipe: Recipe | None = experiment.recipe
    if recipe is not None:
        recipe = replace(recipe, epochs=1, lr=1.0, lr_vectors=1.0 if recipe.lr_vectors else 0.0, warm_up=0.5)
        recipe = replace(recipe, loss="mse", schedule="constant", target="clean", repeat=False)
        recipe = replace(recipe, train_images=0) if not recipe.patch else recipe
    return experiment.denoiser, experiment.options, _pixels(experiment.dataset), recipe


def _scored_alike(experiment: Experiment, protocol: Protocol) -> Hashable:
    return experiment.denoiser, experiment.options, _pixels(protocol.dataset), len(protocol.metrics)


def _size(experiment: Experiment) -> float:
    return float((1 + parameters(experiment.denoiser, experiment.options)) ** 0.5)

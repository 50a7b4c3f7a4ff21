"""Checks of tasks before the first is measured."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TypeVar

import torch

from architectures import DENOISERS
from bench.core.dataset_names import full_name
from bench.core.experiment import RECORDED
from bench.core.images import batches, one_size
from bench.core.rng import stream
from bench.core.tasks import Task
from bench.core.variance import Range, written
from bench.lookup.contracts import check_denoiser, check_metric, check_noise, check_plugin
from bench.lookup.images import images_of, training_of
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.scoring.score import corrupt

Key = TypeVar("Key")


def check(tasks: Iterable[Task]) -> None:
    """Makes sure that tasks can be measured.

    Raises:
        Broken: a plug-in does not keep its contract.
        ValueError: a recipe needs more images than its dataset has, or images of one size; a noise cannot
            have a variance that is asked for.
        OSError: a dataset cannot be read.
    """
    tasks = list(tasks)
    check_plugins(tasks)
    for task in tasks:
        _check_images(task)
    _check_test_noises(tasks)
    _check_training_noises(tasks)


def check_plugins(tasks: Iterable[Task]) -> None:
    """Tries every plug-in that the tasks use on a tiny batch.

    Raises:
        Broken: one does not keep its contract.
    """
    requests = [request for task in tasks for request in task.requests]
    for experiment in {(task.experiment.denoiser, task.experiment.options): task.experiment for task in tasks}.values():
        check_plugin(DENOISERS, experiment.denoiser, partial(check_denoiser, experiment))
    noises = {task.experiment.noise or "" for task in tasks} | {request.protocol.noise for request in requests}
    for noise in sorted(noises - {"", RECORDED}):
        check_plugin(NOISES, noise, partial(check_noise, noise))
    for metric in sorted({metric for request in requests for _, metric in request.cells}):
        check_plugin(METRICS, metric, partial(check_metric, metric))


def _check_images(task: Task) -> None:
    recipe, dataset = task.experiment.recipe, task.experiment.dataset
    if dataset is None:
        return
    images, dataset = training_of(dataset), full_name(dataset)
    if recipe is not None and recipe.patch:
        smallest = min(min(image.shape[1:]) for image in images)
        if smallest < recipe.patch:
            raise ValueError(
                f"{dataset!r} has an image of {smallest} pixels to a side, and the recipe trains on patches of "
                f"{recipe.patch}: take it away, or choose another recipe"
            )
    elif not task.experiment.tuned:
        try:
            one_size(images)
        except ValueError as error:
            raise ValueError(
                f"{task.experiment.denoiser!r} cannot be trained on {dataset!r}: {error}; train on patches with "
                "--recipe photographs, or choose other --denoisers"
            ) from None
    available, trained = len(images) * 4 // 5, task.experiment.variance
    if recipe and recipe.target == "sure" and trained == Range(0, 0):
        raise ValueError("the target 'sure' divides by the noise, and there is none at --train 0: train with noise")
    if recipe is None:
        if not available:
            raise ValueError(f"{dataset!r} has {len(images)} image to learn from, and needs at least 2: add some")
        return
    needed = max(1 if recipe.patch else recipe.batch, recipe.train_images)
    if needed > available:
        raise ValueError(
            f"{dataset!r} has {available} images to train on, and the recipe of {task.experiment.id} needs "
            f"{needed}: choose another dataset or recipe"
        )


def _check_test_noises(tasks: Iterable[Task]) -> None:
    """Draws the noise of each protocol once, at its largest variance."""
    asked = [
        (request.protocol, variance) for task in tasks for request in task.requests for variance, _ in request.cells
    ]
    protocols = {protocol.digest: protocol for protocol, _ in asked}
    for digest, variance in _largest((protocol.digest, variance) for protocol, variance in asked):
        protocol = protocols[digest]
        for numbers, images in batches(images_of(protocol.dataset).test[: protocol.images]):
            try:
                corrupt(images.float() / 255, variance, protocol, numbers.tolist())
            except ValueError as error:
                raise _impossible(protocol.dataset, protocol.noise, variance, error, "--test") from None


def _check_training_noises(tasks: Iterable[Task]) -> None:
    """Draws each training noise once on whole images, at its largest variance."""
    fresh = [task.experiment for task in tasks if not (task.weights or task.trials)]
    whole = [experiment for experiment in fresh if not (experiment.recipe and experiment.recipe.patch)]
    asked = [
        ((experiment.dataset, experiment.noise), experiment.variance.high)
        for experiment in whole
        if experiment.dataset and experiment.noise and experiment.variance
    ]
    for (dataset, noise), variance in _largest(asked):
        for _, images in batches(training_of(dataset)):
            try:
                NOISES[noise](images.float() / 255, torch.full((len(images),), variance), stream("check"))
            except ValueError as error:
                raise _impossible(dataset, noise, variance, error, "--train") from None


def _largest(asked: Iterable[tuple[Key, float]]) -> Iterator[tuple[Key, float]]:
    """Each key once, with its largest variance."""
    most: dict[Key, float] = {}
    for key, variance in asked:
        most[key] = max(variance, most.get(key, variance))
    yield from most.items()


def _impossible(dataset: str, noise: str, variance: float, error: ValueError, option: str) -> ValueError:
    return ValueError(
        f"{full_name(dataset)!r} cannot have {noise} noise of variance {written(variance)}: {error}; "
        f"leave it out of {option}"
    )


def check_device(device: str) -> None:
    """Raises ValueError where there is no such device."""
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"--device cuda, but torch {torch.__version__} finds no CUDA device; use --device cpu")

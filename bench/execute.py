"""Measuring experiments on any `concurrent.futures.Executor`: workers return values, the driver writes."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from bench.datasets import images_of
from bench.device import keep_memory
from bench.evaluate import Restored, corrupt, evaluate
from bench.experiment import Experiment, Protocol, written
from bench.noises import NOISES
from bench.provenance import provenance
from bench.registry import load_plugin
from bench.rng import stream
from bench.sources import training_of
from bench.stacks import batches, one_size
from bench.task import Task
from bench.train import Progress, build, fit, split
from bench.tuning import Trial, tune, tuned

News = tuple[str, float, Progress | None]  # experiment id, share done, newest row of the history

CONTEXT = multiprocessing.get_context("spawn")

_news: "Queue[News | None] | None" = None


@dataclass
class Result:
    """What a task gave. After a failure it holds all that was finished before, and what went wrong.

    `trials` are those of a tuning that this task did; `died` tells that a worker process ended without
    a word, perhaps because of another task.
    """

    task: Task
    history: list[Progress] = field(default_factory=list)
    weights: bytes | None = None
    restored: list[tuple[Protocol, Restored]] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    failure: str | None = None
    died: bool = False

    @property
    def diverged(self) -> bool:
        return bool(self.history) and self.history[-1].diverged


def check(tasks: Iterable[Task]) -> None:
    """Makes sure that tasks can be measured here, before the first of them is.

    Raises:
        ValueError: a recipe needs more images than its dataset has, or images of one size; a noise cannot
            have a variance that is asked for.
        OSError: a dataset cannot be read.
    """
    tasks = list(tasks)
    _check_noises({(r.protocol, max(v for v, _ in r.cells)) for task in tasks for r in task.requests if r.cells})
    _check_training_noises(task.experiment for task in tasks if not (task.weights or task.trials))
    for task in tasks:
        recipe, dataset = task.experiment.recipe, task.experiment.dataset
        if dataset is None:
            continue
        images = training_of(dataset)
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
        if recipe is None:
            continue
        there = len(images) * 4 // 5
        needed = max(1 if recipe.patch else recipe.batch, recipe.train_images)
        if needed > there:
            raise ValueError(
                f"{dataset!r} has {there} images to train on, and the recipe of {task.experiment.id} needs "
                f"{needed}: choose another dataset or recipe"
            )


def _check_noises(wanted: Iterable[tuple[Protocol, float]]) -> None:
    """Makes the noise of each protocol once, at the largest variance it is asked for."""
    most: dict[str, tuple[Protocol, float]] = {}
    for protocol, variance in wanted:
        most[protocol.digest] = protocol, max(variance, most.get(protocol.digest, (protocol, 0.0))[1])
    for protocol, variance in most.values():
        try:
            for numbers, images in batches(images_of(protocol.dataset).test[: protocol.images]):
                corrupt(images.float() / 255, variance, protocol, numbers.tolist())
        except ValueError as error:
            raise ValueError(
                f"{protocol.dataset!r} cannot have {protocol.noise} noise of variance {written(variance)}: {error}; "
                "leave it out of --test"
            ) from None


def _check_training_noises(experiments: Iterable[Experiment]) -> None:
    """Makes each noise once on whole training images, at the largest variance it is asked for."""
    most: dict[tuple[str, str], float] = {}
    for each in experiments:
        if each.dataset and each.noise and each.variance and not (each.recipe and each.recipe.patch):
            pair = each.dataset, each.noise
            most[pair] = max(each.variance.high, most.get(pair, 0.0))
    for (dataset, noise), variance in most.items():
        try:
            for _, images in batches(training_of(dataset)):
                NOISES[noise](images.float() / 255, torch.full((len(images),), variance), stream("check"))
        except ValueError as error:
            raise ValueError(
                f"{dataset!r} cannot have {noise} noise of variance {written(variance)}: {error}; "
                "leave it out of --train"
            ) from None


def check_device(device: str) -> None:
    """Raises ValueError where there is no such device."""
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"--device cuda, but torch {torch.__version__} finds no CUDA device; use --device cpu")


def measure(task: Task) -> Result:
    """Trains one denoiser unless it has weights, then scores it; never raises but when interrupted."""
    result = Result(task)
    try:
        _measure(task, result)
    except Exception as error:  # one broken denoiser must not take the others down
        result.failure = f"{type(error).__name__}: {error}"
    return result


def _measure(task: Task, result: Result) -> None:
    for plugin in task.plugins:
        load_plugin(plugin)
    device, started = torch.device(task.device), time.monotonic()
    model = _ready(task, result, device)
    seconds = {"training": time.monotonic() - started} if result.history or result.trials else {}
    result.provenance = provenance(task, device, seconds)  # which a failure while scoring must not lose
    if not result.diverged:
        try:
            _score(task, result, model, device, seconds)
        finally:
            result.provenance = provenance(task, device, seconds)


def _score(task: Task, result: Result, model: nn.Module, device: torch.device, seconds: dict[str, float]) -> None:
    """Scores request by request; what each takes is added to `seconds`."""
    total, done = task.cells, 0
    for request in task.requests:
        protocol, started = request.protocol, time.monotonic()
        for restored in evaluate(model, images_of(protocol.dataset).test, protocol, request.cells, device):
            for metric, values in restored.values.items():
                if np.isnan(values).any():
                    raise ValueError(f"{metric} is not a number at test variance {written(restored.variance)}")
            result.restored.append((protocol, restored))
            seconds[f"scoring {protocol.digest}"] = time.monotonic() - started
            done += len(restored.values)
            tell(task.experiment, 0.9 + 0.1 * done / total, None)


def _ready(task: Task, result: Result, device: torch.device) -> nn.Module:
    """The denoiser with what it is to know: stored weights, trained ones, tuned parameters or memorized images."""
    experiment = task.experiment
    model: Any = build(experiment)
    if task.weights is not None:
        load(model, task.weights)
    elif experiment.dataset is not None:
        images = training_of(experiment.dataset)
        if experiment.tuned:
            if not task.trials:
                result.trials = tune(experiment, images, device)
            model = build(tuned(experiment, list(task.trials) or result.trials))
        elif experiment.recipe is None:
            model.fit(split(one_size(images), experiment.dataset)[0])
        else:
            for row in fit(model, images, experiment, device):
                result.history.append(row)
                tell(experiment, 0.9 * row.epoch / experiment.recipe.epochs, row)
            if not result.diverged:
                result.weights = safetensors.torch.save(state_of(model))
    ready: nn.Module = model
    return ready


def load(model: nn.Module, weights: bytes) -> None:
    """Puts stored weights into a model; raises ValueError where they are not its own."""
    try:
        model.load_state_dict(safetensors.torch.load(weights))
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(f"weights.safetensors is damaged, delete it to train again ({error})") from None


def state_of(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.cpu().contiguous() for name, value in model.state_dict().items()}


def tell(experiment: Experiment, share: float, row: Progress | None) -> None:
    """Sends the driver news, where there is a queue for it."""
    if _news is not None:
        _news.put((experiment.id, share, row))


def execute(tasks: Iterable[Task], executor: Executor) -> Iterator[Result]:
    """Hands out the tasks in their order and yields results as they come.

    A task whose worker died, or whose result got lost, comes back as a failure.
    """
    futures = {}
    for task in tasks:
        try:
            futures[executor.submit(measure, task)] = task
        except BrokenExecutor:
            yield _died(task)
    for future in as_completed(list(futures)):
        task = futures.pop(future)  # so that results are let go once they are kept
        try:
            result = future.result()
        except BrokenExecutor:
            result = _died(task)
        except Exception as error:
            result = Result(task, failure=f"{type(error).__name__}: {error}")
        del future
        yield result
        del result


def _died(task: Task) -> Result:
    return Result(task, failure="its worker process died (out of memory?)", died=True)


def run(tasks: Sequence[Task], jobs: int, news: "Queue[News | None]") -> Iterator[Result]:
    """Measures tasks on this machine and yields results as they come.

    A worker that dies takes the tasks of all others with it. Those that were running, any of which may
    have killed it, are tried once more, each alone; the rest goes on together.
    """
    while tasks:
        died = []
        with pool(min(jobs, len(tasks)), news) as executor:
            for result in execute(tasks, executor):
                if result.died:
                    died.append(result.task.experiment.id)
                else:
                    yield result
        left = [task for task in tasks if task.experiment.id in died]
        for task in left[:jobs]:
            with pool(1, news) as executor:
                yield from execute([task], executor)
        tasks = left[jobs:]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Holds Ctrl-C and a request to end back until what is inside is done; to be used in the main thread."""
    held: list[int] = []
    before = {
        number: signal.signal(number, lambda number, frame: held.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        signal.raise_signal(held[0])


def news_queue() -> "Queue[News | None]":
    """What carries news from the workers of a pool to the driver."""
    queue: Queue[News | None] = CONTEXT.Queue()
    queue.cancel_join_thread()  # a worker killed while it wrote would hold the driver's exit
    return queue


@contextmanager
def pool(
    jobs: int, news: "Queue[News | None] | None" = None, threads: int = 1, keep: bool = True
) -> Iterator[Executor]:
    """Worker processes; all are gone at the end, also after Ctrl-C.

    To be used in the main thread, since it sets how the workers take Ctrl-C.

    Args:
        threads: of each worker.
        keep: whether workers keep the memory of freed tensors (see `bench.device`).
    """
    others = multiprocessing.active_children()
    executor = ProcessPoolExecutor(jobs, CONTEXT, initializer=_start, initargs=(news, threads, keep))
    # Processes are deaf to Ctrl-C if they are born so; the driver alone answers it, and ends them.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(jobs):
            executor.submit(int)  # a process is born for each task that finds none idle
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield executor
        executor.shutdown()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            if process not in others:
                process.kill()
                process.join()


def _start(news: "Queue[News | None] | None", threads: int, keep: bool) -> None:
    """Prepares a worker: its threads, its memory, and gone when the driver is."""
    global _news
    _news = news
    if keep:
        keep_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    driver = multiprocessing.parent_process()

    def follow() -> None:
        if driver is not None:
            driver.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()

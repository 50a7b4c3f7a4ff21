"""Measures experiments on any `concurrent.futures.Executor`. Workers return values; the driver writes."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from multiprocessing.queues import Queue

import numpy as np
import safetensors.torch
import torch
from torch import nn

from architectures import Memorizing
from bench.core.dataset_names import PLACES
from bench.core.experiment import RECORDED
from bench.core.images import one_size
from bench.core.registry import load_plugin
from bench.core.tasks import Result, Task
from bench.core.variance import written
from bench.lookup.denoisers import build, load, state_of, tuned
from bench.lookup.images import images_of, split, training_of
from bench.running.provenance import code_of, only_here, provenance
from bench.running.workers import News, cluster, keep_memory, pool, tell
from bench.scoring.score import evaluate
from bench.scoring.told import Told
from bench.training.checkpoint import Checkpoint
from bench.training.train import fit
from bench.training.tune import tune

OFTEN = 10  # seconds of training between two checkpoints, at least


def measure(task: Task) -> Result:
    """Trains one denoiser unless it has weights, then scores it. Failures are returned, not raised."""
    result = Result(task)
    try:
        _measure(task, result)
    except Exception as error:  # one broken denoiser must not take the others down
        result.failure = f"{type(error).__name__}: {error}"
    return result


def measure_there(task: Task) -> Result:
    """`measure` on a cluster, whose workers nobody prepared."""
    keep_memory()
    torch.set_num_threads(1)
    return measure(task)


def _measure_here(task: Task) -> Result:
    """The same in this process, on one thread as in a worker, so that the numbers are the same."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return measure(task)
    finally:
        torch.set_num_threads(threads)


def _measure(task: Task, result: Result) -> None:
    PLACES.update(task.places)
    for plugin in task.plugins:
        load_plugin(plugin)
    device, started = torch.device(task.device), time.monotonic()
    model, before = _ready(task, result, device)
    training = before + time.monotonic() - started if result.history or result.trials else None
    scoring: dict[str, float] = {}
    result.provenance = provenance(task, device, training, scoring)  # which a failure while scoring must not lose
    if not result.diverged:
        try:
            _score(task, result, model, device, scoring)
        finally:
            result.provenance = provenance(task, device, training, scoring)


def _score(task: Task, result: Result, model: nn.Module, device: torch.device, scoring: dict[str, float]) -> None:
    """Scores request by request, and adds the seconds of each to `scoring`."""
    total, done = task.cells, 0
    for request in task.requests:
        protocol, started = request.protocol, time.monotonic()
        blind = protocol.told == 1 or getattr(model, "blind", True)
        informed = model if blind else Told(model, protocol.told, clipped=protocol.noise == RECORDED)
        for restored in evaluate(informed, images_of(protocol.dataset).test, protocol, request.cells, device):
            for metric, values in restored.values.items():
                if np.isnan(values).any():
                    raise ValueError(f"{metric} is not a number at test variance {written(restored.variance)}")
            result.restored.append((protocol, restored))
            scoring[protocol.digest] = time.monotonic() - started
            done += len(restored.values)
            tell(task.experiment, 0.9 + 0.1 * done / total, None)


def _ready(task: Task, result: Result, device: torch.device) -> tuple[nn.Module, float]:
    """The denoiser with what it is to know: stored weights, trained ones, tuned parameters or memorized images.

    Returns also the seconds of a training that was stopped earlier, and goes on here.
    """
    experiment, before = task.experiment, 0.0
    model = build(experiment)
    if task.weights is not None:
        load(model, task.weights)
    elif experiment.dataset is not None:
        images = training_of(experiment.dataset)
        if experiment.tuned:
            if not task.trials:
                result.trials = tune(experiment, images, device)
            model = build(tuned(experiment, list(task.trials) or result.trials))
        elif experiment.recipe is not None:
            checkpoint, start = Checkpoint(task.checkpoint, code_of(task)), time.monotonic()
            result.history, before, saved = [*checkpoint.rows], checkpoint.seconds, start
            for row in fit(model, images, experiment, device, checkpoint):
                result.history.append(row)
                now, state = time.monotonic(), None
                if row.epoch < experiment.recipe.epochs and row.validation is not None and now - saved >= OFTEN:
                    state, saved = checkpoint.save(result.history, before + now - start), now
                tell(experiment, 0.9 * row.epoch / experiment.recipe.epochs, row, state)
            if not result.diverged:
                result.weights = safetensors.torch.save(state_of(model))
        elif isinstance(model, Memorizing):
            model.fit(one_size(split(images, experiment.dataset)[0]))
    return model, before


def execute(
    tasks: Iterable[Task], executor: Executor, function: Callable[[Task], Result] | None = None
) -> Iterator[Result]:
    """Submits the tasks in order and yields results as they finish.

    A task whose worker died, or whose result was lost, comes back as a failure.
    """
    futures = {}
    for task in tasks:
        try:
            futures[executor.submit(function or measure, task)] = task
        except BrokenExecutor:
            yield _died(task)
    for future in as_completed(list(futures)):
        task = futures.pop(future)  # so that a stored result is freed
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


def run_there(tasks: Sequence[Task], address: str) -> Iterator[Result]:
    """Measures tasks on the workers of the Dask scheduler at an address; yields results as they finish."""
    with cluster(address) as executor:
        yield from execute(tasks, executor, measure_there)


def run(tasks: Sequence[Task], jobs: int, news: "Queue[News | None]") -> Iterator[Result]:
    """Measures tasks on this machine and yields results as they finish.

    When one worker dies, the pool loses the tasks of all. Any of those that were running may have killed it, so
    each of these is tried once more, alone. The others go on together. What workers cannot import, such as a
    denoiser that a notebook defines, is measured in this process.
    """
    here = {task.experiment.id for task in tasks if only_here(task)}
    yield from (_measure_here(task) for task in tasks if task.experiment.id in here)
    tasks = [task for task in tasks if task.experiment.id not in here]
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

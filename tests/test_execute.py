import gc
import multiprocessing
import signal
import weakref
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import bench.running.execute
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST
from bench.core.tasks import Request, Result, Task
from bench.core.variance import Range
from bench.running.checks import check
from bench.running.execute import execute, measure, run, run_there
from bench.running.plan import settle
from bench.running.workers import news_queue, pool, undisturbed
from tests.conftest import Counter

EXPERIMENT = Experiment("conv_autoencoder", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
PROTOCOL = Protocol("shapes", "gaussian", (0.01,), ("psnr",), 128)
TASK = Task(EXPERIMENT, (Request(PROTOCOL, ((0.01, "psnr"),)),))

BROKEN = """
from torch import nn
from architectures import denoiser

@denoiser
class Broken(nn.Module):
    def forward(self, noisy, variance):
        {action}
"""


def broken(tmp_path: Path, name: str, action: str) -> Task:
    path = tmp_path / f"{name}.py"
    path.write_text(BROKEN.format(action=action))
    experiment = Experiment(name, (), None, None, None, None)
    return Task(experiment, TASK.requests, plugins=(path,))


def test_trained_weights_score_alike_when_they_come_back() -> None:
    first = measure(TASK)
    again = measure(Task(EXPERIMENT, TASK.requests, weights=first.weights))
    assert first.failure is again.failure is None
    assert first.history
    assert not again.history
    np.testing.assert_array_equal(first.restored[0][1].values["psnr"], again.restored[0][1].values["psnr"])


def test_a_recipe_must_find_enough_images() -> None:
    def task(batch: int) -> Task:
        return Task(EXPERIMENT.but(recipe=replace(FAST, batch=batch)), TASK.requests)

    check([task(409)])
    with pytest.raises(ValueError, match=r"'shapes' has 409 images to train on, and the recipe of conv_\S+ needs 410"):
        check([task(410)])


def test_a_metric_that_fails_leaves_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Tensor:
        raise RuntimeError("no such metric")

    monkeypatch.setattr(bench.running.execute, "evaluate", fail)
    result = measure(TASK)
    assert result.failure == "RuntimeError: no such metric"
    assert result.weights is not None
    assert result.history[-1].validation is not None
    assert result.provenance is not None
    assert result.provenance.parameters == 16_385
    assert set(result.provenance.seconds.as_json()) == {"training"}


def test_one_training_is_scored_under_every_protocol_that_asks(counter: Counter) -> None:
    laplace = replace(PROTOCOL, noise="laplace")
    result = measure(replace(TASK, requests=(*TASK.requests, Request(laplace, ((0.01, "psnr"), (0.1, "mse"))))))
    assert counter.trained == ["conv_autoencoder"]
    assert [(p.noise, r.variance, *r.values) for p, r in result.restored] == [
        ("gaussian", 0.01, "psnr"),
        ("laplace", 0.01, "psnr"),
        ("laplace", 0.1, "mse"),
    ]
    assert result.provenance is not None
    assert {"noise:gaussian", "noise:laplace"} <= set(result.provenance.sources)
    assert set(result.provenance.seconds.scoring) == {PROTOCOL.digest, laplace.digest}


def test_conditions_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = measure(TASK).provenance
    assert known is not None
    assert known.machine.threads == torch.get_num_threads()
    assert known.parameters == 16_385
    assert known.machine.torch == torch.__version__
    assert {"train", "denoiser:conv_autoencoder", "noise:gaussian"} <= set(known.sources)


@pytest.mark.slow
def test_one_process_and_two_give_the_same_bytes() -> None:
    tasks = [Task(EXPERIMENT.but(seed=seed), TASK.requests) for seed in (0, 1)]
    found = []
    for jobs in (1, 2):
        with pool(jobs, news_queue()) as executor:
            results = {result.task.experiment.seed: result for result in execute(tasks, executor)}
        found.append(
            [(results[seed].weights, results[seed].restored[0][1].values["psnr"].tobytes()) for seed in (0, 1)]
        )
    assert found[0] == found[1]
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_worker_that_dies_and_a_denoiser_that_raises_are_failures_not_the_end(tmp_path: Path) -> None:
    raising = broken(tmp_path, "raising", "raise RuntimeError('on purpose')")
    dying = broken(tmp_path, "dying", "import os; os._exit(1)")
    clip = Task(settle(EXPERIMENT.but(denoiser="clip")), TASK.requests)
    results = {r.task.experiment.denoiser: r for r in run([dying, raising, clip], 1, news_queue())}
    assert results["clip"].failure is None
    assert results["raising"].failure == "RuntimeError: on purpose"
    assert "its worker process died" in (results["dying"].failure or "")


@pytest.mark.slow
def test_what_waited_behind_a_dead_worker_goes_on_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dying = broken(tmp_path, "dying_first", "import os; os._exit(1)")
    waiting = [Task(settle(EXPERIMENT.but(denoiser=name)), TASK.requests) for name in ("clip", "noisy", "gaussian")]
    jobs: list[int] = []

    def counted(count: int, *rest: Any) -> AbstractContextManager[Executor]:
        jobs.append(count)
        return pool(count, *rest)

    monkeypatch.setattr("bench.running.execute.pool", counted)
    results = list(run([dying, *waiting], 2, news_queue()))
    assert sorted(r.task.experiment.denoiser for r in results) == ["clip", "dying_first", "gaussian", "noisy"]
    assert [r.task.experiment.denoiser for r in results if r.failure] == ["dying_first"]
    assert len(jobs) <= 4  # those that ran beside it alone, and the rest in one pool
    assert sum(jobs[1:]) <= 4


def test_ctrl_c_waits_for_what_must_not_be_cut_short() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # which what runs in the background has not
    done = False
    try:
        with pytest.raises(KeyboardInterrupt), undisturbed():  # noqa: PT012  # the end of the block is what raises
            signal.raise_signal(signal.SIGINT)
            done = True
        assert done
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_value_that_is_not_a_number_is_a_failure(tmp_path: Path) -> None:
    result = measure(broken(tmp_path, "not_a_number", "return noisy * float('nan')"))
    assert result.failure == "ValueError: psnr is not a number at test variance 0.01"


def test_damaged_weights_are_named() -> None:
    result = measure(Task(EXPERIMENT, TASK.requests, weights=b"no weights"))
    assert "weights.safetensors is damaged, delete it" in (result.failure or "")


def test_results_are_let_go_once_they_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.running.execute.measure", Result)
    tasks = [replace(TASK, experiment=EXPERIMENT.but(seed=seed)) for seed in range(5)]
    taken, held = [], []
    with ThreadPoolExecutor(1) as executor:
        for result in execute(tasks, executor):
            taken.append(weakref.ref(result))
            del result
            gc.collect()
            held.append(sum(each() is not None for each in taken))
    assert held == [1] * 5


@pytest.mark.slow
def test_the_workers_of_a_scheduler_give_the_same_bytes(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    raising = broken(tmp_path, "raising_there", "raise RuntimeError('on purpose')")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as scheduler:
        there = {r.task.experiment.denoiser: r for r in run_there([raising, TASK], scheduler.scheduler_address)}
    here = measure(TASK)
    trained = there["conv_autoencoder"]
    assert (trained.failure, trained.weights, trained.history) == (None, here.weights, here.history)
    assert trained.provenance is not None
    assert trained.provenance.machine.threads == 1
    assert there["raising_there"].failure == "RuntimeError: on purpose"


@pytest.mark.parametrize(
    ("workers", "threads", "message"),
    [(0, 1, "has no workers, and each must"), (1, 2, "has workers of several threads")],
)
def test_a_scheduler_without_workers_of_one_thread_is_refused(workers: int, threads: int, message: str) -> None:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": workers, "threads_per_worker": threads, "processes": False, "dashboard_address": None}
    with (
        distributed.LocalCluster(**options) as scheduler,
        pytest.raises(ValueError, match=f"{message}.*dask worker .* --nthreads 1"),
    ):
        next(run_there([TASK], scheduler.scheduler_address))


def test_where_no_scheduler_answers_it_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("bench.running.workers.PATIENCE", 0.1)
    with pytest.raises(ValueError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1 .*; start one with: dask"):
        next(run_there([TASK], "tcp://127.0.0.1:1"))


def test_any_executor_will_do() -> None:
    clip = Task(settle(EXPERIMENT.but(denoiser="clip")), TASK.requests)
    with ThreadPoolExecutor(1) as executor:
        (result,) = execute([clip], executor)
    assert result.restored[0][1].values["psnr"].shape == (128,)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_meets_the_same_test_images_and_trains() -> None:
    median = Task(settle(EXPERIMENT.but(denoiser="median")), TASK.requests)
    there, here = (measure(replace(median, device=device)).restored[0][1].values["psnr"] for device in ("cuda", "cpu"))
    np.testing.assert_allclose(there, here, atol=1e-4)
    trained = measure(replace(TASK, device="cuda"))
    assert trained.failure is None
    assert trained.provenance is not None
    assert trained.provenance.machine.device.startswith("cuda")

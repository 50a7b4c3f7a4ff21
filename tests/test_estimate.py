from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.cli.display import duration
from bench.core.conditions import Seconds
from bench.core.experiment import Protocol
from bench.core.tasks import Request, Section, Task
from bench.running.estimate import estimate
from bench.running.plan import settle
from bench.store.store import Store
from tests.made_up import MEASURED, UNET, keep

PROTOCOL = Protocol("shapes", "gaussian", (0.01, 0.1), ("psnr",), 100)
REQUEST = Request(PROTOCOL, PROTOCOL.cells)


def measured(store: Store, experiment: object, seed: int, training: float | None, scoring: float) -> None:
    assert isinstance(experiment, type(UNET))
    experiment = experiment.but(seed=seed)
    seconds = Seconds(training, {PROTOCOL.digest: scoring})
    values = dict.fromkeys(PROTOCOL.variances, np.full(100, 30.0))
    keep(store, PROTOCOL, experiment, values, measured=replace(MEASURED, seconds=seconds, parameters=99))
    store.ask(Section("grid", PROTOCOL, (experiment,)))


def test_like_experiments_tell_how_long_an_epoch_and_a_variance_take(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert UNET.recipe is not None
    for seed, seconds in enumerate((9.0, 10.0, 30.0)):
        measured(store, UNET, seed, seconds, 4.0)
    longer = UNET.but(seed=5, recipe=replace(UNET.recipe, epochs=3, lr=0.1))
    tasks = [
        Task(longer, (REQUEST,)),
        Task(UNET.but(seed=6), (REQUEST,), weights=b"weights"),
        Task(UNET.but(seed=7), (Request(PROTOCOL, PROTOCOL.cells[:1]),)),
    ]
    expected = estimate(store, tasks)
    assert expected is not None
    # The median of 9, 10 and 30 seconds an epoch, and two seconds a test variance.
    assert list(expected.seconds.values()) == [3 * 10 + 2 * 2, 2 * 2, 10 + 2]
    assert expected.guessed == []
    assert expected.hours == pytest.approx(50 / 3600)


def test_what_has_no_like_is_guessed_by_its_size_and_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert estimate(store, [Task(UNET, (REQUEST,))]) is None
    measured(store, UNET, 0, 10.0, 4.0)  # said to have 99 parameters: a second an epoch for each unit of size
    clip = settle(UNET.but(denoiser="clip"))
    expected = estimate(store, [Task(clip, (REQUEST,)), Task(UNET.but(seed=1), (REQUEST,))])
    assert expected is not None
    assert expected.seconds == {clip.id: pytest.approx(2 * 2 / 10), UNET.but(seed=1).id: 14}
    assert expected.guessed == [clip.id]


@pytest.mark.parametrize(
    ("seconds", "words"), [(40, "40 seconds"), (720, "12 minutes"), (5000, "83 minutes"), (12600, "3.5 hours")]
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words

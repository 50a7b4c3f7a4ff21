import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from architectures import DENOISERS
from bench.cli.display import duration, left
from bench.core.conditions import Seconds
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import RECIPES
from bench.core.tasks import Request, Result, Section, Task
from bench.lookup.denoisers import missing_package
from bench.measurements import MEASUREMENTS
from bench.running.command import Command
from bench.running.estimate import Estimate, estimate
from bench.running.plan import order, settle
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
    assert list(expected.seconds.values()) == pytest.approx([3 * 10 + 2 * 2, 2 * 2, 10 + 2])
    assert expected.guessed == []
    assert expected.hours == pytest.approx(50 / 3600)


def test_what_has_no_like_is_guessed_by_its_size_and_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert estimate(store, [Task(UNET, (REQUEST,))]) is None
    measured(store, UNET, 0, 10.0, 4.0)  # said to have 99 parameters: a second an epoch for each unit of size
    clip = settle(UNET.but(denoiser="clip"))
    expected = estimate(store, [Task(clip, (REQUEST,)), Task(UNET.but(seed=1), (REQUEST,))])
    assert expected is not None
    assert expected.seconds == {clip.id: pytest.approx(2 * 2 / 10), UNET.but(seed=1).id: pytest.approx(14)}
    assert expected.guessed == [clip.id]


def test_images_are_known_by_their_pixels_and_tunings_say_nothing_of_epochs(tmp_path: Path) -> None:
    store = Store(tmp_path)
    measured(store, UNET.but(dataset="folder:here@0f3ccdf0", recipe=RECIPES["photographs"]), 0, 10.0, 4.0)
    elsewhere = UNET.but(dataset="folder@0f3ccdf0", recipe=RECIPES["photographs"])
    expected = estimate(store, [Task(elsewhere, ())])
    assert expected is not None
    assert expected.seconds == {elsewhere.id: pytest.approx(10.0)}
    assert expected.guessed == []
    other = Store(tmp_path / "other")
    measured(other, settle(UNET.but(denoiser="median")), 0, 10.0, 4.0)  # a tuned filter has no epochs
    assert estimate(other, [Task(elsewhere, ())]) is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(40, "40 seconds"), (720, "12 minutes"), (5000, "83 minutes"), (12600, "3.5 hours")]
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def worst(tasks: Sequence[Task], recorded: Mapping[Experiment, float], expected: Estimate | None) -> float:
    """The largest error of the time left after the first tenth of a run on two workers, as a share of it."""
    assert expected is not None
    work, starts, free = expected.seconds, {}, [0.0, 0.0]
    for task in tasks:  # each by the worker that is free
        starts[task.experiment] = min(free)
        free[free.index(min(free))] += recorded[task.experiment]
    errors = []
    for now in np.linspace(0.1, 0.9, 17) * max(free):
        shares = {e.id: min(max((now - start) / recorded[e], 0), 1) for e, start in starts.items()}
        rest = [work[name] * (1 - share) for name, share in shares.items()]
        predicted = left(now, [work[name] * share for name, share in shares.items()], rest, 2)
        assert predicted is not None
        errors.append(abs(predicted - (max(free) - now)) / (max(free) - now))
    return float(max(errors))


FULL = Path(__file__).parent.parent / "results" / "full"


@pytest.mark.parametrize("images", ["digits", "BSD68", "Set12"])
def test_the_time_left_is_right_after_the_first_tenth(tmp_path: Path, images: str) -> None:
    """Grids on two workers, as they were recorded on a machine that did nothing else."""
    run = json.loads((Path(__file__).parent / "recorded_run.json").read_text(encoding="utf-8"))[images]
    store, protocol, recorded = Store(tmp_path), Protocol.from_json(run["protocol"]), {}
    for line in run["run"]:
        experiment = Experiment.from_json(line["experiment"])
        if experiment.denoiser in DENOISERS and not missing_package(experiment.denoiser):
            seconds = Seconds(line["training"], {protocol.digest: line["scoring"]})
            store.keep(Result(Task(experiment, ()), [], None, [], replace(MEASURED, seconds=seconds), []))
            recorded[experiment] = (line["training"] or 0.0) + line["scoring"]
    store.ask(Section("grid", protocol, tuple(recorded)))
    tasks = [Task(experiment, (Request(protocol, protocol.cells),)) for experiment in recorded]
    tasks.sort(key=lambda task: order(task.experiment, task.cells))
    assert worst(tasks, recorded, estimate(store, tasks)) < 0.3


@pytest.mark.skipif(not list(FULL.glob("section-*.json")), reason="results/full is not in this checkout")
def test_a_first_grid_is_estimated_by_the_published_study(tmp_path: Path) -> None:
    (section,) = MEASUREMENTS["grid"].sections(Command({"grid": ""}, profile="quick"))
    tasks = [Task(e, (Request(section.protocol, section.protocol.cells),)) for e in section.experiments]
    assert estimate(Store(tmp_path), tasks) is None
    expected = estimate(Store(tmp_path), tasks, Store(FULL))
    assert expected is not None
    digits = [section for section in Store(FULL).sections() if section.protocol.dataset == "mnist"]
    known = {experiment.denoiser for section in digits for experiment in section.experiments}
    assert {e.denoiser for e in section.experiments if e.id in expected.guessed} == {
        e.denoiser for e in section.experiments if e.denoiser not in known
    }
    assert 0.1 < expected.hours < 1

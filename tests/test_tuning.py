"""Filters choose from their grid, and what they choose is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from architectures import DENOISERS
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST
from bench.core.results import Trial, best
from bench.core.variance import Range
from bench.lookup import denoisers
from bench.lookup.denoisers import choices, parameters, tuned
from bench.lookup.images import images_of
from bench.running.plan import grid as plan_grid
from bench.running.plan import settle
from bench.store.store import Store
from bench.training.tune import tune
from tests.conftest import Counter, report_text

PROTOCOL = Protocol("shapes", "gaussian", (0.01, 0.1), ("psnr",), 128)
MEDIAN = Experiment("median", (), "shapes", "gaussian", Range(0.1, 0.1), None)
CPU = torch.device("cpu")


def test_a_filter_is_there_with_its_defaults_and_tuned_for_each_range() -> None:
    ranges = [Range(0.01, 0.01), Range(0.001, 0.1)]
    section = plan_grid({"median": ranges}, PROTOCOL, FAST, seeds=3)
    plain, *others = section.experiments
    assert (plain.dataset, plain.noise, plain.variance, plain.recipe) == (None, None, None, None)
    assert [(e.variance, e.recipe, e.seed, e.tuned) for e in others] == [(r, None, 0, True) for r in ranges]


def test_what_knows_its_images_keeps_their_name_alone() -> None:
    (memorizer,) = plan_grid({"memorizer": [Range(0.01, 0.01)]}, PROTOCOL, FAST, seeds=3).experiments
    assert (memorizer.dataset, memorizer.noise, memorizer.variance, memorizer.recipe) == ("shapes", None, None, None)


def test_an_option_that_is_given_is_not_tuned() -> None:
    given = settle(MEDIAN.but(options={"size": 5}))
    assert (given.options, given.variance) == ((("size", 5),), None)
    assert choices(given) == []


def test_a_default_that_is_written_out_changes_nothing() -> None:
    unet = Experiment("unet", (), "shapes", "gaussian", Range(0.1, 0.1), FAST)
    assert settle(unet.but(options={"width": 16})) == settle(unet)
    assert settle(unet.but(options={"width": 8})) != settle(unet)


def test_more_noise_asks_for_a_wider_median() -> None:
    images = images_of("shapes").train
    chosen = [best(tune(MEDIAN.but(variance=Range(v, v)), images, CPU)).value for v in (0.001, 0.5)]
    assert chosen[0] < chosen[1]


def test_the_best_that_was_tried_is_taken_and_trying_again_gives_the_same() -> None:
    trials = tune(MEDIAN, images_of("shapes").train, CPU)
    assert [trial.value for trial in trials] == [1, 3, 5, 7]
    assert trials == tune(MEDIAN, images_of("shapes").train, CPU)
    least = min(trials, key=lambda trial: trial.mse)
    assert tuned(MEDIAN, trials).options == (("size", least.value),)
    equal = [Trial("size", 3, 0.1), Trial("size", 5, 0.1)]
    assert best(equal).value == 3


def test_a_value_that_the_filter_refuses_is_refused_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DENOISERS["median"], "grid", {"size": (3, 4)})
    with pytest.raises(ValueError, match="denoiser 'median' cannot be built"):
        plan_grid({"median": [Range(0.01, 0.01)]}, PROTOCOL, FAST, seeds=1)


def test_what_was_tried_is_kept(counter: Counter) -> None:
    arguments = ("--grid", "--profile", "smoke", "--denoisers", "median", "--train", "0.01", "0.001..0.1")
    assert counter.run(*arguments) == 0
    store = Store(Path("results/smoke"))
    (section,) = store.sections()
    kept = {str(e.variance): store.trials(e) for e in section.experiments}
    assert [len(trials) for trials in kept.values()].count(4) == 2
    text = report_text(store.root)
    assert "| median, tuned | 0.001..0.1 |" in text
    counter.run(*arguments)
    assert not counter.scored


@pytest.fixture
def no_bm3d(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(denoisers, "find_spec", lambda name: None)
    monkeypatch.setitem(DENOISERS["bm3d"].__init__.__globals__, "find_spec", lambda name: None)
    parameters.cache_clear()
    yield
    parameters.cache_clear()


@pytest.mark.usefixtures("no_bm3d")
def test_a_missing_package_is_said_and_refused_where_it_was_asked_for(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.run("--grid", "--profile", "smoke", "--dry-run") == 0
    assert (
        "bm3d is left out, since its package is not installed; to have it: pip install bm3d" in capsys.readouterr().err
    )
    assert counter.run("--grid", "--profile", "smoke", "--denoisers", "clip,bm3d") == 2
    assert "the denoiser 'bm3d' needs the package bm3d" in capsys.readouterr().err
    assert not Path("results").exists()

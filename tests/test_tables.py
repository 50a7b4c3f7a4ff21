from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.rows import Row, rows_of
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST, TUTORIAL, Recipe
from bench.core.results import Progress
from bench.core.tasks import Section
from bench.core.variance import Range, decibels
from bench.report.tables.scores import scores
from bench.report.tables.table import Table, numbers, texts
from bench.running.plan import settle
from bench.store.store import Store
from tests import made_up

PROTOCOL = Protocol("shapes", "gaussian", (0.01, 0.1), ("psnr",), 100)
UNET = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
CLIP = settle(UNET.but(denoiser="clip"))
IMAGES = np.random.default_rng(0).normal(20, 3, 100)


def keep(store: Store, experiment: Experiment, values: dict[float, Any], diverged: bool = False) -> None:
    history = [Progress(1.0, float("nan") if diverged else 0.1, None)]
    measured = replace(made_up.MEASURED, parameters=10 if experiment.recipe else 0)
    made_up.keep(store, PROTOCOL, experiment, values, history, measured)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_table_has_a_row_for_each_training_and_marks_the_best(store: Store) -> None:
    keep(store, CLIP, {0.01: IMAGES, 0.1: IMAGES - 5})
    keep(store, UNET, {0.01: IMAGES + 1, 0.1: IMAGES[::-1] - 5})
    section = Section("grid", PROTOCOL, (UNET, CLIP))
    table = scores(section, rows_of(store, section), "psnr", intervals=False)
    assert table.header == ("denoiser", "trained on", "0.01", "0.1")
    mean = IMAGES.mean()
    assert table.rows == (
        ("σ·255", "", "25.5", "80.6"),
        ("input PSNR (dB)", "", "20.00", "10.00"),
        ("clip", "–", f"{mean:.2f}", f"**{mean - 5:.2f}**"),
        ("unet", "0.01", f"**{mean + 1:.2f}**", f"{mean - 5:.2f} ?"),
    )
    assert "±" in scores(section, rows_of(store, section), "psnr", intervals=True).markdown()


def test_seeds_are_averaged_and_diverged_ones_left_out(store: Store) -> None:
    keep(store, UNET, {0.01: IMAGES})
    keep(store, UNET.but(seed=1), {0.01: IMAGES + 2})
    keep(store, UNET.but(seed=2), {}, diverged=True)
    section = Section("grid", PROTOCOL, tuple(UNET.but(seed=seed) for seed in range(3)))
    (row,) = rows_of(store, section)
    assert row.means[0.01, "psnr"] == pytest.approx(IMAGES.mean() + 1)
    assert row.note == "1 of 3 seeds diverged in epoch 1"
    assert row.seeds == 2


def test_what_has_no_number_says_why(store: Store) -> None:
    keep(store, UNET, {}, diverged=True)
    section = Section("grid", PROTOCOL, (UNET, UNET.but(variance=Range(0.1, 0.1))))
    table = scores(section, rows_of(store, section), "psnr", intervals=False)
    assert table.rows[2:] == (("unet", "0.01", "diverged in epoch 1", ""), ("unet", "0.1", "not measured", ""))


def test_rows_are_called_by_their_recipe_where_it_differs(store: Store) -> None:
    both = Section("grid", PROTOCOL, (CLIP, UNET, UNET.but(recipe=TUTORIAL)))
    assert [row.subject for row in rows_of(store, both)] == ["clip", "unet, fast", "unet, tutorial"]
    table = scores(both, rows_of(store, both), "psnr", intervals=False)
    assert [row[0] for row in table.rows[2:]] == ["clip", "unet, fast", "unet, tutorial"]
    alike = Section("grid", PROTOCOL, (CLIP, UNET))
    assert [row.subject for row in rows_of(store, alike)] == ["clip", "unet"]


def test_rows_of_an_ablation_are_called_by_what_it_changes(store: Store) -> None:
    def subjects(*recipes: Recipe) -> list[str]:
        section = Section("any", PROTOCOL, tuple(UNET.but(recipe=each) for each in (FAST, *recipes)), bases=(UNET,))
        return [row.subject for row in rows_of(store, section)]

    loss, rate = replace(FAST, loss="l1"), replace(FAST, lr=0.5)
    assert subjects(loss) == ["unet, loss=psnr", "unet, loss=l1"]
    assert subjects(loss, rate) == ["unet, fast", "unet, loss=l1", "unet, lr=0.5"]


def test_columns_of_numbers_are_set_right_and_of_words_left() -> None:
    columns = [
        texts("denoiser", ["unet", "unet"]),
        numbers("gain", [-0.1, None], "{:.1f}".format),
        numbers("nothing", [None, float("nan")], str),
    ]
    table = Table.of("Any", columns)
    assert table.rows == (("unet", "-0.1", "–"), ("unet", "–", "–"))
    assert table.markdown().splitlines()[:2] == ["| denoiser | gain | nothing |", "| :-- | --: | :-- |"]


def test_a_row_says_what_it_is() -> None:
    row = Row(UNET.but(options={"width": 8}), blind=False)
    assert row.name == "unet(width=8) †"
    assert row.training == "0.01"
    assert Row(CLIP).training == "–"
    assert Row(UNET.but(recipe=replace(FAST, epochs=3))).recipe == "fast, epochs=3"


def test_the_decibels_is_analytic() -> None:
    assert decibels(0.01) == pytest.approx(20)
    assert decibels(0) == float("inf")

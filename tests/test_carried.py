"""Whether a ranking under Gaussian noise holds for recorded noise, from rows with known ranks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.analysis.findings.carried import carried, spearman
from bench.analysis.intervals import Sample
from bench.analysis.rows import Row
from bench.core.experiment import RECORDED, Protocol
from bench.core.tasks import Section
from bench.core.variance import Range
from tests.made_up import UNET

GAUSSIAN = Section("grid", Protocol("mnist", "gaussian", (0.001, 0.01), ("psnr",), 40), ())
CAMERA = Section("grid", replace(GAUSSIAN.protocol, noise=RECORDED, variances=(0.012,)), ())
NOISE = np.random.default_rng(0).normal(0, 1, (5, 40))


def rows(variance: float, levels: list[float], spread: float) -> list[Row]:
    """Five trainings of one network with some mean PSNR."""
    return [
        Row(
            UNET.but(variance=Range(0.001 * (i + 1), 0.1)),
            samples={(variance, "psnr"): Sample((level + spread * NOISE[i])[None], (0,))},
            means={(variance, "psnr"): level},
            subject="unet",
            seeds=1,
        )
        for i, level in enumerate(levels)
    ]


def test_filters_alone_say_nothing_of_a_ranking() -> None:
    filters = [row.but(experiment=row.experiment.but(recipe=None)) for row in rows(0.001, [30.0, 31, 32, 33, 34], 1.0)]
    recorded = [row.but(samples={(0.012, "psnr"): row.samples[0.001, "psnr"]}) for row in filters]
    assert not list(carried(CAMERA, recorded, [(GAUSSIAN, filters)]))


def test_a_rank_correlation_is_that_of_scipy() -> None:
    one, other = np.array([3.0, 1, 2, 2, 5]), np.array([30.0, 10, 25, 20, 22])
    assert spearman(one, other) == pytest.approx(stats.spearmanr(one, other).statistic)


def test_a_ranking_that_holds_and_one_that_turns_round() -> None:
    there = rows(0.01, [30, 31, 32, 33, 34], 0.01)
    (same,) = carried(CAMERA, rows(0.012, [20, 21, 22, 23, 24], 0.01), [(GAUSSIAN, there)])
    assert (same.correlation, same.low, same.high, same.place) == pytest.approx((1, 1, 1, 1))
    assert (same.variance, same.count, same.best) == (0.01, 5, "unet, trained on 0.005..0.1")
    (turned,) = carried(CAMERA, rows(0.012, [24, 23, 22, 21, 20], 0.01), [(GAUSSIAN, there)])
    assert (turned.correlation, turned.place) == pytest.approx((-1, 5))
    (unsure,) = carried(CAMERA, rows(0.012, [24, 23, 22, 21, 20], 20), [(GAUSSIAN, there)])
    assert unsure.high - unsure.low > 1


def test_few_rows_have_no_correlation() -> None:
    there = rows(0.01, [30, 31, 32, 33, 34], 0.01)
    assert not list(carried(CAMERA, rows(0.012, [20, 21, 22], 0.01), [(GAUSSIAN, there)]))

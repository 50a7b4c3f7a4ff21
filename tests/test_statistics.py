import math

import numpy as np
import pytest
from scipy import stats

from bench.statistics import half_width, leaders, summarize

RNG = np.random.default_rng(0)


def test_the_interval_is_students() -> None:
    blocks = RNG.normal(size=30)
    low, high = stats.t.interval(0.95, 29, blocks.mean(), stats.sem(blocks))
    assert half_width(blocks) == pytest.approx((high - low) / 2)


def test_the_interval_covers_what_it_says() -> None:
    samples = RNG.exponential(size=(2000, 100))
    covered = [abs(sample.mean() - 1) <= half_width(sample) for sample in samples]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("blocks", [[1.0], [1.0, math.inf], [1.0, math.nan]])
def test_there_is_no_interval_where_none_can_be_told(blocks: list[float]) -> None:
    assert math.isnan(half_width(np.array(blocks)))


def test_pairing_tells_apart_what_single_intervals_cannot() -> None:
    images = RNG.normal(30, 5, size=100)
    better = images + 0.1 + RNG.normal(0, 0.05, size=100)
    assert half_width(images) > 0.5
    assert leaders([images, better], "higher") == [1]
    assert leaders([images, better], "lower") == [0]


def test_rows_that_cannot_be_told_apart_lead_together() -> None:
    images = RNG.normal(30, 5, size=100)
    alike = images + RNG.normal(0, 1, size=100)
    worse = images - 3
    assert leaders([None, images, alike, worse], "higher") == [1, 2]


def test_rows_without_numbers_never_lead() -> None:
    good, broken = np.array([2.0, 1.0]), np.array([math.nan, 1.0])
    assert leaders([None, None], "higher") == leaders([None, good, broken], "higher") == []
    assert leaders([broken, good, good - 1, None], "higher") == [1]
    assert leaders([broken, good, good - 1, None], "lower") == [2]


def test_what_is_infinite_leads_and_ties_with_its_like() -> None:
    perfect, good = np.array([math.inf, 1.0]), np.array([2.0, 1.0])
    assert leaders([perfect, good, perfect], "higher") == [0, 2]


def test_a_score_sums_up_images() -> None:
    values = np.arange(400, dtype=float)
    score = summarize(0.1, "mse", values)
    assert (score.mean, score.images, len(score.blocks)) == (199.5, 400, 100)
    assert score.spread == pytest.approx(np.sqrt((400**2 - 1) / 12))
    assert score.blocks[:2] == (1.5, 5.5)


@pytest.mark.parametrize(("images", "blocks"), [(10_000, 100), (2000, 100), (128, 64), (68, 68), (250, 50), (1, 1)])
def test_blocks_are_equal_so_that_their_mean_is_the_mean(images: int, blocks: int) -> None:
    values = RNG.normal(size=images)
    score = summarize(0.1, "mse", values)
    assert len(score.blocks) == blocks
    assert np.mean(score.blocks) == pytest.approx(score.mean)


def test_what_is_infinite_stays_infinite() -> None:
    assert summarize(0.1, "psnr", np.array([1.0, np.inf])).mean == np.inf

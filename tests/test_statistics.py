import math

import numpy as np
import pytest
from scipy import stats

from bench.statistics import half_width, leaders

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
    assert leaders([None, None], "higher") == []
    assert leaders([np.array([math.inf, 1.0]), np.array([2.0, 1.0])], "higher") == [0]

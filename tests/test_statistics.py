import math

import numpy as np
import pytest
from scipy import stats

from bench.analysis.comparisons import p_values
from bench.analysis.intervals import Sample, _lopsided, mean_of
from bench.core.results import Array, summarize
from tests.made_up import crossed, sample


@pytest.mark.parametrize("seeds", [1, 2, 3, 10])
@pytest.mark.parametrize(("seed_spread", "block_spread"), [(0.0, 1.0), (0.1, 1.0), (1.0, 0.1)])
def test_the_interval_covers_what_it_says(seeds: int, seed_spread: float, block_spread: float) -> None:
    """Never less than 95 %, and not much more where one kind of spread rules; one seed knows images alone."""
    samples = crossed(np.random.default_rng(seeds), seeds, seed_spread, block_spread, 1500)
    covered = np.mean([abs(s.mean - 30) <= s.half_width for s in samples])
    if seeds == 1 and seed_spread > 0:
        assert covered < 0.93
    elif seed_spread == 0.1:  # both matter
        assert 0.94 <= covered <= 0.995
    else:
        assert 0.94 <= covered <= 0.975


@pytest.mark.slow
@pytest.mark.parametrize("seed_spread", [0.0, 0.05, 0.5])
@pytest.mark.parametrize(
    ("kind", "blocks", "least"),
    [("normal", 100, 0.93), ("t3", 100, 0.93), ("lognormal", 100, 0.93), ("lognormal", 12, 0.85)],
)
def test_the_interval_covers_skewed_and_heavy_tailed_images(
    kind: str, blocks: int, least: float, seed_spread: float
) -> None:
    """As the report says, with five seeds."""
    rng, covered = np.random.default_rng(9), 0

    def drawn(size: tuple[int, int]) -> Array:
        if kind == "normal":
            return rng.normal(size=size)
        if kind == "t3":
            return rng.standard_t(3, size) / 3**0.5
        return (rng.lognormal(size=size) - math.exp(0.5)) / math.sqrt((math.e - 1) * math.e)

    for _ in range(1000):
        values = seed_spread * rng.normal(size=(5, 1)) + drawn((1, blocks)) + 0.1 * drawn((5, blocks))
        one = Sample(values, tuple(range(5)))
        covered += abs(one.mean) <= one.half_width
    assert covered >= stats.binom.ppf(0.01, 1000, least)


def test_the_interval_of_images_alone_is_near_students() -> None:
    values = np.random.default_rng(1).normal(size=100)
    low, high = stats.t.interval(0.95, 99, values.mean(), stats.sem(values))
    assert sample(values).half_width == pytest.approx((high - low) / 2, rel=0.05)


def test_the_interval_of_one_seed_is_the_bootstrap_of_scipy_but_for_its_stretch() -> None:
    values = np.random.default_rng(2).gamma(4, size=100)
    stretch = (100 / 99) ** 0.5 * stats.t.ppf(0.975, 99) / stats.norm.ppf(0.975)
    found = stats.bootstrap([values], np.mean, n_resamples=2000, method="percentile", rng=0).confidence_interval
    expected = _lopsided(values) * stretch * (found.high - found.low) / 2
    assert sample(values).half_width == pytest.approx(expected, rel=1e-9)


def test_the_interval_of_seeds_and_images_is_the_bootstrap_of_scipy_over_both_but_for_its_stretch() -> None:
    (one,) = crossed(np.random.default_rng(2), 3, 0.1, 1, 1)
    means = one.values - one.mean

    def shifts(seeds: Array, blocks: Array, axis: int) -> Array:
        stretched = [(3 / 2) ** 0.5 * stats.t.ppf(0.975, 2), (100 / 99) ** 0.5 * stats.t.ppf(0.975, 99)]
        parts = means.mean(1)[seeds].mean(axis), means.mean(0)[blocks].mean(axis)
        shift: Array = stretched[0] * parts[0] + _lopsided(one.blocks) * stretched[1] * parts[1]
        return shift / stats.norm.ppf(0.975)

    found = stats.bootstrap(
        [np.arange(3), np.arange(100)], shifts, n_resamples=2000, method="percentile", vectorized=True, rng=0
    ).confidence_interval
    assert one.half_width == pytest.approx((found.high - found.low) / 2, rel=1e-9)


@pytest.mark.parametrize("blocks", [[1.0], [1.0, math.inf], [1.0, math.nan]])
def test_there_is_no_interval_where_none_can_be_told(blocks: list[float]) -> None:
    assert math.isnan(sample(blocks).half_width)
    assert p_values([sample(blocks)]) == [1]


def test_a_sample_equals_itself_alone() -> None:
    one, same = sample([1, 2]), sample([1, 2])
    assert len({one, same, one}) == 2


def test_seeds_are_paired_by_their_number() -> None:
    one, two = sample([1, 2], [3, 4], seeds=(0, 2)), sample([10, 20], [30, 40], [50, 60], seeds=(0, 1, 2))
    difference = two.minus(one)
    assert difference is not None
    assert (difference.seeds, difference.values.tolist()) == ((0, 2), [[9, 18], [47, 56]])
    untrained = two.minus(sample([1, 2]))
    assert untrained is not None
    assert (untrained.seeds, untrained.values[2].tolist()) == ((0, 1, 2), [49, 58])
    assert one.minus(sample([1, 2], seeds=(5,))) is None
    assert one.minus(sample([1, 2, 3])) is None


def test_a_mean_is_over_the_seeds_that_all_have() -> None:
    one, two = sample([1, 2], [3, 4], seeds=(0, 2)), sample([10, 20], [30, 40], [50, 60], seeds=(0, 1, 2))
    mean = mean_of([one, two, sample([7, 8])])
    assert mean is not None
    assert (mean.seeds, mean.values.tolist()) == ((0, 2), [[6, 10], [20, 24]])
    assert mean_of([one, sample([1, 2], seeds=(1,))]) is None
    assert mean_of([one, sample([1, 2, 3], seeds=(0,))]) is None
    assert mean_of([]) is None


def test_a_score_sums_up_images() -> None:
    values = np.arange(400, dtype=float)
    score = summarize(0.1, "mse", values)
    assert (score.mean, score.images, len(score.blocks)) == (199.5, 400, 100)
    assert score.spread == pytest.approx(np.sqrt((400**2 - 1) / 12))
    assert score.blocks[:2] == (150, 151)  # of images 0, 100, 200, 300, and of their neighbours
    assert summarize(0.1, "mse", values, in_turn=False).blocks[:2] == (1.5, 5.5)  # as protocols of version 1 have it


@pytest.mark.parametrize(("images", "blocks"), [(10_000, 100), (2000, 100), (128, 64), (68, 68), (250, 50), (1, 1)])
def test_blocks_are_equal_so_that_their_mean_is_the_mean(images: int, blocks: int) -> None:
    values = np.random.default_rng(9).normal(size=images)
    score = summarize(0.1, "mse", values)
    assert len(score.blocks) == blocks
    assert np.mean(score.blocks) == pytest.approx(score.mean)


def test_what_is_infinite_stays_infinite() -> None:
    assert summarize(0.1, "psnr", np.array([1.0, np.inf])).mean == np.inf


@pytest.mark.parametrize(("images", "count"), [(10000, 100), (68, 68), (12, 12), (101, 101), (127, 127), (202, 101)])
def test_images_are_cut_into_enough_equal_blocks(images: int, count: int) -> None:
    assert len(summarize(0.1, "psnr", np.arange(images, dtype=float)).blocks) == count

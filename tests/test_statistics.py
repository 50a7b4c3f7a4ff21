import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from bench.statistics import (
    Sample,
    Trainings,
    half_width,
    half_widths,
    holm,
    leaders,
    mean_of,
    p_values,
    summarize,
    trainings_of,
)


def sample(*rows: object, seeds: tuple[int, ...] = ()) -> Sample:
    return Sample(np.array(rows, dtype=float), seeds)


def crossed(rng: np.random.Generator, seeds: int, seed_spread: float, block_spread: float, count: int) -> list[Sample]:
    """Numbers whose mean is 30, with effects of seeds, of 100 blocks, and a little of both together."""
    trainings = rng.normal(0, seed_spread, (count, seeds, 1))
    images = block_spread * (rng.gamma(4, size=(count, 1, 100)) / 2 - 2)  # skewed, with this spread
    values = 30 + trainings + images + rng.normal(0, 0.1 * block_spread, (count, seeds, 100))
    return [Sample(each, tuple(range(seeds))) for each in values]


@pytest.mark.parametrize("seeds", [1, 2, 3, 10])
@pytest.mark.parametrize(("seed_spread", "block_spread"), [(0.0, 1.0), (0.1, 1.0), (1.0, 0.1)])
def test_the_interval_covers_what_it_says(seeds: int, seed_spread: float, block_spread: float) -> None:
    """Never less than 95 %, and not much more where one kind of spread rules; one seed knows images alone."""
    samples = crossed(np.random.default_rng(seeds), seeds, seed_spread, block_spread, 1500)
    covered = np.mean([abs(s.mean - 30) <= width for s, width in zip(samples, half_widths(samples), strict=True)])
    if seeds == 1 and seed_spread > 0:
        assert covered < 0.93
    elif seed_spread == 0.1:  # both matter
        assert 0.94 <= covered <= 0.995
    else:
        assert 0.94 <= covered <= 0.975


def test_the_interval_of_images_alone_is_near_students() -> None:
    values = np.random.default_rng(1).normal(size=100)
    low, high = stats.t.interval(0.95, 99, values.mean(), stats.sem(values))
    assert half_width(sample(values)) == pytest.approx((high - low) / 2, rel=0.05)


def test_intervals_come_out_alike_alone_and_together_and_every_time() -> None:
    samples = [*crossed(np.random.default_rng(2), 3, 0.1, 1, 5), *crossed(np.random.default_rng(3), 1, 0.1, 1, 4)]
    assert half_widths(samples) == half_widths(samples) == pytest.approx([half_width(each) for each in samples])


@pytest.mark.parametrize("blocks", [[1.0], [1.0, math.inf], [1.0, math.nan]])
def test_there_is_no_interval_where_none_can_be_told(blocks: list[float]) -> None:
    assert math.isnan(half_width(sample(blocks)))
    assert p_values([sample(blocks)]) == [1]


def test_pairing_is_narrower_than_no_pairing_and_tells_apart_what_single_intervals_cannot() -> None:
    rng = np.random.default_rng(4)
    images = rng.normal(30, 5, size=100)
    one, two = sample(images), sample(images + 0.1 + rng.normal(0, 0.05, size=100))
    difference = two.minus(one)
    assert difference is not None
    assert half_width(difference) < 0.05 * half_width(one)
    assert half_width(one) > 0.5
    assert leaders([one, two], "higher") == [1]
    assert leaders([one, two], "lower") == [0]


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


def test_a_p_value_is_students_where_only_images_vary() -> None:
    rng = np.random.default_rng(5)
    one, two = rng.normal(30, 1, 50), rng.normal(30.2, 1, 50)
    assert p_values([sample(one - two)])[0] == pytest.approx(stats.ttest_rel(one, two).pvalue)


@pytest.mark.parametrize("seed_spread", [0.0, 0.02, 1.0])
def test_a_p_value_keeps_its_level_with_three_seeds(seed_spread: float) -> None:
    samples = crossed(np.random.default_rng(6), 3, seed_spread, 1, 3000)
    wrong = np.mean(np.array(p_values([Sample(each.values - 30, each.seeds) for each in samples])) < 0.05)
    assert 0.005 < wrong < 0.065


def test_what_differs_everywhere_alike_is_beyond_doubt_and_what_is_equal_is_not_told() -> None:
    assert p_values([sample([2.0, 2.0, 2.0]), sample([0.0, 0.0, 0.0])]) == [0, 1]


def test_holm_by_hand() -> None:
    # 0.01 ≤ 0.05 / 4 and 0.0155 ≤ 0.05 / 3, but 0.03 > 0.05 / 2, and after that nothing is rejected.
    assert holm([0.03, 0.01, 0.04, 0.0155]) == [False, True, False, True]
    assert holm([0.0126, 0.03, 0.04, 0.0155]) == [False, False, False, False]
    assert holm([0.04]) == [True]
    assert holm([]) == []
    # Chosen from six: 0.01 > 0.05 / 6, and 0.008 ≤ 0.05 / 6.
    assert holm([0.03, 0.01, 0.04, 0.0155], 6) == [False] * 4
    assert holm([0.03, 0.008, 0.04, 0.0155], 6) == [False, True, False, False]


def test_comparing_many_does_not_make_one_better_by_chance() -> None:
    rng = np.random.default_rng(7)
    images = rng.normal(30, 5, size=100)
    alone = 0
    for _ in range(100):
        rows = [sample(images + rng.normal(0, 1, 100)) for _ in range(20)]
        alone += len(leaders(rows, "higher")) == 1
    assert alone == 0


def test_equal_rows_are_seldom_told_apart_though_the_best_is_chosen_by_the_data() -> None:
    rng = np.random.default_rng(10)
    wrong = sum(len(leaders([sample(rng.normal(30, 1, 100)) for _ in range(20)], "higher")) < 20 for _ in range(200))
    assert wrong <= 20  # 5 % of 200, and twice as many by chance


def test_what_met_other_images_is_not_told_apart() -> None:
    rng = np.random.default_rng(11)
    assert leaders([sample(rng.normal(30, 0.1, 100)), sample(rng.normal(20, 0.1, 50))], "higher") == [0, 1]


@pytest.mark.parametrize("seeds", [2, 3])
def test_networks_of_few_trainings_that_are_alike_are_seldom_told_apart(seeds: int) -> None:
    """Ten networks whose trainings lie 0.1 dB apart, on the same images."""
    rng, wrong = np.random.default_rng(13), 0
    for _ in range(200):
        images = rng.normal(0, 1, 100)
        trainings = 30 + rng.normal(0, 0.1, (10, seeds, 1)) + images + rng.normal(0, 0.02, (10, seeds, 100))
        wrong += len(leaders([Sample(each, tuple(range(seeds))) for each in trainings], "higher")) < 10
    assert wrong <= 20  # 5 % of 200, and twice as many by chance


@pytest.mark.parametrize(
    "spreads", [[0.02] * 8 + [0.3] * 2, [0.05] * 9 + [1.0], np.geomspace(0.006, 3.8, 15)], ids=["two", "one", "all"]
)
def test_networks_whose_trainings_vary_by_unequal_amounts_are_seldom_told_apart(spreads: Sequence[float]) -> None:
    rng, wrong, scale = np.random.default_rng(17), 0, np.array(spreads)[:, None, None]
    for _ in range(200):
        images = rng.normal(0, 1, 100)
        noise = rng.normal(0, 0.02, (len(scale), 3, 100))
        trainings = 30 + scale * rng.normal(0, 1, (len(scale), 3, 1)) + images + noise
        wrong += len(leaders([Sample(each, (0, 1, 2)) for each in trainings], "higher")) < len(scale)
    assert wrong <= 20  # 5 % of 200, and twice as many by chance


def test_variances_are_drawn_together_as_far_as_they_are_alike() -> None:
    rng = np.random.default_rng(18)

    def samples(spreads: Sequence[float]) -> list[Sample]:
        return [Sample(30 + each * rng.normal(size=(3, 1)) + np.zeros((3, 2)), (0, 1, 2)) for each in spreads]

    alike = trainings_of([*samples([0.1] * 40), sample([30.0, 30.0], seeds=(0,)), sample([30.0, 30.0]), None])
    assert alike[0].freedom > 6  # they speak for each other, and for one that was trained once
    assert alike[0].variance == pytest.approx(0.01, rel=0.5)
    assert alike[40].variance == pytest.approx(0.01, rel=0.5)
    assert alike[41:] == [Trainings(), Trainings()]  # what is not trained does not vary
    different = trainings_of(samples(np.geomspace(0.001, 10, 40).tolist()))
    assert different[0].freedom < 4  # each speaks for itself
    assert different[-1].variance > 1e3 * different[0].variance
    assert trainings_of([sample([30.0, 30.0], [30.0, 30.0], seeds=(0, 1))] * 5)[0].variance == 0


def test_few_trainings_are_enough_to_tell_what_is_far_worse() -> None:
    """By two trainings each, of which no pair by itself could tell: Student's t with one degree of freedom."""
    rng = np.random.default_rng(14)
    images = rng.normal(0, 1, 100)
    means = np.array([31.0, *np.linspace(30, 20, 20)])[:, None, None]
    trainings = means + rng.normal(0, 0.05, (21, 2, 1)) + images + rng.normal(0, 0.02, (21, 2, 100))
    rows = [Sample(each, (0, 1)) for each in trainings]
    once, untrained = Sample(trainings[20, :1], (0,)), Sample(trainings[20, :1])
    assert leaders([*rows, once, untrained], "higher") == [0]
    difference = rows[0].minus(rows[20])
    assert difference is not None
    assert p_values([difference])[0] > 0.05 / 210


def test_what_is_far_worse_is_told_from_the_only_row_of_its_kind() -> None:
    """Of one row with three trainings, Student's limit for two degrees of freedom tells nothing apart."""
    rng = np.random.default_rng(16)
    images = rng.normal(0, 1, 100)
    means = np.array([31.0, *np.linspace(30, 20, 20)])[:, None, None]
    trainings = means + rng.normal(0, 0.05, (21, 3, 1)) + images + rng.normal(0, 0.02, (21, 3, 100))
    rows = [Sample(each, (0, 1, 2)) for each in trainings]
    kinds = ["met it", *["did not"] * 20]
    assert leaders(rows, "higher", trainings_of(rows, kinds)) == [0]
    wild = [Sample(trainings[0] + np.array([-9.0, 0, 9])[:, None], (0, 1, 2)), *rows[1:]]  # whose own spread rules
    assert leaders(wild, "higher", trainings_of(wild, kinds)) == list(range(21))


def test_one_training_is_doubted_as_much_as_those_of_other_rows_vary() -> None:
    images = np.random.default_rng(15).normal(0, 0.01, 50)
    one, two = sample(30 + images, seeds=(0,)), sample(30.3 + images, seeds=(0,))
    assert leaders([one, two], "higher") == [1]
    wild = sample(*(25 + shift + images for shift in (-1, 0, 1)), seeds=(0, 1, 2))
    assert leaders([one, two, wild], "higher") == [0, 1, 2]


def test_a_row_is_not_worse_if_trainings_vary_by_more_than_the_difference() -> None:
    images = np.random.default_rng(12).normal(0, 0.01, 50)
    one = sample(29.9 + images, seeds=(0,))
    two = sample(29.4 + images, 31 + images, 31 + images, seeds=(0, 1, 2))
    assert leaders([one, two], "higher") == [0, 1]
    assert leaders([one, two], "lower") == [0, 1]


def test_a_mean_is_over_the_seeds_that_all_have() -> None:
    one, two = sample([1, 2], [3, 4], seeds=(0, 2)), sample([10, 20], [30, 40], [50, 60], seeds=(0, 1, 2))
    mean = mean_of([one, two, sample([7, 8])])
    assert mean is not None
    assert (mean.seeds, mean.values.tolist()) == ((0, 2), [[6, 10], [20, 24]])
    assert mean_of([one, sample([1, 2], seeds=(1,))]) is None
    assert mean_of([one, sample([1, 2, 3], seeds=(0,))]) is None
    assert mean_of([]) is None


def test_rows_that_cannot_be_told_apart_lead_together() -> None:
    rng = np.random.default_rng(8)
    images = rng.normal(30, 5, size=100)
    alike = images + rng.normal(0, 1, size=100)
    assert leaders([None, sample(images), sample(alike), sample(images - 3)], "higher") == [1, 2]


def test_rows_without_numbers_never_lead() -> None:
    good, less, broken = sample([2.0, 1.0]), sample([1.0, 0.0]), sample([math.nan, 1.0])
    assert leaders([None, None], "higher") == leaders([None, good, broken], "higher") == []
    assert leaders([broken, good, less, None], "higher") == [1]
    assert leaders([broken, good, less, None], "lower") == [2]


def test_what_is_infinite_leads_and_ties_with_its_like() -> None:
    perfect, good = sample([math.inf, 1.0]), sample([2.0, 1.0])
    assert leaders([perfect, good, perfect], "higher") == [0, 2]
    assert leaders([perfect, good, sample([math.inf, 2.0])], "higher") == [0, 2]


def test_a_score_sums_up_images() -> None:
    values = np.arange(400, dtype=float)
    score = summarize(0.1, "mse", values)
    assert (score.mean, score.images, len(score.blocks)) == (199.5, 400, 100)
    assert score.spread == pytest.approx(np.sqrt((400**2 - 1) / 12))
    assert score.blocks[:2] == (1.5, 5.5)


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

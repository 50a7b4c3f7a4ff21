"""Comparisons of made-up rows with known answers."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import optimize, special, stats

from bench.analysis.comparisons import Trainings, against, holm, leaders_of, p_values, trainings_of
from bench.analysis.intervals import Sample
from bench.core.results import Array
from tests.made_up import crossed, sample

SEEDS = [0.3, 0.5, 1.0]
OTHERS = [0.19, 0.2, 0.22]


def leaders(samples: Sequence[Sample | None], better: str, trainings: Sequence[Trainings] = ()) -> list[int]:
    """Of one column, whose trainings are all of one kind if it is not said how far they lie apart."""
    (leading,) = leaders_of([list(zip(samples, trainings or trainings_of(samples), strict=True))], better)
    return leading


def by_seed(means: Sequence[float]) -> Sample:
    """Seeds of these means; images do not vary."""
    return Sample(np.array(means)[:, None] + np.zeros((1, 5)), tuple(range(len(means))))


def images_with(p: float) -> Array:
    """Four blocks whose paired t-test against zero gives that p-value; their standard error is 0.5."""
    mean = 0.5 * float(stats.t.isf(p / 2, 3))
    return np.array([mean + deviation * 0.75**0.5 for deviation in (-1, -1, 1, 1)])


@pytest.mark.parametrize("means", [SEEDS[:2], SEEDS, [*SEEDS, 0.9]])
def test_a_p_value_is_students_where_only_seeds_vary(means: Sequence[float]) -> None:
    assert p_values([by_seed(means)]) == pytest.approx([stats.ttest_1samp(means, 0).pvalue], rel=1e-5)


def test_two_blocks_are_enough_for_students_test_and_one_is_not() -> None:
    none, one, two = sample([0.0, 0.0]), sample([1.0, 1.5]), sample([1.0])
    expected = stats.ttest_1samp([1.0, 1.5], 0).pvalue
    pairs = [((one, Trainings()), (none, Trainings())), ((two, Trainings()), (sample([0.0]), Trainings()))]
    assert p_values([one, two]) == pytest.approx([expected, 1], rel=1e-5)
    assert against(pairs) == pytest.approx([expected, 1], rel=1e-5)


def test_seeds_and_images_together_reach_a_level_where_their_squared_limits_add_up() -> None:
    images = float(stats.t.isf(0.01, 3)) * 0.5
    seeds = float(stats.t.isf(0.01, 2)) * (0.13 / 3) ** 0.5  # 0.13 is the variance of SEEDS
    values = np.array(SEEDS)[:, None] - 0.6 + images_with(1) + math.hypot(images, seeds)
    assert p_values([Sample(values, (0, 1, 2))]) == pytest.approx([0.02], rel=1e-5)


def test_two_rows_of_one_kind_are_compared_by_students_test_of_two_samples() -> None:
    one, two = by_seed(SEEDS), by_seed(OTHERS)
    trainings = trainings_of([one, two])
    expected = stats.ttest_ind(SEEDS, OTHERS).pvalue
    assert trainings[0].variance == pytest.approx((np.var(SEEDS, ddof=1) + np.var(OTHERS, ddof=1)) / 2)
    assert trainings[0].freedom == 4
    assert against([((one, trainings[0]), (two, trainings[1]))]) == pytest.approx([expected], rel=1e-5)


def test_two_rows_whose_seeds_vary_by_unequal_amounts_add_their_squared_limits() -> None:
    tail = float(stats.t.isf(0.01, 2)), float(stats.t.isf(0.01, 5))
    gap = math.hypot(tail[0] * (0.13 / 3) ** 0.5, tail[1] * (0.2 / 2) ** 0.5)
    one, two = by_seed(SEEDS), by_seed([0.5 - gap, 0.7 - gap])
    assert against([((one, Trainings(0.13, 2)), (two, Trainings(0.2, 5)))]) == pytest.approx([0.02], rel=1e-5)


def test_all_pairs_of_rows_count_in_whether_one_leads() -> None:
    """Of three rows there are three pairs: 0.016 < 0.05 / 3 < 0.017."""
    best, other = sample(np.arange(4)), sample(np.arange(4) - images_with(0.0001))
    close, closer = sample(np.arange(4) - images_with(0.016)), sample(np.arange(4) - images_with(0.017))
    assert leaders([best, close, close], "higher") == [0]
    assert leaders([close, best, closer], "higher") == [1]  # the closer one need only be below 0.05 / 2
    assert leaders([closer, best, closer], "higher") == [0, 1, 2]
    columns = [[(row, Trainings()) for row in rows] for rows in ([best, closer], [closer, best, closer], [other, best])]
    assert leaders_of(columns, "higher") == [[0], [0, 1, 2], [1]]


def test_logarithms_of_variances_set_how_far_they_are_drawn_together() -> None:
    """By the formulas of Smyth (2004, section 6.2), for four networks with three seeds each."""
    variances = np.array([0.01, 0.04, 1, 4])
    rows = [by_seed([30 - scale, 30, 30 + scale]) for scale in variances**0.5]
    logarithms = np.log(variances) - special.digamma(1) + np.log(1)
    weight = optimize.brentq(
        lambda d: special.polygamma(1, d / 2) - logarithms.var(ddof=1) + special.polygamma(1, 1), 0.1, 99
    )
    common = math.exp(logarithms.mean() + special.digamma(weight / 2) - math.log(weight / 2))
    for variance, trainings in zip(variances, trainings_of(rows), strict=True):
        assert trainings.freedom == pytest.approx(weight + 2)
        assert trainings.variance == pytest.approx((weight * common + 2 * variance) / (weight + 2))


def test_pairing_is_narrower_than_no_pairing_and_tells_apart_what_single_intervals_cannot() -> None:
    rng = np.random.default_rng(4)
    images = rng.normal(30, 5, size=100)
    one, two = sample(images), sample(images + 0.1 + rng.normal(0, 0.05, size=100))
    difference = two.minus(one)
    assert difference is not None
    assert difference.half_width < 0.05 * one.half_width
    assert one.half_width > 0.5
    assert leaders([one, two], "higher") == [1]
    assert leaders([one, two], "lower") == [0]


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
    assert holm([0.25, 0.5], level=0.5) == [True, True]  # on the border
    # Chosen from six: 0.01 > 0.05 / 6, and 0.008 ≤ 0.05 / 6.
    assert holm([0.03, 0.01, 0.04, 0.0155], 6) == [False] * 4
    assert holm([0.03, 0.008, 0.04, 0.0155], 6) == [False, True, False, False]


@pytest.mark.slow
def test_comparing_many_does_not_make_one_better_by_chance() -> None:
    rng = np.random.default_rng(7)
    images = rng.normal(30, 5, size=100)
    alone = 0
    for _ in range(100):
        rows = [sample(images + rng.normal(0, 1, 100)) for _ in range(20)]
        alone += len(leaders(rows, "higher")) == 1
    assert alone == 0


@pytest.mark.slow
def test_equal_rows_are_seldom_told_apart_though_the_best_is_chosen_by_the_data() -> None:
    rng = np.random.default_rng(10)
    wrong = sum(len(leaders([sample(rng.normal(30, 1, 100)) for _ in range(20)], "higher")) < 20 for _ in range(200))
    assert wrong <= 20  # 5 % of 200, and twice as many by chance


def test_what_met_other_images_is_not_told_apart() -> None:
    rng = np.random.default_rng(11)
    assert leaders([sample(rng.normal(30, 0.1, 100)), sample(rng.normal(20, 0.1, 50))], "higher") == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3])
def test_networks_of_few_trainings_that_are_alike_are_seldom_told_apart(seeds: int) -> None:
    """Ten networks whose trainings lie 0.1 dB apart, on the same images."""
    rng, wrong = np.random.default_rng(13), 0
    for _ in range(200):
        images = rng.normal(0, 1, 100)
        trainings = 30 + rng.normal(0, 0.1, (10, seeds, 1)) + images + rng.normal(0, 0.02, (10, seeds, 100))
        wrong += len(leaders([Sample(each, tuple(range(seeds))) for each in trainings], "higher")) < 10
    assert wrong <= 20  # 5 % of 200, and twice as many by chance


@pytest.mark.slow
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


def test_two_or_alike_variances_are_pooled() -> None:
    one, two = sample([1.0, 1.0], [3.0, 3.0], seeds=(0, 1)), sample([1.0, 1.0], [2.0, 2.0], [6.0, 6.0], seeds=(0, 1, 2))
    pooled = Trainings((1 * 2 + 2 * 7) / 3, 3)  # variances of 2 and 7 with 1 and 2 degrees of freedom
    assert trainings_of([one, two]) == [pooled, pooled]
    assert trainings_of([one] * 4) == [Trainings(2.0, 4)] * 4
    assert trainings_of([one, two], ["a", "b"]) == [pooled, pooled]  # too few of a kind to speak for themselves
    kinds = ["a", "a", "a", "b"]
    assert trainings_of([one, one, one, two], kinds)[0] == Trainings(2.0, 3)
    assert trainings_of([one, one, one, sample([5.0, 5.0], seeds=(0,))], kinds)[3] == Trainings(2.0, 3)


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

"""Comparisons of made-up rows with known answers."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from bench.analysis.comparisons import against, holm, p_values, standings
from bench.analysis.intervals import Sample
from bench.core.results import Array
from tests.made_up import crossed, sample

SEEDS = [0.3, 0.5, 1.0]
OTHERS = [0.19, 0.2, 0.22]


def states(*samples: Sample | None, margin: float = 0.1) -> list[str]:
    """Of one column."""
    (column,) = standings([samples], margin)
    return column


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
    assert p_values([one, two]) == pytest.approx([expected, 1], rel=1e-5)
    assert against([(one, none), (two, sample([0.0]))]) == pytest.approx([expected, 1], rel=1e-5)


def test_seeds_and_images_together_reach_a_level_where_their_squared_limits_add_up() -> None:
    images = float(stats.t.isf(0.01, 3)) * 0.5
    seeds = float(stats.t.isf(0.01, 2)) * (0.13 / 3) ** 0.5  # 0.13 is the variance of SEEDS
    values = np.array(SEEDS)[:, None] - 0.6 + images_with(1) + math.hypot(images, seeds)
    assert p_values([Sample(values, (0, 1, 2))]) == pytest.approx([0.02], rel=1e-5)


def test_two_rows_whose_seeds_vary_by_unequal_amounts_add_their_squared_limits() -> None:
    tail = float(stats.t.isf(0.01, 2)), float(stats.t.isf(0.01, 1))
    gap = math.hypot(tail[0] * (0.13 / 3) ** 0.5, tail[1] * (0.02 / 2) ** 0.5)
    one, two = by_seed(SEEDS), by_seed([0.5 - gap, 0.7 - gap])
    assert against([(one, two)]) == pytest.approx([0.02], rel=1e-5)


def test_all_pairs_of_rows_count_in_whether_one_is_worse() -> None:
    """Of three rows there are three pairs: 0.016 < 0.05 / 3 < 0.017."""
    best, other = sample(np.arange(4)), sample(np.arange(4) - images_with(0.0001))
    close, closer = sample(np.arange(4) - images_with(0.016)), sample(np.arange(4) - images_with(0.017))
    assert states(best, close, close) == ["best", "worse", "worse"]
    assert states(close, best, closer) == ["worse", "best", "worse"]  # the closer one need only be below 0.05 / 2
    assert states(closer, best, closer) == ["?", "best", "?"]
    columns = [[best, closer], [closer, best, closer], [other, best]]
    assert standings(columns) == [["best", "worse"], ["?", "best", "?"], ["worse", "best"]]


def test_a_row_is_as_good_as_the_best_where_the_gap_is_shown_to_be_below_the_margin() -> None:
    """By a one-sided test of margin minus gap, which is 0.5 times its limit at 0.02 / 2 of one pair."""
    gap = sample(np.arange(4) - images_with(1))  # whose mean is that of the best, with a standard error of 0.5
    best = sample(np.arange(4) + 0.25)
    level = float(stats.t.isf(0.05, 3)) * 0.5  # one pair, one side
    assert states(best, gap, margin=0.25 + 1.01 * level) == ["best", "best"]
    assert states(best, gap, margin=0.25 + 0.99 * level) == ["best", "?"]
    assert states(best, best) == ["best", "best"]  # the same numbers, whatever they vary by
    assert states(best) == states(None, best)[1:] == [""]


def test_pairing_is_narrower_than_no_pairing_and_tells_apart_what_single_intervals_cannot() -> None:
    rng = np.random.default_rng(4)
    images = rng.normal(30, 5, size=100)
    one, two = sample(images), sample(images + 0.1 + rng.normal(0, 0.05, size=100))
    difference = two.minus(one)
    assert difference is not None
    assert difference.half_width < 0.05 * one.half_width
    assert one.half_width > 0.5
    assert states(one, two, margin=0.05) == ["worse", "best"]


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


def test_what_met_other_images_is_not_told_apart() -> None:
    rng = np.random.default_rng(11)
    assert states(sample(rng.normal(30, 0.1, 100)), sample(rng.normal(20, 0.1, 50))) == ["best", "?"]


def made_rows(rng: np.random.Generator, spreads: Sequence[float], seeds: int, noise: str = "normal") -> list[Sample]:
    """Networks of equal means whose trainings vary by these standard deviations, on the same 100 blocks."""
    images = rng.normal(0, 1, 100)
    size = len(spreads), seeds, 1
    drawn = rng.normal(size=size) if noise == "normal" else rng.standard_t(3, size) / 3**0.5
    trainings = np.array(spreads)[:, None, None] * drawn + rng.normal(0, 0.02, (len(spreads), seeds, 100))
    return [Sample(each, tuple(range(seeds))) for each in 30 + images + trainings]


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [1, 3, 5, 10])
@pytest.mark.parametrize(
    ("spreads", "noise"),
    [
        ([0.05] * 3, "normal"),
        ([0.05] * 20, "normal"),
        ([0.05] * 20, "t3"),
        ([0.005] * 19 + [0.5], "normal"),
        (np.geomspace(0.005, 0.5, 150), "normal"),
    ],
    ids=["3", "20", "20 heavy tails", "one of 20 a hundredfold", "150 over a hundredfold"],
)
def test_equal_networks_are_seldom_called_worse(spreads: Sequence[float], seeds: int, noise: str) -> None:
    """At most 6 % of tables of 3 to 150 rows, whose seeds vary alike or a hundredfold, have any row called worse."""
    rng, tables = np.random.default_rng(13), 300 if len(spreads) < 100 else 120
    spreads = spreads if seeds > 1 else [0.0] * len(spreads)  # of one training, marks hold for that one
    columns = [made_rows(rng, spreads, seeds, noise) for _ in range(tables)]
    wrong = sum("worse" in column for column in standings(columns))
    assert wrong <= stats.binom.ppf(0.99, tables, 0.06)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("spreads", [[0.05] * 4, np.geomspace(0.005, 0.5, 9)], ids=len)
def test_changes_that_do_nothing_are_seldom_significant(spreads: Sequence[float], seeds: int) -> None:
    """In an ablation, whose differences share a base and are paired by seed."""
    rng, wrong = np.random.default_rng(15), 0
    for _ in range(300):
        base, *others = made_rows(rng, spreads, seeds)
        differences = [minus for row in others if (minus := row.minus(base))]
        wrong += any(holm(p_values(differences)))
    assert wrong <= stats.binom.ppf(0.99, 300, 0.06)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_what_is_worse_by_more_than_the_margin_is_seldom_called_as_good(seeds: int) -> None:
    rng, tables, columns = np.random.default_rng(14), 300, []
    for _ in range(tables):
        best, *others = made_rows(rng, [0.05] * 10, seeds)
        columns.append([Sample(best.values + 0.1, best.seeds), *others])
    wrong = sum(column[1:].count("best") > 0 and column[0] == "best" for column in standings(columns))
    assert wrong <= stats.binom.ppf(0.99, tables, 0.06)


def test_five_trainings_are_enough_to_tell_what_is_far_worse() -> None:
    rng = np.random.default_rng(14)
    rows = made_rows(rng, [0.05] * 20, 5)
    rows[0] = Sample(rows[0].values + 1.5, rows[0].seeds)
    assert states(*rows) == ["best", *["worse"] * 19]
    assert "?" in states(*(Sample(row.values[:2], (0, 1)) for row in rows))  # two are not


def test_a_row_is_not_worse_if_trainings_vary_by_more_than_the_difference() -> None:
    images = np.random.default_rng(12).normal(0, 0.01, 50)
    one = sample(29.9 + images, seeds=(0,))
    two = sample(29.4 + images, 31 + images, 31 + images, seeds=(0, 1, 2))
    assert states(one, two) == ["?", "best"]


def test_rows_without_numbers_have_no_state() -> None:
    good, less, broken = sample([2.0, 1.0]), sample([1.0, 0.0]), sample([math.nan, 1.0])
    assert states(None, None) == ["", ""]
    assert states(None, good, broken) == ["", "", ""]
    assert states(broken, good, less, None) == ["", "best", "worse", ""]


def test_what_is_infinite_is_best_with_its_like() -> None:
    perfect, good = sample([math.inf, 1.0]), sample([2.0, 1.0])
    assert states(perfect, good, perfect) == ["best", "worse", "best"]

"""Which rows are better than others: p-values, and what holds for many comparisons together.

Denoisers that met the same noisy images are compared block by block, which removes most of the spread
over images; that over trainings remains.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.optimize.elementwise import find_root
from scipy.special import digamma, polygamma, stdtrit

from bench.analysis.intervals import CONFIDENCE, Sample
from bench.core.results import Array

Errors = list[tuple[float, float]]  # standard errors with their degrees of freedom

LEAST = math.log(1e-12)  # p-values below are zero
ENOUGH = 3  # networks that were trained more than once, to tell how much they differ in their spread
MANY = 1e4  # degrees of freedom are as good as infinite


@dataclass(frozen=True)
class Trainings:
    """How far trainings of a network lie apart that differ in their seed alone.

    Attributes:
        variance: of the mean over test images of one training.
        freedom: degrees of freedom behind it; 0 where nothing was trained twice.
    """

    variance: float = 0.0
    freedom: float = 0.0


def trainings_of(samples: Sequence[Sample | None], kinds: Sequence[object] = ()) -> list[Trainings]:
    """How far the trainings of each sample lie apart, as far as it and its like tell.

    Three trainings say little of their own spread: Student's limit for two degrees of freedom, at the levels that
    many pairs ask for, is dozens of standard errors. Yet networks differ in theirs, so that one spread for all would
    call chance a difference. Each variance is therefore drawn towards what is common, as far as those of its kind
    are alike: the "moderated" variance of Smyth, "Linear models and empirical Bayes methods", Statistical
    Applications in Genetics and Molecular Biology 2004.

    Args:
        kinds: of each sample, where trainings of different kinds vary by different amounts; else all are of one.
    """
    kinds = kinds or [None] * len(samples)
    alone = {i: _alone(s) for i, s in enumerate(samples) if s is not None and s.seeds and s.finite}
    repeated = {i: trainings for i, trainings in alone.items() if trainings.freedom}
    trainings = [Trainings()] * len(samples)
    for kind in set(kinds):
        alike = [repeated[i] for i in repeated if kinds[i] == kind]
        group = alike if len(alike) >= ENOUGH else list(repeated.values())
        common, most = _common(group), sum(of_network.freedom for of_network in group)
        for i in alone:
            if kinds[i] == kind:
                trainings[i] = _drawn(alone[i], common, most)
    return trainings


def _alone(sample: Sample) -> Trainings:
    """What a sample says by itself."""
    means = sample.values.mean(1)
    return Trainings(float(means.var(ddof=1)), len(means) - 1) if len(means) > 1 else Trainings()


def _drawn(alone: Trainings, common: Trainings, most: float) -> Trainings:
    """A variance drawn towards the common one; together they know no more than `most` degrees of freedom."""
    if math.isinf(common.freedom):
        return Trainings(common.variance, most)
    freedom = common.freedom + alone.freedom
    if not freedom:
        return Trainings()
    weighted = common.freedom * common.variance + alone.freedom * alone.variance
    return Trainings(weighted / freedom, min(freedom, most))


def _common(group: Sequence[Trainings]) -> Trainings:
    """What variances are drawn towards, and with what weight; infinite where all agree.

    Their logarithms spread by chance, and by what networks differ; how much of it is the latter sets the weight.
    """
    if not group:
        return Trainings()
    variances, freedoms = np.array([(trainings.variance, trainings.freedom) for trainings in group]).T
    pooled = float((variances * freedoms).sum() / freedoms.sum())
    if len(group) < ENOUGH or not pooled:
        return Trainings(pooled, math.inf)
    variances = np.maximum(variances, 1e-5 * np.median(variances[variances > 0]))  # none has a logarithm at zero
    logarithms = np.log(variances) - digamma(freedoms / 2) + np.log(freedoms / 2)
    beyond_chance = float(logarithms.var(ddof=1) - polygamma(1, freedoms / 2).mean())
    if beyond_chance <= polygamma(1, MANY):
        return Trainings(pooled, math.inf)
    half = float(brentq(lambda half: polygamma(1, half) - beyond_chance, 1e-6, MANY))
    return Trainings(float(np.exp(logarithms.mean() + digamma(half) - np.log(half))), 2 * half)


def p_values(differences: Sequence[Sample], kinds: Sequence[object] = ()) -> list[float]:
    """How likely each mean at least as far from zero is if there is no difference; 1 where it cannot be told.

    With one seed it is the paired t-test over blocks.

    Args:
        kinds: of each difference, where what its trainings vary by is drawn towards what those of its kind do (see
            `trainings_of`); without, each speaks for itself.
    """
    trainings = trainings_of(differences, kinds) if kinds else map(_alone, differences)
    return _levels([_with_errors(*pair) for pair in zip(differences, trainings, strict=True)])


def _with_errors(difference: Sample, trainings: Trainings) -> tuple[float, Errors]:
    seeds, blocks = difference.values.shape
    if not difference.finite or blocks < 2:
        return 0.0, []
    return difference.mean, [_of_images(difference.blocks), ((trainings.variance / seeds) ** 0.5, trainings.freedom)]


def _of_images(blocks: Array) -> tuple[float, float]:
    return float(blocks.std(ddof=1)) / len(blocks) ** 0.5, len(blocks) - 1


def _levels(differences: Sequence[tuple[float, Errors]]) -> list[float]:
    """For each mean the level at which the squares of Student's limits add up to its square, all at once.

    Howe, "Approximate confidence limits on the mean of X + Y", Journal of the American Statistical
    Association 1974.

    Args:
        differences: means, each with standard errors that are independent of each other, and their degrees of
            freedom.
    """
    most = max((len(errors) for _, errors in differences), default=0)
    padded = [[*errors, *[(0.0, 0)] * (most - len(errors))] for _, errors in differences]
    error, freedom = np.moveaxis(np.array(padded).reshape(len(differences), most, 2), 2, 0)
    freedom = np.maximum(freedom, 1)  # of none there is no error either
    mean = np.abs([mean for mean, _ in differences])

    def excess(logarithm: Array, mean: Array, *parts: Array) -> Array:
        """Of the squared limits at a level over the squared mean."""
        tail, errors, freedoms = np.exp(logarithm) / 2, parts[:most], parts[most:]
        limits = [(stdtrit(freedom, tail) * error) ** 2 for error, freedom in zip(errors, freedoms, strict=True)]
        return np.asarray(sum(limits) - mean**2)

    levels = np.where(mean > 0, 0.0, 1.0)
    open_ = (mean > 0) & (error > 0).any(1)
    known = (mean, *error.T, *freedom.T)
    open_[open_] = excess(np.array(LEAST), *(part[open_] for part in known)) > 0  # the others are at zero
    if open_.any():
        parts = tuple(part[open_] for part in known)
        root = find_root(excess, (LEAST, 0.0), args=parts, tolerances={"xatol": 1e-6, "xrtol": 0})
        levels[open_] = np.exp(root.x)
    return list(map(float, levels))


def holm(p_values: Sequence[float], count: int = 0, level: float = 1 - CONFIDENCE) -> list[bool]:
    """Which of several hypotheses are rejected at a level that holds for all of them together.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.

    Args:
        count: of all hypotheses, where these are some of them, chosen by looking at the data; then no
            more are rejected than if all were tested.
    """
    rejected = [False] * len(p_values)
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        if p_values[index] > level / (max(count, len(p_values)) - rank):
            break
        rejected[index] = True
    return rejected


Trained = tuple[Sample | None, Trainings]  # one without a number is None


def leaders_of(columns: Sequence[Sequence[Trained]], better: str) -> list[list[int]]:
    """Of each column the best, and those that cannot be told from it, by Holm over all pairs of the column.

    All pairs count, since which one is the best is seen from the same data. One alone does not lead. The levels of
    all columns are found at once, since one by one takes long.

    Args:
        better: "higher" or "lower".
    """
    races = []
    for column in columns:
        means = {i: sample.mean for i, (sample, _) in enumerate(column) if sample and not np.isnan(sample.mean)}
        best = (max if better == "higher" else min)(means, key=lambda i: means[i], default=-1)
        races.append((best, [i for i in means if i != best]))
    levels = iter(
        against(
            [(column[i], column[best]) for column, (best, others) in zip(columns, races, strict=True) for i in others]
        )
    )
    leading = []
    for best, others in races:
        distinct = holm([next(levels) for _ in others], len(others) * (len(others) + 1) // 2)
        tied = [i for i, told in zip(others, distinct, strict=True) if not told]
        leading.append(sorted([best, *tied]) if others else [])
    return leading


def against(pairs: Sequence[tuple[Trained, Trained]]) -> list[float]:
    """The p-values of two numbers being the same, by blocks of images that both met and by what trainings vary.

    It is 0 where they differ beyond doubt, as finite and infinite values do, and 1 where they have no
    images in common.
    """
    return _levels([_difference(one, two) for one, two in pairs])


def _difference(one: Trained, two: Trained) -> tuple[float, Errors]:
    (first, _), (second, _) = one, two
    if first is None or second is None or first.values.shape[1] != second.values.shape[1]:
        return 0.0, []
    if not (first.finite and second.finite):  # two that are infinite are equal, whatever the images say
        return float(first.mean != second.mean), []
    blocks = first.blocks - second.blocks
    if len(blocks) < 2:
        return 0.0, []
    # Where both know the same of their trainings, they share it; else each adds its own.
    shares: dict[Trainings, float] = {}
    for sample, trainings in (one, two):
        if sample is not None and sample.seeds:
            shares[trainings] = shares.get(trainings, 0.0) + 1 / len(sample.values)
    errors = [((trainings.variance * share) ** 0.5, trainings.freedom) for trainings, share in shares.items()]
    return float(blocks.mean()), [_of_images(blocks), *errors]

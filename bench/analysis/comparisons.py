"""Which rows are better than others: p-values, and what holds for many comparisons together.

Denoisers that met the same noisy images are compared block by block, which removes most of what images vary by. What
trainings vary by stays: each network by its own seeds, since networks differ in that a hundredfold.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize.elementwise import find_root
from scipy.special import stdtrit

from bench.analysis.intervals import CONFIDENCE, Sample
from bench.core.results import Array

Errors = list[tuple[float, float]]  # standard errors with their degrees of freedom

LEAST = math.log(1e-12)  # p-values below are zero
MARGIN = 0.1  # dB; what is nearer to the best than that is as good as the best
BEST, WORSE, UNRESOLVED, ABSENT = "best", "worse", "?", ""


def p_values(differences: Sequence[Sample]) -> list[float]:
    """How likely each mean at least as far from zero is if there is no difference; 1 where it cannot be told.

    With one seed it is the paired t-test over blocks, and with blocks that do not vary that over seeds.
    """
    return _levels([_with_errors(difference) for difference in differences])


def _with_errors(difference: Sample) -> tuple[float, Errors]:
    if not difference.finite or difference.values.shape[1] < 2:
        return 0.0, []
    return difference.mean, [_of_images(difference.blocks), *_of_seeds(difference)]


def _of_images(blocks: Array) -> tuple[float, float]:
    return float(blocks.std(ddof=1)) / len(blocks) ** 0.5, len(blocks) - 1


def _of_seeds(sample: Sample) -> Errors:
    """None for what was trained once, of which nothing is known, or not at all."""
    means = sample.values.mean(1)
    return [(float(means.std(ddof=1)) / len(means) ** 0.5, len(means) - 1)] if sample.seeds and len(means) > 1 else []


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


def standings(columns: Sequence[Sequence[Sample | None]], margin: float = MARGIN) -> list[list[str]]:
    """For each number of each column, of which higher is better, one of three states.

    BEST is the highest, and what an equivalence test shows to be less than the margin below it; WORSE is shown to be
    below it; of what is UNRESOLVED there are too few seeds or images to say. ABSENT is what has no number, and one
    number alone. Both tests hold for the whole column at 95 %, by Holm over all pairs, since which is the highest is
    seen from the same data. All columns are tested at once, since one by one takes long.
    """
    races = []
    for column in columns:
        means = {i: sample.mean for i, sample in enumerate(column) if sample and not np.isnan(sample.mean)}
        best = max(means, key=lambda i: means[i], default=-1)
        races.append((best, [i for i in means if i != best]))
    pairs = [(column[best], column[i]) for column, (best, others) in zip(columns, races, strict=True) for i in others]
    below = [_difference(one, two) for one, two in pairs]
    apart = iter(_levels(below))
    within = iter(_levels([(max(margin - mean, 0.0) if errors else 0.0, errors) for mean, errors in below]))
    states = []
    for column, (best, others) in zip(columns, races, strict=True):
        count = len(others) * (len(others) + 1) // 2
        worse = holm([next(apart) for _ in others], count)
        near = holm([next(within) / 2 for _ in others], count)  # it is one-sided
        state = [ABSENT] * len(column)
        for i, is_worse, is_near in zip(others, worse, near, strict=True):
            state[i] = BEST if is_near or _same(column[best], column[i]) else WORSE if is_worse else UNRESOLVED
        if others:
            state[best] = BEST
        states.append(state)
    return states


def _same(one: Sample | None, two: Sample | None) -> bool:
    """Whether two have the same numbers, as filters that were tuned to the same value."""
    return one is not None and two is not None and np.array_equal(one.values, two.values)


def against(pairs: Sequence[tuple[Sample | None, Sample | None]]) -> list[float]:
    """The p-values of two numbers being the same, by blocks of images that both met and by the seeds of each.

    It is 0 where they differ beyond doubt, as finite and infinite values do, and 1 where they have no
    images in common.
    """
    return _levels([_difference(one, two) for one, two in pairs])


def _difference(one: Sample | None, two: Sample | None) -> tuple[float, Errors]:
    if one is None or two is None or one.values.shape[1] != two.values.shape[1]:
        return 0.0, []
    if not (one.finite and two.finite):  # two that are infinite are equal, whatever the images say
        return float(one.mean != two.mean), []
    blocks = one.blocks - two.blocks
    if len(blocks) < 2:
        return 0.0, []
    return float(blocks.mean()), [_of_images(blocks), *_of_seeds(one), *_of_seeds(two)]

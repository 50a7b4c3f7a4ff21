"""How sure a number is: intervals over trainings and test images, and which rows are better than others.

A cell has one mean for each seed and block of test images. Both are samples: of trainings and of images
there might have been others. Denoisers that met the same noisy images are compared block by block, which
removes most of the spread.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.optimize.elementwise import find_root
from scipy.special import digamma, ndtri, polygamma, stdtrit
from scipy.stats import bootstrap

from bench.experiment import Score

Array = npt.NDArray[np.floating[Any]]
Errors = list[tuple[float, float]]  # standard errors with their degrees of freedom
BLOCKS, FEWEST = 100, 20
RESAMPLES = 2000
CONFIDENCE = 0.95
LEAST = math.log(1e-12)  # p-values below are zero
AT_ONCE = 4000  # intervals; more would need much memory
ENOUGH = 3  # networks that were trained more than once, to tell how much they differ in their spread
MANY = 1e4  # degrees of freedom are as good as infinite


def summarize(variance: float, metric: str, values: Array) -> Score:
    """One cell from its values for each image, (N,)."""
    with np.errstate(invalid="ignore"):  # the spread of infinite values is not a number
        spread = float(values.std())
    means = values.reshape(block_count(len(values)), -1).mean(1)
    return Score(variance, metric, float(values.mean()), spread, len(values), tuple(means.tolist()))


def block_count(images: int) -> int:
    """How many equal runs images are cut into: the largest divisor of their number up to 100, if that is enough."""
    divisors = [count for count in range(1, images + 1) if images % count == 0]
    fits = max(count for count in divisors if count <= BLOCKS)
    return fits if fits >= FEWEST or fits == images else min(count for count in divisors if count > BLOCKS)


@dataclass(frozen=True, eq=False)
class Sample:
    """What was measured of one number.

    Attributes:
        values: by seed and block of test images, (S, B).
        seeds: which seeds, ascending; none for what is not trained, which has S = 1.
    """

    values: Array
    seeds: tuple[int, ...] = ()

    @cached_property
    def mean(self) -> float:
        return float(self.values.mean())

    @cached_property
    def blocks(self) -> Array:
        """The mean over seeds of each block."""
        means: Array = self.values.mean(0)
        return means

    @cached_property
    def finite(self) -> bool:
        return bool(np.isfinite(self.values).all())

    def minus(self, other: "Sample") -> "Sample | None":
        """Differences, over the seeds that both have; None where the two have nothing to be paired by."""
        if self.values.shape[1] != other.values.shape[1]:
            return None
        if not (self.seeds and other.seeds):
            return Sample(self.values - other.values, self.seeds or other.seeds)
        common = tuple(seed for seed in self.seeds if seed in other.seeds)
        return Sample(self.over(common).values - other.over(common).values, common) if common else None

    def over(self, seeds: Sequence[int]) -> "Sample":
        """The same of some of its seeds; all of it where it has none."""
        if not self.seeds:
            return self
        return Sample(self.values[[self.seeds.index(seed) for seed in seeds]], tuple(seeds))


def mean_of(samples: Sequence[Sample]) -> Sample | None:
    """The mean of several numbers, over the seeds that all of them have; None where there are none."""
    trained = [sample.seeds for sample in samples if sample.seeds]
    common = tuple(seed for seed in trained[0] if all(seed in seeds for seeds in trained)) if trained else ()
    if not samples or len({sample.values.shape[1] for sample in samples}) > 1 or (trained and not common):
        return None
    chosen = [sample.over(common).values for sample in samples]
    return Sample(np.mean(np.broadcast_arrays(*chosen), axis=0), common)


def half_widths(samples: Sequence[Sample]) -> list[float]:
    """Half of the 95 % interval of each mean, over seeds and images; NaN where it cannot be told.

    The interval is the percentile bootstrap of seeds and blocks, drawn apart from each other (the
    "pigeonhole" bootstrap of Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007,
    which errs on the wide side). A few seeds drawn from a few are too alike: n of them vary by
    (n - 1) / n of their variance, and have no tails. Their deviations are therefore stretched so that
    the interval of n normal ones is as wide as Student's. With one seed, it covers images alone.
    """
    widths = [float("nan")] * len(samples)
    shapes: dict[tuple[int, int], list[int]] = {}
    for index, sample in enumerate(samples):
        if sample.finite and sample.values.shape[1] > 1:
            shapes.setdefault((len(sample.values), sample.values.shape[1]), []).append(index)
    for members in shapes.values():
        for start in range(0, len(members), AT_ONCE):
            part = members[start : start + AT_ONCE]
            found = _half_widths(np.stack([samples[index].values for index in part]))
            for index, width in zip(part, found, strict=True):
                widths[index] = float(width)
    return widths


def half_width(sample: Sample) -> float:
    return half_widths([sample])[0]


def _half_widths(values: Array) -> Array:
    """Of many numbers at once, (N, S, B) -> (N,); all see the same draws of seeds and blocks."""
    axes = [axis for axis in (1, 2) if values.shape[axis] > 1]
    mean = values.mean((1, 2))[:, None]
    deviations = [(values.mean(3 - axis) - mean) * _stretch(values.shape[axis]) for axis in axes]

    def shifts(*drawn: npt.NDArray[np.integer[Any]], axis: int) -> Array:
        """By how much the means move, (N, R), where entries with these numbers are drawn, each (R, n)."""
        moved: Array = np.zeros(1)
        for each, which in zip(deviations, drawn, strict=True):
            moved = moved + each @ _shares(which).T
        return moved

    numbers = [np.arange(values.shape[axis]) for axis in axes]
    found = bootstrap(
        numbers, shifts, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="percentile", vectorized=True, rng=0
    ).confidence_interval
    return np.asarray((found.high - found.low) / 2)


def _stretch(count: int) -> float:
    """From the spread of resampled means of `count` normal values to that of Student's t."""
    tail = (1 + CONFIDENCE) / 2
    limit = stdtrit(count - 1, tail)
    if count == 2:  # a quarter of the draws lie at each end, so that the interval ends there
        return float(limit)
    return float((count / (count - 1)) ** 0.5 * limit / ndtri(tail))


def _shares(drawn: npt.NDArray[np.integer[Any]]) -> Array:
    """How often each number was drawn, as a share, (R, n)."""
    draws, count = np.atleast_2d(drawn).shape
    places = np.atleast_2d(drawn) + count * np.arange(draws)[:, None]
    shares: Array = np.bincount(places.ravel(), minlength=draws * count).reshape(draws, count) / count
    return shares


def p_values(differences: Sequence[Sample]) -> list[float]:
    """How likely each mean at least as far from zero is if there is no difference; 1 where it cannot be told.

    With one seed it is the paired t-test over blocks.
    """
    return _levels([_with_errors(difference) for difference in differences])


def _with_errors(difference: Sample) -> tuple[float, Errors]:
    values = difference.values
    if not difference.finite or values.shape[1] < 2:
        return 0.0, []
    errors: Errors = [
        (float(values.mean(1 - axis).std(ddof=1)) / count**0.5, count - 1)
        for axis, count in enumerate(values.shape)
        if count > 1
    ]
    return difference.mean, errors


def _levels(found: Sequence[tuple[float, Errors]]) -> list[float]:
    """For each mean the level at which the squares of Student's limits add up to its square, all at once.

    Howe, "Approximate confidence limits on the mean of X + Y", Journal of the American Statistical
    Association 1974.

    Args:
        found: means, each with standard errors that are independent of each other, and their degrees of freedom.
    """
    most = max((len(errors) for _, errors in found), default=0)
    padded = [[*errors, *[(0.0, 0)] * (most - len(errors))] for _, errors in found]
    error, freedom = np.moveaxis(np.array(padded).reshape(len(found), most, 2), 2, 0)
    freedom = np.maximum(freedom, 1)  # of none there is no error either
    mean = np.abs([mean for mean, _ in found])

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
        root = find_root(
            excess, (LEAST, 0.0), args=tuple(part[open_] for part in known), tolerances={"xatol": 1e-6, "xrtol": 0}
        )
        levels[open_] = np.exp(root.x)
    return [float(level) for level in levels]


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
    own: dict[int, tuple[float, int]] = {}
    for index, sample in enumerate(samples):
        if sample is not None and sample.seeds and sample.finite:
            means = sample.values.mean(1)
            own[index] = (float(means.var(ddof=1)) if len(means) > 1 else 0.0, len(means) - 1)
    repeated = {index: pair for index, pair in own.items() if pair[1]}
    found = [Trainings()] * len(samples)
    for kind in set(kinds):
        mine = [pair for index, pair in repeated.items() if kinds[index] == kind]
        group = mine if len(mine) >= ENOUGH else list(repeated.values())
        common, most = _common(group), sum(freedom for _, freedom in group)
        for index, (variance, freedom) in own.items():
            if kinds[index] == kind:
                found[index] = _drawn(variance, freedom, common, most)
    return found


def _drawn(variance: float, freedom: int, common: Trainings, most: int) -> Trainings:
    """A variance of some degrees of freedom drawn towards the common one; together they know no more than `most`."""
    if math.isinf(common.freedom):
        return Trainings(common.variance, most)
    together = common.freedom + freedom
    if not together:
        return Trainings()
    return Trainings((common.freedom * common.variance + freedom * variance) / together, min(together, most))


def _common(group: Sequence[tuple[float, int]]) -> Trainings:
    """What variances with their degrees of freedom are drawn towards, and with what weight; infinite where all agree.

    Their logarithms spread by chance, and by what networks differ; how much of it is the latter sets the weight.
    """
    if not group:
        return Trainings()
    variances, freedoms = np.array(group, dtype=float).T
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


def leaders(samples: Sequence[Sample | None], better: str, trainings: Sequence[Trainings] = ()) -> list[int]:
    """The best, and those that cannot be told from it, by Holm over all pairs.

    All pairs count, since which one is the best is seen from the same data. One alone does not lead.

    Args:
        samples: None for one without a number.
        better: "higher" or "lower".
        trainings: how far those of each sample lie apart; else what the samples tell as if all were of one kind.
    """
    trainings = trainings or trainings_of(samples)
    means = {index: sample.mean for index, sample in enumerate(samples) if sample is not None}
    means = {index: mean for index, mean in means.items() if not np.isnan(mean)}
    if len(means) < 2:
        return []  # nothing to lead
    best = (max if better == "higher" else min)(means, key=lambda index: means[index])
    others = [index for index in means if index != best]
    levels = against([((samples[i], trainings[i]), (samples[best], trainings[best])) for i in others])
    distinct = holm(levels, len(means) * (len(means) - 1) // 2)
    return sorted([best, *(index for index, told in zip(others, distinct, strict=True) if not told)])


Trained = tuple[Sample | None, Trainings]


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
    errors: Errors = [(float(blocks.std(ddof=1)) / len(blocks) ** 0.5, len(blocks) - 1)]
    # Where both know the same, they share it; else each adds its own.
    shares: dict[Trainings, float] = {}
    for sample, trainings in (one, two):
        if sample is not None and sample.seeds:
            shares[trainings] = shares.get(trainings, 0.0) + 1 / len(sample.values)
    errors += [((trainings.variance * share) ** 0.5, trainings.freedom) for trainings, share in shares.items()]
    return float(blocks.mean()), errors

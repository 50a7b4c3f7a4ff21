"""How sure a number is: intervals over seeds and test images.

A cell has one mean for each seed and block of test images. Both are samples: of trainings and of images
there might have been others. `bench.analysis.comparisons` tells which denoisers are better than others.

"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

from bench.core.results import Array

RESAMPLES = 2000
CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A mean, and half of its 95 % interval; NaN where there is none."""

    mean: float
    half_width: float


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

    @cached_property
    def half_width(self) -> float:
        """Half of the 95 % interval of the mean, over seeds and images; NaN where there is none.

        The interval is the percentile bootstrap of seeds and blocks, drawn independently of each other (the
        "pigeonhole" bootstrap of Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007, which
        errs on the wide side). Resampling few seeds gives too little variance: (n - 1) / n of that of n seeds,
        and no tails. Their deviations are therefore stretched so that the interval of n normal values is as
        wide as Student's. Images may be skewed, and then the interval of their mean is longer on one side, by Hall,
        "On the removal of skewness by transformation", Journal of the Royal Statistical Society B 1992. Half of the
        interval is the longer side. With one seed, it covers images alone.
        """
        if not self.finite or self.values.shape[1] < 2:
            return float("nan")
        lopsided = (_lopsided(self.blocks), 1.0)  # along blocks, whose values are averaged over seeds; and along seeds
        shifts = [
            shares @ (lopsided[axis] * (self.values.mean(axis) - self.mean))
            for axis, shares in _draws(self.values.shape)
        ]
        tails = np.array([1 - CONFIDENCE, 1 + CONFIDENCE]) / 2 * (RESAMPLES - 1)
        # As `np.percentile`, in a fifth of its time: a large report has tens of thousands of intervals.
        low, high = np.interp(tails, np.arange(RESAMPLES), np.sort(sum(shifts)))
        return float(high - low) / 2

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.mean, self.half_width)

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


@cache
def _draws(shape: tuple[int, int]) -> list[tuple[int, Array]]:
    """How often each seed and each block is drawn, as a share times the stretch of its axis, (R, S) and (R, B).

    Each comes with the axis over which values are averaged first. All numbers of one shape meet the same draws,
    which are those of `scipy.stats.bootstrap` with `rng=0`; cached, since drawing takes far longer than their use.
    """
    rng = np.random.default_rng(0)
    counts = [(1 - axis, count) for axis, count in enumerate(shape) if count > 1]
    return [(axis, _stretch(count) * _shares(rng.integers(0, count, (RESAMPLES, count)))) for axis, count in counts]


def _lopsided(blocks: Array) -> float:
    """The longer side of the interval of the mean of skewed values, over that of normal ones."""
    deviations, count = blocks - blocks.mean(), len(blocks)
    if not (variance := float((deviations**2).mean())):
        return 1.0
    skewness = float((deviations**3).mean()) / variance**1.5
    limit = stdtrit(count - 1, (1 + CONFIDENCE) / 2)
    return float(1 + abs(skewness) * (1 + 2 * limit**2) / (6 * count**0.5 * limit))


def _stretch(count: int) -> float:
    """From the spread of resampled means of `count` normal values to that of Student's t."""
    tail = (1 + CONFIDENCE) / 2
    limit = stdtrit(count - 1, tail)
    if count == 2:  # a quarter of the draws lie at each end, so that the interval ends there
        return float(limit)
    return float((count / (count - 1)) ** 0.5 * limit / ndtri(tail))


def _shares(drawn: Array) -> Array:
    """How often each number was drawn, as a share, (R, n)."""
    draws, count = drawn.shape
    places = drawn + count * np.arange(draws)[:, None]
    shares: Array = np.bincount(places.ravel(), minlength=draws * count).reshape(draws, count) / count
    return shares

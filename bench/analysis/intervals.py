"""How sure a number is: intervals over seeds and test images.

A cell has one mean for each seed and block of test images. Both are samples: of trainings and of images
there might have been others. `bench.analysis.comparisons` tells which denoisers are better than others.

"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit
from scipy.stats import bootstrap

from bench.core.results import Array

RESAMPLES = 2000


CONFIDENCE = 0.95


AT_ONCE = 4000  # intervals; more would need much memory


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


_widths: WeakKeyDictionary[Sample, float] = WeakKeyDictionary()  # tables, figures and sentences ask for the same


def half_widths(samples: Sequence[Sample]) -> list[float]:
    """Half of the 95 % interval of each mean, over seeds and images; NaN where it cannot be told.

    The interval is the percentile bootstrap of seeds and blocks, drawn apart from each other (the
    "pigeonhole" bootstrap of Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007,
    which errs on the wide side). A few seeds drawn from a few are too alike: n of them vary by
    (n - 1) / n of their variance, and have no tails. Their deviations are therefore stretched so that
    the interval of n normal ones is as wide as Student's. With one seed, it covers images alone.
    """
    shapes: dict[tuple[int, ...], list[Sample]] = {}
    for sample in samples:
        if sample not in _widths:
            if sample.finite and sample.values.shape[1] > 1:
                shapes.setdefault(sample.values.shape, []).append(sample)
            else:
                _widths[sample] = float("nan")
    for members in shapes.values():
        for start in range(0, len(members), AT_ONCE):
            part = members[start : start + AT_ONCE]
            found = _half_widths(np.stack([sample.values for sample in part]))
            _widths.update(zip(part, found.tolist(), strict=True))
    return [_widths[sample] for sample in samples]


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

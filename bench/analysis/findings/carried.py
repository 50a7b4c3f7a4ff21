"""Whether a ranking under Gaussian noise holds for the noise that a camera recorded."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from bench.analysis.findings.facts import Finding
from bench.analysis.intervals import CONFIDENCE, RESAMPLES
from bench.analysis.rows import METRIC, Row
from bench.core.dataset_names import dataset_title
from bench.core.results import Array
from bench.core.tasks import Section

FEWEST = 4  # denoisers and trainings that are worth a correlation


@dataclass(frozen=True)
class CarriedRanking(Finding):
    """Spearman's rank correlation between the PSNR of the same rows here and under Gaussian noise.

    Attributes:
        variance: of the Gaussian noise, the tested one nearest to what was recorded.
        low, high: its 95 % interval, by a bootstrap over the images of both.
        best: the best row under Gaussian noise; `place` is its place here, among `count`.
    """

    dataset: str
    variance: float
    correlation: float
    low: float
    high: float
    count: int
    best: str
    place: int


def carried(
    section: Section, rows: Sequence[Row], grids: Sequence[tuple[Section, Sequence[Row]]]
) -> Iterator[CarriedRanking]:
    """A finding for each grid of Gaussian noise that has enough of the rows, networks among them.

    Args:
        section: of recorded noise, which has one variance.
    """
    here = section.protocol.variances[0]
    for grid, others in grids:
        there = min(grid.protocol.variances, key=lambda v: abs(math.log(max(v, 1e-12) / here)))
        by_experiment = {row.experiment.but(seed=0): row for row in others if row.psnr_at(there)}
        pairs = [
            (row, by_experiment[row.experiment.but(seed=0)])
            for row in rows
            if row.psnr_at(here) and not row.untouched and row.experiment.but(seed=0) in by_experiment
        ]
        if len(pairs) >= FEWEST and any(row.learned for row, _ in pairs):
            recorded = np.array([row.samples[here, METRIC].blocks for row, _ in pairs])
            gaussian = np.array([row.samples[there, METRIC].blocks for _, row in pairs])
            low, high = _interval(recorded, gaussian)
            best = int(gaussian.mean(1).argmax())
            place = int((recorded.mean(1) > recorded.mean(1)[best]).sum()) + 1
            yield CarriedRanking(
                *(dataset_title(grid.protocol.dataset), there, spearman(recorded.mean(1), gaussian.mean(1)), low, high),
                *(len(pairs), pairs[best][1].with_training, place),
            )


def spearman(one: Array, other: Array) -> float:
    """Spearman's rank correlation; equal values share their mean rank."""
    # Without the p-value that scipy's own function makes each time.
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _interval(one: Array, other: Array) -> tuple[float, float]:
    """95 % of the rank correlations of the means of rows, (R, B) each, with blocks of images drawn anew."""
    rng = np.random.default_rng(0)

    def means(values: Array) -> Array:
        drawn: Array = values[:, rng.integers(values.shape[1], size=(RESAMPLES, values.shape[1]))].mean(2)
        return drawn.T

    found = [spearman(a, b) for a, b in zip(means(one), means(other), strict=True)]
    low, high = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)

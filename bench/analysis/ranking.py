"""Which denoiser is best over several test variances."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from bench.analysis.comparisons import against, holm
from bench.analysis.intervals import Sample, mean_of
from bench.analysis.rows import METRIC, Row


@dataclass(frozen=True)
class Place:
    """A row in the ranking, by its mean PSNR over test variances; anything from rank `first` to `last`."""

    row: Row
    sample: Sample
    first: int
    last: int


def shared(rows: Sequence[Row], variances: Sequence[float]) -> list[float]:
    """The test variances at which every row that was measured has a finite number."""
    measured = [row for row in rows if row.samples]
    return [variance for variance in variances if all(row.psnr_at(variance) for row in measured)]


def over(rows: Sequence[Row], variances: Sequence[float]) -> str:
    """What a mean of the ranking is over, in words."""
    count, of = len(shared(rows, variances)), len(variances)
    return f"the {of} test variances" if count == of else f"the {count} of {of} test variances that all have"


def ranking(rows: Sequence[Row], variances: Sequence[float]) -> list[Place]:
    """The best training of each denoiser, from best to worst, by the mean over test variances that all have.

    Ranks that differ hold for all pairs together.
    """
    best: dict[str, tuple[Row, Sample]] = {}
    cells = [(variance, METRIC) for variance in shared(rows, variances)]
    for row in rows if cells else ():
        sample = mean_of([row.samples[cell] for cell in cells]) if row.samples else None
        if sample is not None and (row.subject not in best or sample.mean > best[row.subject][1].mean):
            best[row.subject] = row, sample
    order = sorted(best.values(), key=lambda entry: -entry[1].mean)
    pairs, samples = list(combinations(range(len(order)), 2)), [sample for _, sample in order]
    told = holm(against([(samples[better], samples[worse]) for better, worse in pairs]))
    first, last = [1] * len(order), [len(order)] * len(order)
    for (better, worse), distinct in zip(pairs, told, strict=True):
        first[worse] += distinct
        last[better] -= distinct
    return [Place(row, sample, first[i], last[i]) for i, (row, sample) in enumerate(order)]


def ranking_frame(rows: Sequence[Row], variances: Sequence[float]) -> pd.DataFrame:
    """The ranking by mean PSNR in dB: denoiser, trained_on, first and last (rank), mean, half_width."""
    records = [
        (place.row.subject, place.row.training, place.first, place.last, place.sample.mean, place.sample.half_width)
        for place in ranking(rows, variances)
    ]
    return pd.DataFrame.from_records(records, columns=["denoiser", "trained_on", "first", "last", "mean", "half_width"])

"""Scores as DataFrames: each cell of some rows, matrices of them, and what tuning chose."""

from collections.abc import Iterable, Sequence
from itertools import repeat

import pandas as pd

from bench.analysis.comparisons import Trained, Trainings, leaders_of, trainings_of
from bench.analysis.rows import Row
from bench.core.results import Trial, best
from bench.core.variance import decibels
from bench.metrics import METRICS


def scores_frame(
    rows: Sequence[Row], variances: Sequence[float], metric: str, every: Sequence[Row] = (), marked: bool = True
) -> pd.DataFrame:
    """One metric, a line for each row and test variance that was measured.

    Columns: row (its position), denoiser, trained_on, variance, mean, and the flags best (of its column, or not
    significantly worse) and tied (if several are).

    Args:
        every: all rows of the section, if these are some: they tell how much seeds differ.
        marked: whether to look for the best at all.
    """
    columns = [_column(rows, every or rows, (variance, metric)) for variance in variances]
    leading = leaders_of(columns, METRICS[metric].better) if marked else repeat([], len(columns))
    leaders = dict(zip(variances, leading, strict=True))
    records = [
        (i, row.subject, row.training, variance, row.means[variance, metric], i in leaders[variance])
        for i, row in enumerate(rows)
        for variance in variances
        if (variance, metric) in row.means
    ]
    frame = pd.DataFrame.from_records(records, columns=["row", "denoiser", "trained_on", "variance", "mean", "best"])
    return frame.assign(tied=frame.variance.map({variance: len(tied) > 1 for variance, tied in leaders.items()}))


def _column(rows: Sequence[Row], every: Sequence[Row], cell: tuple[float, str]) -> list[Trained]:
    """The samples of rows in a cell, and how much the seeds of each differ there."""
    measured = [row for row in every if cell in row.samples]
    samples = [row.samples[cell] for row in measured]
    met = [row.was_trained_at(cell[0]) for row in measured]
    trainings = dict(zip(samples, trainings_of(samples, met), strict=True))
    return [(sample, trainings[sample]) if (sample := row.samples.get(cell)) else (None, Trainings()) for row in rows]


def transfer_frame(rows: Sequence[Row], variances: Sequence[float], metric: str) -> pd.DataFrame:
    """Means of one metric: a line for each row, by denoiser and trained_on, and a column for each test variance."""
    index = pd.MultiIndex.from_tuples([(row.subject, row.training) for row in rows], names=["denoiser", "trained_on"])
    values = [[row.means.get((variance, metric), float("nan")) for variance in variances] for row in rows]
    return pd.DataFrame(values, index, pd.Index(variances, name="variance"), dtype=float)


def pooled_frame(rows: Sequence[Row], variances: Sequence[float]) -> pd.DataFrame:
    """PSNR in dB of the mean MSE, as `transfer_frame`; without rows and variances of which MSE was not measured."""
    return transfer_frame(rows, variances, "mse").dropna(how="all").dropna(axis=1, how="all").map(decibels)


def tuned_frame(tuned: Iterable[tuple[Row, list[Trial]]]) -> pd.DataFrame:
    """What tuning chose: denoiser, trained_on, option, tried (values), low, high, chosen, and at_end (a flag)."""
    records = []
    for row, trials in tuned:
        values, chosen = sorted(trial.value for trial in trials), best(trials)
        at_end = chosen.value in (values[0], values[-1])
        tried = len(values), values[0], values[-1]
        records.append((row.experiment.denoiser, row.training, chosen.option, *tried, chosen.value, at_end))
    names = ["denoiser", "trained_on", "option", "tried", "low", "high", "chosen", "at_end"]
    return pd.DataFrame.from_records(records, columns=names)


def main_rows(rows: Sequence[Row], variances: Sequence[float]) -> list[Row]:
    """Rows of the main table: of each denoiser its specialists together as one row, then those trained on ranges.

    Untrained rows stay as they are. Filters tuned for single test variances are shown as specialists alone. If no
    test variance has a specialist, all rows are shown.
    """
    members: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        members.setdefault((row.subject, row.experiment.dataset), []).append(row)
    groups = [([row for row in group if row.fixed is not None], group) for group in members.values()]
    # A training that stands beside the same training of the network it varies.
    singles = {(fixed[0].kin, fixed[0].fixed) for fixed, _ in groups if len(fixed) == 1 and fixed[0].learned}
    chosen = []
    for fixed, group in groups:
        if len(fixed) > 1:
            chosen += [_together(fixed, variances)]
            chosen += [row for row in fixed if (row.experiment.denoiser, row.fixed) in singles]
        else:
            chosen += fixed
        if not (len(fixed) > 1 and fixed[0].experiment.tuned):
            chosen += [row for row in group if row.fixed is None]
    return chosen


def _together(fixed: Sequence[Row], variances: Sequence[float]) -> Row:
    """Specialists as one row, each at its own variance."""
    cells = {cell: row for row in fixed for cell in row.samples if cell[0] in variances and row.fixed == cell[0]}
    return fixed[0].but(
        seeds=min(row.seeds for row in fixed),
        samples={cell: row.samples[cell] for cell, row in cells.items()},
        means={cell: row.means[cell] for cell, row in cells.items()},
        specialists=True,
        note="" if cells else fixed[0].note,
    )

"""Scores as DataFrames: each cell of some rows, matrices of them, and what tuning chose."""

from collections.abc import Iterable, Sequence
from itertools import repeat

import pandas as pd

from bench.analysis.comparisons import Column, Trainings, leaders_of, trainings_of
from bench.analysis.rows import Row, is_for
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
    leaders = leaders_of(columns, METRICS[metric].better) if marked else repeat([])
    best_of = {variance: set(leading) for variance, leading in zip(variances, leaders, strict=False)}
    records = [
        (
            *(index, row.subject, row.training, variance, row.means[cell]),
            *(index in best_of[variance], len(best_of[variance]) > 1),
        )
        for index, row in enumerate(rows)
        for variance in variances
        if (cell := (variance, metric)) in row.means
    ]
    names = ["row", "denoiser", "trained_on", "variance", "mean", "best", "tied"]
    return pd.DataFrame.from_records(records, columns=names)


def with_intervals(frame: pd.DataFrame, rows: Sequence[Row], metric: str) -> pd.DataFrame:
    """A frame of `scores_frame` with half_width, half of the 95 % interval of each mean."""
    cells = zip(frame.row, frame.variance, strict=True)
    return frame.assign(half_width=[rows[row].samples[variance, metric].half_width for row, variance in cells])


def _column(rows: Sequence[Row], every: Sequence[Row], cell: tuple[float, str]) -> Column:
    """The samples of rows in a cell, and how much the seeds of each differ there."""
    measured = [(sample, row.was_trained_at(cell[0])) for row in every if (sample := row.samples.get(cell))]
    samples = [sample for sample, _ in measured]
    known = dict(zip(samples, trainings_of(samples, [met for _, met in measured]), strict=True))
    shown = [row.samples.get(cell) for row in rows]
    return shown, [known[sample] if sample else Trainings() for sample in shown]


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
    groups = [[row for row in group if _is_fixed(row)] for group in members.values()]
    # A training that stands beside the same training of the network it varies.
    singles = {(fixed[0].kin, fixed[0].experiment.variance) for fixed in groups if len(fixed) == 1 and fixed[0].learned}
    chosen = []
    for group, fixed in zip(members.values(), groups, strict=True):
        chosen += [_together(fixed, variances)] if len(fixed) > 1 else fixed
        if len(fixed) > 1:
            chosen += [row for row in fixed if (row.experiment.denoiser, row.experiment.variance) in singles]
        if not (len(fixed) > 1 and fixed[0].experiment.tuned):
            chosen += [row for row in group if not _is_fixed(row)]
    return chosen


def _is_fixed(row: Row) -> bool:
    return row.experiment.variance is not None and row.experiment.variance.fixed


def _together(fixed: Sequence[Row], variances: Sequence[float]) -> Row:
    """Specialists as one row, each at its own variance."""
    first = fixed[0]
    cells = {cell: row for row in fixed for cell in row.samples if cell[0] in variances and is_for(row, cell[0])}
    return first.but(
        seeds=min(row.seeds for row in fixed),
        samples={cell: row.samples[cell] for cell, row in cells.items()},
        means={cell: row.means[cell] for cell, row in cells.items()},
        specialists=True,
        note="" if cells else first.note,
    )

"""Scores as DataFrames: each cell of some rows, and matrices of them."""

from collections.abc import Sequence
from itertools import repeat

import pandas as pd

from bench.analysis.comparisons import ABSENT, standings
from bench.analysis.rows import METRIC, Row


def scores_frame(rows: Sequence[Row], variances: Sequence[float], metric: str, marked: bool = True) -> pd.DataFrame:
    """One metric, a line for each row and test variance that was measured.

    Columns: row (its position), denoiser, trained_on, variance, mean, and state, which is one of those of
    `bench.analysis.comparisons.standings`. PSNR alone has states: in other metrics a difference that nobody sees may
    be a large one, and the other way round.

    Args:
        marked: whether to look for the best at all.
    """
    columns = [[row.samples.get((variance, metric)) for row in rows] for variance in variances]
    empty = repeat([ABSENT] * len(rows), len(columns))
    states = dict(zip(variances, standings(columns) if marked and metric == METRIC else empty, strict=True))
    records = [
        (i, row.subject, row.training, variance, row.means[variance, metric], states[variance][i])
        for i, row in enumerate(rows)
        for variance in variances
        if (variance, metric) in row.means
    ]
    return pd.DataFrame.from_records(records, columns=["row", "denoiser", "trained_on", "variance", "mean", "state"])


def transfer_frame(rows: Sequence[Row], variances: Sequence[float], metric: str) -> pd.DataFrame:
    """Means of one metric: a line for each row, by denoiser and trained_on, and a column for each test variance."""
    index = pd.MultiIndex.from_tuples([(row.subject, row.training) for row in rows], names=["denoiser", "trained_on"])
    values = [[row.means.get((variance, metric), float("nan")) for variance in variances] for row in rows]
    return pd.DataFrame(values, index, pd.Index(variances, name="variance"), dtype=float)


def main_rows(rows: Sequence[Row], variances: Sequence[float]) -> list[Row]:
    """Rows of the main table: of each denoiser its specialists together as one row, then those trained on ranges.

    Untrained rows stay as they are. Filters tuned for single test variances are shown as specialists alone. A denoiser
    without a specialist for any test variance, as for recorded noise, is shown in all its trainings.
    """
    members: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        members.setdefault((row.subject, row.experiment.dataset), []).append(row)
    groups = [([row for row in group if row.fixed is not None], group) for group in members.values()]
    # A training that stands beside the same training of the network it varies.
    singles = {(fixed[0].kin, fixed[0].fixed) for fixed, _ in groups if len(fixed) == 1 and fixed[0].learned}
    chosen = []
    for fixed, group in groups:
        if len(fixed) > 1 and not any(row.fixed in variances for row in fixed):
            chosen += group
        elif len(fixed) > 1:
            chosen += [_together(fixed, variances)]
            chosen += [row for row in fixed if (row.experiment.denoiser, row.fixed) in singles]
        else:
            chosen += fixed
        if not (len(fixed) > 1 and fixed[0].experiment.tuned):
            chosen += [row for row in group if row.fixed is None and row not in chosen]
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

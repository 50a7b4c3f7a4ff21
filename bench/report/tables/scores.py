"""Scores: a line for each row, a column for each test variance."""

import math
from collections.abc import Sequence
from itertools import repeat

from bench.ablations import by_seed
from bench.analysis.comparisons import Column, Trainings, leaders_of, trainings_of
from bench.analysis.rows import EACH, Row
from bench.core.tasks import Section
from bench.core.variance import decibels, written
from bench.metrics import METRICS, Metric, metric_title
from bench.report.tables.table import Table, margin


def scores(
    section: Section,
    rows: Sequence[Row],
    metric: str,
    intervals: bool,
    every: Sequence[Row] = (),
    marked: bool = True,
) -> Table:
    """One metric: a row per denoiser and training range, a column per test variance.

    Args:
        intervals: whether cells show the half-width of their 95 % interval.
        every: all rows of the section, where these are some: they tell what trainings vary by.
        marked: whether the best are; those of one network, seed by seed, never are.
    """
    variances, measure = section.protocol.variances, METRICS[metric]
    marked = marked and not by_seed(section.name)
    columns = [_column(rows, every or rows, (variance, metric)) for variance in variances]
    best = dict(zip(variances, leaders_of(columns, measure.better) if marked else repeat([]), strict=False))
    lines = []
    for index, row in enumerate(rows):
        cells = [
            _cell(
                row.means.get((variance, metric)),
                row.samples[variance, metric].half_width
                if intervals and (variance, metric) in row.samples
                else math.nan,
                measure,
                "" if index not in best[variance] else "≈" if len(best[variance]) > 1 else "**",
            )
            for variance in variances
        ]
        name = row.subject
        if row.note and row.means:
            name += f" ({row.note})"
        elif row.note:
            cells = [row.note, *[""] * (len(variances) - 1)]
        lines.append((name, row.training, *cells))
    header = ("denoiser", "trained on", *map(written, variances))
    about = [("input PSNR (dB)", "", *(f"{decibels(variance):.2f}" for variance in variances))]
    if not all(written(variance).startswith("σ") for variance in variances):
        about.insert(0, ("σ·255", "", *(f"{255 * variance**0.5:.1f}" for variance in variances)))
    return Table(metric_title(metric), header, (*about, *lines), marks(rows) if marked else "")


def pooled(section: Section, rows: Sequence[Row]) -> Table:
    """PSNR of the mean MSE, where MSE was measured."""
    scored = [row for row in rows if any(metric == "mse" for _, metric in row.means)]
    variances = [v for v in section.protocol.variances if any((v, "mse") in row.means for row in scored)]

    def cell(row: Row, variance: float) -> str:
        error = row.means.get((variance, "mse"))
        return "–" if error is None else f"{decibels(error):.2f}"

    lines = tuple((row.subject, row.training, *(cell(row, variance) for variance in variances)) for row in scored)
    return Table("Pooled PSNR: of the mean MSE (dB)", ("denoiser", "trained on", *map(written, variances)), lines)


def _column(rows: Sequence[Row], every: Sequence[Row], cell: tuple[float, str]) -> Column:
    """What rows have in a cell, beside what trainings of all rows vary by there."""
    there = [(sample, row.was_trained_at(cell[0])) for row in every if (sample := row.samples.get(cell))]
    samples = [sample for sample, _ in there]
    known = dict(zip(samples, trainings_of(samples, [met for _, met in there]), strict=True))
    shown = [row.samples.get(cell) for row in rows]
    return shown, [known[sample] if sample else Trainings() for sample in shown]


def marks(rows: Sequence[Row]) -> str:
    """What the marks in a table mean."""
    several = any(row.seeds > 1 for row in rows if row.learned)
    paired = "the same noisy images"
    if several:
        paired += (
            ", beside what trainings of a network vary by, drawn towards what those of all networks do that met the "
            "variance in training, or that did not"
        )
    single = "" if several else "; of each network there is one training, and it holds for that one"
    each = any(EACH in row.label for row in rows)
    specialists = (
        "; ‡ in each column the training for its variance, which must be known to choose it; – where there is none"
        if each
        else ""
    )
    return (
        "**better** than every other row of its column; ≈ not distinguishable from the best (paired differences over "
        f"{paired}; 95 % for all pairs of a column, by Holm{single}){specialists}"
    )


def _cell(mean: float | None, width: float, metric: Metric, mark: str) -> str:
    if mean is None:
        return "–"
    text = f"{metric.scale * mean:.{metric.digits}f}"
    return f"{mark}{text}{mark if mark == '**' else ''}{margin(metric.scale * width, metric.digits)}"

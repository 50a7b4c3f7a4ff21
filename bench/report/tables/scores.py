"""Scores: a line for each row, a column for each test variance."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from bench.ablations import by_seed
from bench.analysis.rows import Row
from bench.analysis.scores import pooled_frame, scores_frame, tuned_frame, with_intervals
from bench.core.results import Trial
from bench.core.tasks import Section
from bench.core.variance import decibels, written
from bench.metrics import METRICS, Metric, metric_title
from bench.report.tables.table import Column, Table, lines_of, margin, numbers, texts

END = "°"  # behind a value from the end of a grid


def scores(
    section: Section,
    rows: Sequence[Row],
    metric: str,
    *,
    intervals: bool,
    every: Sequence[Row] = (),
    marked: bool = True,
) -> Table:
    """One metric: a row per denoiser and training range, a column per test variance.

    Args:
        intervals: whether cells show the half-width of their 95 % interval.
        every: all rows of the section, if these are some: they tell how much seeds differ.
        marked: whether the best are; those of one network, seed by seed, never are.
    """
    variances, marked = section.protocol.variances, marked and not by_seed(section.name)
    frame = scores_frame(rows, variances, metric, every, marked)
    frame = with_intervals(frame, rows, metric) if intervals else frame
    cells = {(cell.row, cell.variance): _cell(cell, METRICS[metric], intervals) for cell in lines_of(frame)}
    lines = []
    for index, row in enumerate(rows):
        values = [cells.get((index, variance), "–") for variance in variances]
        if row.note and not row.means:
            values = [row.note, *[""] * (len(variances) - 1)]
        name = f"{row.subject} ({row.note})" if row.note and row.means else row.subject
        lines.append((name, row.training, *values))
    about = [("input PSNR (dB)", "", *(f"{decibels(variance):.2f}" for variance in variances))]
    if not all(written(variance).startswith("σ") for variance in variances):
        about.insert(0, ("σ·255", "", *(f"{255 * variance**0.5:.1f}" for variance in variances)))
    header = ("denoiser", "trained on", *map(written, variances))
    right = (False, False, *(True for _ in variances))
    return Table(metric_title(metric), header, (*about, *lines), marks(rows) if marked else "", right)


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
    specialists = (
        "; ‡ in each column the training for its variance, which must be known to choose it; – where there is none"
        if any(row.specialists for row in rows)
        else ""
    )
    return (
        "**better** than every other row of its column; ≈ not distinguishable from the best (paired differences over "
        f"{paired}; 95 % for all pairs of a column, by Holm{single}){specialists}"
    )


def _cell(cell: Any, metric: Metric, interval: bool) -> str:
    text = f"{metric.scale * cell.mean:.{metric.digits}f}"
    text = f"≈{text}" if cell.best and cell.tied else f"**{text}**" if cell.best else text
    return text + (margin(metric.scale * cell.half_width, metric.digits) if interval else "")


def pooled_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """PSNR of the mean MSE, where MSE was measured."""
    frame = pooled_frame(rows, variances)
    return Table.of("Pooled PSNR: of the mean MSE (dB)", [*_labels(frame), *_by_variance(frame)])


def _labels(frame: pd.DataFrame) -> list[Column]:
    return [
        texts("denoiser", frame.index.get_level_values("denoiser")),
        texts("trained on", frame.index.get_level_values("trained_on")),
    ]


def _by_variance(frame: pd.DataFrame) -> list[Column]:
    return [numbers(written(float(variance)), frame[variance], "{:.2f}".format) for variance in frame.columns]


def tuned_table(tuned: Iterable[tuple[Row, list[Trial]]]) -> Table:
    """Which value tuning chose: filters with their option, a column for each training range."""
    frame = tuned_frame(tuned)
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for choice in lines_of(frame):
        tried = f"{choice.tried} values, {choice.low:g} to {choice.high:g}"
        cells = lines.setdefault((choice.denoiser, choice.option, tried), {})
        cells[choice.trained_on] = f"{choice.chosen:g}{END if choice.at_end else ''}"
    note = "chosen on validation images"
    if frame.at_end.any():
        note += f"; {END} the end of what was tried: something beyond might be better, where there is anything beyond"
    names, options, counts = zip(*lines, strict=True) if lines else ((), (), ())
    columns = [numbers(trained, (v.get(trained) for v in lines.values()), str) for trained in frame.trained_on.unique()]
    return Table.of(
        "Tuned parameters",
        [texts("filter", names), texts("option", options), numbers("tried", counts, str), *columns],
        note,
    )

"""Scores: a line for each row, a column for each test variance."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from bench.ablations import by_seed
from bench.analysis.rows import Row
from bench.analysis.scores import pooled_frame, scores_frame, tuned_frame
from bench.core.results import Trial
from bench.core.tasks import Section
from bench.core.variance import decibels, in_sigma, written
from bench.metrics import METRICS, metric_title
from bench.report.tables.table import Column, Table, columns_of, labels, lines_of, margin, numbers, pivoted, texts

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
    scale, digits = METRICS[metric].scale, METRICS[metric].digits

    def cell(score: Any) -> str:
        text = better(f"{scale * score.mean:.{digits}f}", score)
        width = rows[score.row].samples[score.variance, metric].half_width if intervals else math.nan
        return text + margin(scale * width, digits)

    frame = scores_frame(rows, variances, metric, every, marked)
    cells = pivoted(frame, ["row"], "variance", cell).reindex(range(len(rows)), columns=variances)
    cells = cells.astype(object).fillna("–")
    names = []
    for i, row in enumerate(rows):
        if row.note and not row.means:
            cells.iloc[i] = [row.note, *[""] * (len(variances) - 1)]
        names.append(f"{row.subject} ({row.note})" if row.note and row.means else row.subject)
    # Above all, what the noise itself is.
    sigmas = [] if all(map(in_sigma, variances)) else [f"{255 * variance**0.5:.1f}" for variance in variances]
    names = [*["σ·255"][: len(sigmas)], "input PSNR (dB)", *names]
    columns = [
        texts("denoiser", names),
        texts("trained on", [*[""] * (len(names) - len(rows)), *(row.training for row in rows)]),
    ]
    for i, variance in enumerate(variances):
        above = *sigmas[i : i + 1], f"{decibels(variance):.2f}"
        columns.append(Column(written(variance), (*above, *cells[variance]), right=True))
    return Table.of(metric_title(metric), columns, marks(rows) if marked else "")


def better(text: str, score: Any) -> str:
    """A text marked as `marks` says, by the flags of a line of `scores_frame` or `noise_frame`."""
    return f"≈{text}" if score.best and score.tied else f"**{text}**" if score.best else text


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


def pooled_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """PSNR of the mean MSE, where MSE was measured."""
    frame = pooled_frame(rows, variances)
    columns = columns_of(frame.rename(columns=written), "{:.2f}".format)
    return Table.of("Pooled PSNR: of the mean MSE (dB)", [*labels(frame), *columns])


def tuned_table(tuned: Iterable[tuple[Row, list[Trial]]]) -> Table:
    """Which value tuning chose: filters with their option, a column for each training range."""
    frame = tuned_frame(tuned)
    cells = pivoted(
        frame,
        ["denoiser", "option", "tried", "low", "high"],
        "trained_on",
        lambda choice: f"{choice.chosen:g}{END if choice.at_end else ''}",
    )
    filters = lines_of(cells.index.to_frame())
    note = "chosen on validation images"
    if frame.at_end.any():
        note += f"; {END} the end of what was tried: something beyond might be better, where there is anything beyond"
    columns = [
        texts("filter", (line.denoiser for line in filters)),
        texts("option", (line.option for line in filters)),
        numbers("tried", filters, lambda line: f"{line.tried} values, {line.low:g} to {line.high:g}"),
        *columns_of(cells),
    ]
    return Table.of("Tuned parameters", columns, note)

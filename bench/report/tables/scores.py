"""Scores: a line for each row, a column for each test variance."""

import math
from collections.abc import Sequence
from typing import Any

from bench.ablations import by_seed
from bench.analysis.comparisons import BEST, MARGIN, UNRESOLVED
from bench.analysis.rows import METRIC, Row
from bench.analysis.scores import scores_frame
from bench.core.experiment import RECORDED
from bench.core.tasks import Section
from bench.core.variance import decibels, in_sigma, written
from bench.metrics import METRICS, metric_title
from bench.report.tables.table import Column, Table, margin, pivoted, texts


def scores(
    section: Section,
    rows: Sequence[Row],
    metric: str,
    *,
    intervals: bool,
    marked: bool = True,
) -> Table:
    """One metric: a row per denoiser and training range, a column per test variance.

    Args:
        intervals: whether cells show the half-width of their 95 % interval.
        marked: whether the best are; those of one network, seed by seed, never are.
    """
    variances, marked = section.protocol.variances, marked and not by_seed(section.name)
    scale, digits = METRICS[metric].scale, METRICS[metric].digits

    def cell(score: Any) -> str:
        text = emphasized(f"{scale * score.mean:.{digits}f}", score)
        width = rows[score.row].samples[score.variance, metric].half_width if intervals else math.nan
        return text + margin(scale * width, digits)

    frame = scores_frame(rows, variances, metric, marked)
    cells = pivoted(frame, ["row"], "variance", cell).reindex(range(len(rows)), columns=variances)
    cells = cells.astype(object).fillna("–")
    names = []
    for i, row in enumerate(rows):
        if row.note and not row.means:
            cells.iloc[i] = [row.note, *[""] * (len(variances) - 1)]
        names.append(f"{row.subject} ({row.note})" if row.note and row.means else row.subject)
    # Above all, what the noise itself is.
    sigmas = [] if all(map(in_sigma, variances)) else [f"{255 * variance**0.5:.1f}" for variance in variances]
    inputs = [] if section.protocol.noise == RECORDED else [f"{decibels(v):.2f}" for v in variances]  # `noisy` says it
    names = [*["σ·255"][: len(sigmas)], *["input PSNR (dB)"][: len(inputs)], *names]
    columns = [
        texts("denoiser", names),
        texts("trained on", [*[""] * (len(names) - len(rows)), *(row.training for row in rows)]),
    ]
    for i, variance in enumerate(variances):
        above = *sigmas[i : i + 1], *inputs[i : i + 1]
        columns.append(Column(written(variance), (*above, *cells[variance]), right=True))
    return Table.of(metric_title(metric), columns, marks(rows) if marked and metric == METRIC else "")


def emphasized(text: str, score: Any) -> str:
    """A text marked as `marks` says, by the state in a line of `scores_frame` or `noise_frame`."""
    return f"**{text}**" if score.state == BEST else f"{text} ?" if score.state == UNRESOLVED else text


def marks(rows: Sequence[Row]) -> str:
    """What the marks in a table mean."""
    single = any(row.seeds == 1 for row in rows if row.learned)
    specialists = (
        "; ‡ in each column the training for its variance, which must be known to choose it; – where there is none"
        if any(row.specialists for row in rows)
        else ""
    )
    return (
        f"**bold**: the best of its column, or shown to be within {MARGIN:g} dB of it; plain: shown to be worse; "
        "? too few seeds to say" + ("; of one training, marks hold for that training" if single else "") + specialists
    )

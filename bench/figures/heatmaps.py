"""Matrices of training range × test variance."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.analysis.rows import Row
from bench.analysis.scores import transfer_frame
from bench.core.results import Array
from bench.core.variance import written
from bench.figures.style import STYLE, laid_out
from bench.metrics import METRICS, metric_title


def transfer(rows: Sequence[Row], variances: Sequence[float], metric: str) -> Figure:
    """Training range × test variance: a panel for each denoiser, and one for all that are not trained.

    All panels share one colour scale; bright is better. Cells inside the training range are framed.
    """
    matrix = METRICS[metric].scale * transfer_frame(rows, variances, metric).to_numpy()
    return _matrices(rows, variances, matrix, metric, metric_title(metric))


def regret(
    rows: Sequence[Row], variances: Sequence[float], matrix: Sequence[Sequence[float]], stars: Sequence[Sequence[str]]
) -> Figure:
    """Regret in dB, (rows, variances), drawn like `transfer`; bright is small.

    Args:
        stars: text behind each number.
    """
    return _matrices(rows, variances, np.array(matrix), "", "regret (dB)", np.array(stars))


def _matrices(
    rows: Sequence[Row], variances: Sequence[float], matrix: Array, metric: str, label: str, stars: Array | None = None
) -> Figure:
    """Rows of a matrix as heatmaps, one for each denoiser. An empty metric means dB, better when small."""
    panels: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        panels.setdefault(row.subject if row.experiment.variance else "no training", []).append(index)
    digits = METRICS[metric].digits if metric else 1
    norm, cmap = _colours(matrix, METRICS[metric].better) if metric else (mpl.colors.PowerNorm(0.5, 0, 15), "magma_r")
    text = [[f"{value:.{digits}f}" if not np.isnan(value) else "" for value in line] for line in matrix]
    cells = np.char.add(np.array(text), stars if stars is not None else "")
    heights = [len(members) for members in panels.values()]
    with mpl.rc_context(STYLE):
        names = max(len(row.training if row.experiment.variance else row.name) for row in rows)
        size = 1.4 + 0.07 * names + 0.6 * len(variances), 0.6 + 0.33 * len(heights) + 0.26 * sum(heights)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axis, (name, members) in zip(axes, panels.items(), strict=True):
            shown = [rows[index] for index in members]
            sns.heatmap(
                matrix[members],
                ax=axis,
                norm=norm,
                vmin=norm.vmin,  # seaborn would else look for them in cells that may all be empty
                vmax=norm.vmax,
                cmap=cmap,
                cbar=False,
                annot=cells[members],
                fmt="",
                annot_kws={"size": 8},
                linewidths=0.5,
                linecolor="white",
                yticklabels=[row.training if row.experiment.variance else row.name for row in shown],
                mask=~np.isfinite(matrix[members]),
            )
            axis.tick_params(length=0)
            axis.tick_params("y", rotation=0)
            axis.set(title=name, ylabel="trained on" if shown[0].experiment.variance and len(shown) > 2 else "")
            last = axis is axes[-1]
            axis.set_xticklabels([written(variance) for variance in variances] if last else [], rotation=0)
            _frame(axis, shown, variances)
        axes[-1].set_xlabel(laid_out(variances)[1])
        bar = figure.colorbar(mpl.cm.ScalarMappable(norm, cmap), ax=list(axes), shrink=0.9, aspect=50, pad=0.02)
        bar.set_label(label)
    return figure


def _colours(matrix: Array, better: str) -> tuple[Any, str]:
    """The colour scale of a metric: bright is better; logarithmic if lower is better."""
    finite = matrix[np.isfinite(matrix)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if better == "lower" and low > 0:
        return mpl.colors.LogNorm(low, high), "viridis_r"
    return mpl.colors.Normalize(low, high), "viridis" if better == "higher" else "viridis_r"


def _frame(axis: Axes, rows: Sequence[Row], variances: Sequence[float]) -> None:
    """Frames the cells inside the training range; a row without numbers says what is missing."""
    for line, row in enumerate(rows):
        if not row.means:
            axis.text(len(variances) / 2, line + 0.5, row.note, ha="center", va="center", fontsize=8)
            continue
        trained = row.experiment.variance
        if inside := [column for column, variance in enumerate(variances) if trained and variance in trained]:
            place, width = (inside[0], line), inside[-1] - inside[0] + 1
            axis.add_patch(Rectangle(place, width, 1, fill=False, edgecolor="black", lw=1.4, zorder=3, clip_on=False))

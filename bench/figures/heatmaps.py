"""Matrices of training range × test variance."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.analysis.rows import Row
from bench.core.variance import written
from bench.figures.style import STYLE, laid_out

DARK = 7  # dB, from where on a cell is too dark for black text


def regret(rows: Sequence[Row], variances: Sequence[float], matrix: Sequence[Sequence[float]]) -> Figure:
    """Regret in dB, (rows, variances): a panel for each denoiser. Cells inside the training range are framed."""
    values, norm, cmap = np.array(matrix), mpl.colors.PowerNorm(0.5, 0, 15), "YlOrBr"
    panels: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        panels.setdefault(row.subject, []).append(index)
    cells = np.array([[f"{value:.1f}" if not np.isnan(value) else "" for value in line] for line in values])
    heights = [len(members) for members in panels.values()]
    with mpl.rc_context(STYLE):
        names = max(len(row.training) for row in rows)
        size = 1.4 + 0.07 * names + 0.6 * len(variances), 0.9 + 0.33 * len(heights) + 0.29 * sum(heights)
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axis, (name, members) in zip(axes, panels.items(), strict=True):
            shown = [rows[index] for index in members]
            sns.heatmap(
                values[members],
                ax=axis,
                norm=norm,
                vmin=norm.vmin,  # seaborn would else look for them in cells that may all be empty
                vmax=norm.vmax,
                cmap=cmap,
                cbar=False,
                annot=cells[members],
                fmt="",
                linewidths=0.5,
                linecolor="white",
                yticklabels=[row.training for row in shown],
                mask=~np.isfinite(values[members]),
            )
            for text, value in zip(axis.texts, values[members].flat, strict=False):
                text.set_color("white" if value > DARK else "black")
            axis.tick_params(length=0)
            axis.tick_params("y", rotation=0)
            axis.set(title=name, ylabel="trained on" if len(shown) > 2 else "")
            last = axis is axes[-1]
            axis.set_xticklabels([written(variance) for variance in variances] if last else [], rotation=0)
            _frame(axis, shown, variances)
        axes[-1].set_xlabel(laid_out(variances)[1])
        scale = mpl.cm.ScalarMappable(norm, cmap)
        bar = figure.colorbar(scale, ax=list(axes), shrink=0.9, aspect=40, pad=0.02, extend="max")
        bar.set_label("regret (dB), square-root scale")
    return figure


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

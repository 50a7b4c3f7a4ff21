"""Matrices of training range × test variance."""

from collections import Counter
from collections.abc import Iterable, Sequence

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.analysis.rows import Row
from bench.core.variance import Range, written
from bench.figures.style import PANELS, STYLE, arranged, laid_out

DARK = 7  # dB, from where on a cell is too dark for black text


def regret(rows: Sequence[Row], variances: Sequence[float], matrix: Sequence[Sequence[float]]) -> Figure:
    """Regret in dB, (rows, variances): a panel for each denoiser. Cells inside the training range are framed.

    All panels have the same lines, so that a training has one name for all of them.
    """
    values, norm, cmap = dict(zip(rows, matrix, strict=True)), mpl.colors.PowerNorm(0.5, 0, 15), "YlOrBr"
    panels = {subject: _trainings(row for row in rows if row.subject == subject) for subject in _subjects(rows)}
    trainings = sorted({training for members in panels.values() for training in members})
    lines, across = arranged(len(panels))
    alone = len(panels) == 1
    labels = [str(trained) if alone else str(trained).replace(" ", "\n") for _, trained, _ in trainings]
    names = max(len(line) for label in labels for line in label.split("\n"))
    cell = (0.6, 0.29) if alone else (0.31, 0.21)
    width = 1.3 + 0.07 * names + across * (cell[0] * len(variances) + 0.1)
    with mpl.rc_context(STYLE if alone else PANELS):
        figure = Figure(figsize=(width, 0.9 + lines * (0.3 + cell[1] * len(trainings))), layout="constrained")
        axes = figure.subplots(lines, across, squeeze=False).flatten()
        for index, (axis, (name, members)) in enumerate(zip(axes, panels.items(), strict=False)):
            shown = [members.get(training) for training in trainings]
            numbers = np.array([values[row] if row else [np.nan] * len(variances) for row in shown], dtype=float)
            sns.heatmap(
                numbers,
                ax=axis,
                norm=norm,
                vmin=norm.vmin,  # seaborn would else look for them in cells that may all be empty
                vmax=norm.vmax,
                cmap=cmap,
                cbar=False,
                annot=True,
                fmt=".1f",
                linewidths=0.5,
                linecolor="white",
                mask=~np.isfinite(numbers),
            )
            for text, value in zip(axis.texts, numbers[np.isfinite(numbers)], strict=True):
                text.set_color("white" if value > DARK else "black")
            axis.tick_params(length=0)
            axis.set_title(name)
            axis.set_yticks(np.arange(len(labels)) + 0.5, labels if index % across == 0 else [], rotation=0)
            last = index + across >= len(panels)  # of its column
            tests = [written(variance) for variance in variances] if last else []
            axis.set_xticks(
                np.arange(len(variances)) + 0.5, tests or [""] * len(variances), rotation=0 if alone else 45
            )
            _frame(axis, shown, variances)
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        figure.supxlabel(laid_out(variances)[1], fontsize=9)
        figure.supylabel("trained on", fontsize=9)
        scale = mpl.cm.ScalarMappable(norm, cmap)
        bar = figure.colorbar(scale, ax=list(axes), shrink=0.9, aspect=40, pad=0.02, extend="max")
        bar.set_label("regret (dB)")
    return figure


def _subjects(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.subject for row in rows))


def _trainings(rows: Iterable[Row]) -> dict[tuple[bool, Range, int], Row]:
    """Rows of one denoiser by their training, fixed variances first; those trained alike are numbered."""
    count: Counter[Range] = Counter()
    found = {}
    for row in rows:
        trained = row.experiment.variance
        if trained is not None:
            count[trained] += 1
            found[not trained.fixed, trained, count[trained]] = row
    return found


def _frame(axis: Axes, rows: Sequence[Row | None], variances: Sequence[float]) -> None:
    """Frames the cells inside the training range."""
    for line, row in enumerate(rows):
        trained = row.experiment.variance if row else None
        if inside := [column for column, variance in enumerate(variances) if trained and variance in trained]:
            place, width = (inside[0], line), inside[-1] - inside[0] + 1
            axis.add_patch(Rectangle(place, width, 1, fill=False, edgecolor="black", lw=1.4, zorder=3, clip_on=False))

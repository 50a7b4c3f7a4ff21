"""Figures from results: every function takes values and returns one matplotlib figure."""

import io
import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.experiment import Range
from bench.metrics import METRICS
from bench.tables import Row, input_psnr, title
from bench.train import Progress

Array = npt.NDArray[Any]

STYLE = sns.axes_style("ticks") | {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": "DejaVu Sans",  # ships with matplotlib, so that every machine has it
}


def png(figure: Figure, digest: str) -> bytes:
    """A figure at print resolution, with the digest of what it shows in its metadata."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200, bbox_inches="tight", metadata={"Description": digest})
    return buffer.getvalue()


def strip(images: Array, clean: Array, variances: Sequence[float]) -> Figure:
    """One image, (H, W) uint8, and the same under noise of rising variance, (V, H, W)."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.05 * (len(variances) + 1), 1.5))
        axes = figure.subplots(1, len(variances) + 1, squeeze=False)[0]
        _show(axes[0], clean, "clean")
        for axis, image, variance in zip(axes[1:], images, variances, strict=True):
            _show(axis, image, f"{variance:g}")
            axis.set_xlabel(f"σ·255 = {255 * math.sqrt(variance):.0f}\n{input_psnr(variance):.1f} dB")
    return figure


def restored(columns: dict[str, Array], variances: Sequence[float], psnrs: dict[str, list[float]]) -> Figure:
    """A row per test variance, a column per denoiser, and the clean image last.

    Args:
        columns: images by heading, (V, H, W) uint8.
        psnrs: PSNR in dB of each image by heading, where it has one.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.2 * len(columns), 1.42 * len(variances)))
        axes = figure.subplots(len(variances), len(columns), squeeze=False)
        for column, (heading, images) in zip(axes.T, columns.items(), strict=True):
            for index, (axis, image) in enumerate(zip(column, images, strict=True)):
                _show(axis, image, heading.replace("_", "\n") if index == 0 else "")
                if heading in psnrs:
                    axis.set_xlabel(f"{psnrs[heading][index]:.1f} dB", labelpad=2)
        for axis, variance in zip(axes[:, 0], variances, strict=True):
            axis.set_ylabel(f"variance {variance:g}")
        figure.tight_layout(pad=0.3)
    return figure


def transfer(rows: Sequence[Row], variances: Sequence[float], metric: str) -> Figure:
    """Training range × test variance, a panel for each denoiser and one for those that learn nothing.

    All panels share one scale of colour; cells inside the training range are framed.
    """
    panels: dict[str, list[Row]] = {}
    for row in rows:
        panels.setdefault(row.subject if row.learned else "no training", []).append(row)
    shown = {name: _matrix(members, variances, metric) for name, members in panels.items()}
    finite = np.concatenate([matrix[np.isfinite(matrix)] for matrix in shown.values()] or [np.zeros(1)])
    low, high = float(finite.min()), float(finite.max())
    cmap = "viridis" if METRICS[metric].better == "higher" else "viridis_r"  # bright is always better
    logarithmic = METRICS[metric].better == "lower" and low > 0
    norm = mpl.colors.LogNorm(low, high) if logarithmic else mpl.colors.Normalize(low, high)
    tallest = max(len(members) for members in panels.values())
    with mpl.rc_context(STYLE):
        wide = 1.7 + 0.62 * len(variances)
        lines = math.ceil(len(panels) / 2)
        figure = Figure(figsize=(2 * wide, lines * (0.9 + 0.3 * tallest)), layout="constrained")
        axes = list(figure.subplots(lines, 2, squeeze=False).flat)
        for axis, (name, members) in zip(axes, panels.items(), strict=False):
            _heatmap(axis, name, members, shown[name], variances, norm, cmap)
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        bar = figure.colorbar(mpl.cm.ScalarMappable(norm, cmap), ax=axes, shrink=0.8, aspect=40, pad=0.01)
        bar.set_label(title(metric))
    return figure


def _heatmap(
    axis: Axes, name: str, rows: Sequence[Row], matrix: Array, variances: Sequence[float], norm: Any, cmap: str
) -> None:
    text = [[f"{value:.3g}" if np.isfinite(value) else "" for value in line] for line in matrix]
    sns.heatmap(
        matrix,
        ax=axis,
        norm=norm,
        vmin=norm.vmin,  # unused, but seaborn would look for them in cells that may all be empty
        vmax=norm.vmax,
        cmap=cmap,
        cbar=False,
        annot=np.array(text),
        fmt="",
        annot_kws={"size": 7.5},
        linewidths=0.5,
        linecolor="white",
        xticklabels=[f"{variance:g}" for variance in variances],
        yticklabels=[row.training if row.learned else row.name for row in rows],
        mask=~np.isfinite(matrix),
    )
    axis.set(title=name, xlabel="test variance", ylabel="trained on" if rows[0].learned else "")
    axis.tick_params(length=0)
    axis.tick_params("y", rotation=0)
    axis.tick_params("x", rotation=0)
    for line, row in enumerate(rows):
        if row.note and not np.isfinite(matrix[line]).any():
            axis.text(len(variances) / 2, line + 0.5, row.note, ha="center", va="center", fontsize=7.5)
        for column, variance in enumerate(variances):
            if row.experiment.variance and variance in row.experiment.variance:
                axis.add_patch(Rectangle((column, line), 1, 1, fill=False, edgecolor="black", lw=1.3, zorder=3))


def _matrix(rows: Sequence[Row], variances: Sequence[float], metric: str) -> Array:
    scale = METRICS[metric].scale
    return np.array([[scale * row.means.get((variance, metric), np.nan) for variance in variances] for row in rows])


def psnr(rows: Sequence[Row], variances: Sequence[float]) -> Figure:
    """PSNR against test variance: a panel for each training range, which is shaded."""
    frame = pd.DataFrame(
        [
            {
                "denoiser": row.subject,
                "range": row.training,
                "variance": variance,
                "psnr": value,
                "learned": row.learned,
            }
            for row in rows
            for (variance, metric), value in row.means.items()
            if metric == "psnr" and variance > 0 and variance in variances and math.isfinite(value)
        ]
    )
    ranges: list[Range | None] = list(dict.fromkeys(row.experiment.variance for row in rows if row.learned)) or [None]
    names = list(dict.fromkeys(row.subject for row in rows if row.experiment.denoiser != "noisy"))
    learned = [name for name in names if any(row.learned for row in rows if row.subject == name)]
    colours = dict(zip(learned, sns.color_palette("colorblind", len(learned)), strict=True))
    greys = [name for name in names if name not in learned]
    colours |= dict(zip(greys, sns.color_palette("Greys_r", len(greys) + 2)[1:], strict=False))
    dashes = {name: (1, 0) if name in learned else (3, 1.5) for name in names}
    markers = dict(zip(names, "osD^vP*Xhp<>" * 3, strict=False))
    positive = [variance for variance in variances if variance > 0]
    with mpl.rc_context(STYLE):
        across = min(3, len(ranges))
        lines = math.ceil(len(ranges) / across)
        figure = Figure(figsize=(0.6 + 2.5 * across, 0.7 + 2.2 * lines), layout="constrained")
        axes = figure.subplots(lines, across, sharex=True, sharey=True, squeeze=False).flatten()
        for axis, trained in zip(axes, ranges, strict=False):
            shown = frame[~frame["learned"] | (frame["range"] == str(trained))]
            shown = shown[shown["denoiser"].isin(names)]
            sns.lineplot(
                shown, x="variance", y="psnr", hue="denoiser", style="denoiser", hue_order=names, style_order=names,
                palette=colours, dashes=dashes, markers=markers, markersize=4, markeredgewidth=0, lw=1.2, ax=axis,
                errorbar=None,
            )  # fmt: skip
            axis.plot(positive, [input_psnr(v) for v in positive], color="black", ls=":", lw=1.2, label="noisy input")
            if trained is not None:
                axis.axvspan(trained.low / 1.06, trained.high * 1.06, color="tab:orange", alpha=0.18, lw=0)
                axis.set_title(f"trained on {trained}")
            axis.set(xscale="log", xlabel="test variance", ylabel="PSNR (dB)")
            axis.get_legend().remove()
        for axis in axes[len(ranges) :]:
            axis.set_visible(False)
        for axis in axes:
            axis.label_outer()
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def losses(histories: dict[str, dict[str, list[Progress]]]) -> Figure:
    """Loss against epochs: a panel for each denoiser, a colour for each training range."""
    ranges = list(dict.fromkeys(name for panel in histories.values() for name in panel))
    colours = dict(zip(ranges, sns.color_palette("viridis", len(ranges)), strict=True))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(0.6 + 2.5 * len(histories), 2.9), layout="constrained")
        axes = figure.subplots(1, len(histories), sharey=True, squeeze=False)[0]
        for axis, (name, panel) in zip(axes, histories.items(), strict=True):
            for trained, rows in panel.items():
                axis.plot([row.epoch for row in rows], [row.training for row in rows], color=colours[trained], lw=1.1)
                checked = [(row.epoch, row.validation) for row in rows if row.validation is not None]
                if checked:
                    axis.plot(*zip(*checked, strict=True), "o", color=colours[trained], ms=4, label=trained)
            axis.set(title=name, xlabel="epochs", yscale="log")
        axes[0].set_ylabel("loss (line: training; dot: validation)")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, title="trained on", loc="outside right center", frameon=False)
    return figure


def _show(axis: Axes, image: Array, heading: str) -> None:
    axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.set_title(heading, pad=3)
    for spine in axis.spines.values():
        spine.set_visible(False)

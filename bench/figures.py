"""Figures from results: every function takes values and returns one matplotlib figure."""

import io
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, ScalarFormatter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bench.costs import Point, front
from bench.experiment import written
from bench.latency import Latency
from bench.metrics import METRICS
from bench.others import Curve
from bench.tables import Row, decibels, title
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
    buffer, small, about = io.BytesIO(), io.BytesIO(), PngInfo()
    figure.savefig(buffer, format="png", dpi=150, bbox_inches="tight")
    about.add_text("Description", digest)
    # 256 colours are all a chart needs, and make its file a third as large.
    Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        small, "PNG", pnginfo=about, optimize=True
    )
    return small.getvalue()


def strip(images: Array, clean: Array, variances: Sequence[float]) -> Figure:
    """One image, (H, W) uint8, and the same under noise of rising variance, (V, H, W)."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.05 * (len(variances) + 1), 1.5))
        axes = figure.subplots(1, len(variances) + 1, squeeze=False)[0]
        _show(axes[0], clean, "clean")
        for axis, image, variance in zip(axes[1:], images, variances, strict=True):
            _show(axis, image, written(variance))
            axis.set_xlabel(f"σ·255 = {255 * math.sqrt(variance):.0f}\n{decibels(variance):.1f} dB")
    return figure


def restored(columns: dict[str, Array], variances: Sequence[float], psnrs: dict[str, list[float]]) -> Figure:
    """A row per test variance, a column per denoiser, and the clean image last.

    Args:
        columns: images by heading, (V, H, W) uint8.
        psnrs: PSNR in dB of each image by heading, where it has one.
    """
    with mpl.rc_context(STYLE):
        lines = max(heading.count("_") for heading in columns)
        figure = Figure(figsize=(1.2 * len(columns), 1.42 * len(variances) + 0.15 * lines))
        axes = figure.subplots(len(variances), len(columns), squeeze=False)
        for column, (heading, images) in zip(axes.T, columns.items(), strict=True):
            for index, (axis, image) in enumerate(zip(column, images, strict=True)):
                _show(axis, image, heading.replace("_", "\n") if index == 0 else "")
                if heading in psnrs:
                    axis.set_xlabel(f"{psnrs[heading][index]:.1f} dB", labelpad=2)
        for axis, variance in zip(axes[:, 0], variances, strict=True):
            label = written(variance)
            axis.set_ylabel(label if label.startswith("σ") else f"variance {label}")
        figure.tight_layout(pad=0.3)
    return figure


def transfer(rows: Sequence[Row], variances: Sequence[float], metric: str) -> Figure:
    """Training range × test variance, a panel for each denoiser and one for those that learn nothing.

    All panels share one scale of colour, in which bright is better; cells inside the training range
    are framed.
    """
    scale = METRICS[metric].scale
    matrices = [[scale * row.means.get((variance, metric), np.nan) for variance in variances] for row in rows]
    return _matrices(rows, variances, np.array(matrices), metric, title(metric))


def regret(rows: Sequence[Row], variances: Sequence[float], matrix: Sequence[Sequence[float]]) -> Figure:
    """Regret in dB, (rows, variances), as `transfer` shows its numbers; bright is little."""
    return _matrices(rows, variances, np.array(matrix), "", "regret (dB)")


def _matrices(rows: Sequence[Row], variances: Sequence[float], matrix: Array, metric: str, label: str) -> Figure:
    """Rows of a matrix as heatmaps, a panel for each denoiser; an empty metric is one in dB, better when small."""
    panels: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        panels.setdefault(row.subject if row.experiment.variance else "no training", []).append(index)
    digits = METRICS[metric].digits if metric else 1
    norm, cmap = _colours(matrix, METRICS[metric].better) if metric else (mpl.colors.PowerNorm(0.5, 0, 15), "magma_r")
    panels = dict(sorted(panels.items(), key=lambda panel: -len(panel[1])))  # alike heights side by side
    across = min(2, len(panels))
    tallest = [len(members) for members in panels.values()][::across]  # of each line
    lines = len(tallest)
    with mpl.rc_context(STYLE):
        names = max(len(row.training if row.experiment.variance else row.name) for row in rows)
        size = across * (1.2 + 0.07 * names + 0.62 * len(variances)), 0.85 * lines + 0.3 * sum(tallest)
        figure = Figure(figsize=size, layout="constrained")
        axes = list(figure.subplots(lines, across, squeeze=False, height_ratios=tallest).flat)
        for place, (axis, (name, members)) in enumerate(zip(axes, panels.items(), strict=False)):
            shown = [rows[index] for index in members]
            _heatmap(axis, shown, matrix[members], digits, norm, cmap)
            axis.set_xticklabels([written(variance) for variance in variances], rotation=0)
            axis.set(
                title=name, xlabel=_laid_out(variances)[1], ylabel="trained on" if shown[0].experiment.variance else ""
            )
            _frame(axis, shown, variances)
            axis.set_ylim(tallest[place // across], 0)  # so that all rows are of one height
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        bar = figure.colorbar(mpl.cm.ScalarMappable(norm, cmap), ax=axes, shrink=0.8, aspect=40, pad=0.01)
        bar.set_label(label)
    return figure


def _colours(matrix: Array, better: str) -> tuple[Any, str]:
    """The scale of a metric: logarithmic where lower is better, and bright where it is better."""
    finite = matrix[np.isfinite(matrix)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if better == "lower" and low > 0:
        return mpl.colors.LogNorm(low, high), "viridis_r"
    return mpl.colors.Normalize(low, high), "viridis" if better == "higher" else "viridis_r"


def _heatmap(axis: Axes, rows: Sequence[Row], matrix: Array, digits: int, norm: Any, cmap: str) -> None:
    text = [[f"{value:.{digits}f}" if not np.isnan(value) else "" for value in line] for line in matrix]
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
        annot_kws={"size": 7},
        linewidths=0.5,
        linecolor="white",
        yticklabels=[row.training if row.experiment.variance else row.name for row in rows],
        mask=~np.isfinite(matrix),
    )
    axis.tick_params(length=0)
    axis.tick_params("y", rotation=0)


def _frame(axis: Axes, rows: Sequence[Row], variances: Sequence[float]) -> None:
    """Frames the cells inside the training range, and writes what is missing where a row has no number."""
    for line, row in enumerate(rows):
        if not row.means:
            axis.text(len(variances) / 2, line + 0.5, row.note, ha="center", va="center", fontsize=7.5)
        for column, variance in enumerate(variances):
            if row.experiment.variance and variance in row.experiment.variance:
                axis.add_patch(Rectangle((column, line), 1, 1, fill=False, edgecolor="black", lw=1.3, zorder=3))


def psnr(rows: Sequence[Row], variances: Sequence[float], published: Sequence[Curve]) -> Figure:
    """PSNR against test variance: a panel for each training range, which is shaded, with what others published."""
    rows = [row for row in rows if row.experiment.denoiser != "noisy"]
    ranges = list(dict.fromkeys(row.experiment.variance for row in rows if row.learned)) or [None]
    positive = [variance for variance in variances if variance > 0]
    place, label = _laid_out(positive)
    styles = _styles(rows)
    across = min(3, len(ranges))
    lines = math.ceil(len(ranges) / across)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(0.6 + 2.5 * across, 0.7 + 2.2 * lines), layout="constrained")
        axes = figure.subplots(lines, across, sharex=True, sharey=True, squeeze=False).flatten()
        for axis, trained in zip(axes, ranges, strict=False):
            for row in rows:
                if row.experiment.variance in (None, trained):
                    values = [row.means.get((variance, "psnr"), math.nan) for variance in positive]
                    axis.plot(list(map(place, positive)), values, label=row.subject, **styles[row.subject])
            for curve, marker in zip((c for c in published if c.trained == trained), "xs^v", strict=False):
                points = sorted((place(variance), value) for variance, value in curve.psnr.items())
                axis.plot(*zip(*points, strict=True), f"k-.{marker}", mfc="none", ms=4, lw=0.8, label=curve.name)
            axis.plot(
                list(map(place, positive)), [decibels(v) for v in positive], "k:.", ms=2, lw=1.2, label="noisy input"
            )
            if trained is not None and trained.high > 0:
                low = trained.low or min(positive)
                axis.axvspan(place(low) / 1.06, place(trained.high) * 1.06, color="tab:orange", alpha=0.18, lw=0)
            axis.set_title(f"trained on {trained}" if trained else "no training")
            axis.set(xscale="log", xlabel=label, ylabel="PSNR (dB)")
            if "σ" in label:
                axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axis.xaxis.set_major_formatter(ScalarFormatter())
                axis.minorticks_off()
        for index, axis in enumerate(axes):
            axis.set_visible(index < len(ranges))
            axis.label_outer()
            if index + across >= len(ranges):  # nothing is below
                axis.xaxis.label.set_visible(True)
                axis.tick_params("x", labelbottom=True)
        _legend(figure, axes, loc="outside lower center", ncols=4)
    return figure


def _laid_out(variances: Iterable[float]) -> tuple[Callable[[float], float], str]:
    """Where variances lie along an axis, and what it is called: as they are, or as σ where they are written so."""
    if all(written(variance).startswith("σ") for variance in variances):
        return (lambda variance: 255 * math.sqrt(variance)), "test σ (grey levels of 255)"
    return (lambda variance: variance), "test variance"


def _styles(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """A line style for each subject: colour and solid for what learned, grey and dashed for what did not."""
    return _marks([(row.subject, row.learned) for row in rows])


def _marks(subjects: Iterable[tuple[str, bool]]) -> dict[str, dict[str, Any]]:
    subjects = list(subjects)
    learned = list(dict.fromkeys(subject for subject, learns in subjects if learns))
    plain = list(dict.fromkeys(subject for subject, learns in subjects if not learns))
    colours = [*sns.color_palette("colorblind", len(learned)), *sns.color_palette("Greys_r", len(plain) + 2)[1:-1]]
    return {
        subject: {
            "color": colour,
            "linestyle": "-" if subject in learned else "--",
            "marker": "osD^vP*Xhp<>"[index % 12],
            "markersize": 3.5,
            "linewidth": 1.2,
        }
        for index, (subject, colour) in enumerate(zip([*learned, *plain], colours, strict=True))
    }


def losses(histories: dict[str, dict[str, list[Progress]]]) -> Figure:
    """Loss against epochs: a panel for each denoiser, a colour for each training range."""
    ranges = list(dict.fromkeys(name for panel in histories.values() for name in panel))
    colours = dict(zip(ranges, sns.color_palette("viridis", len(ranges)), strict=True))
    with mpl.rc_context(STYLE):
        legend = 0.6 + 0.075 * max(map(len, ranges))
        figure = Figure(figsize=(0.6 + 2.3 * len(histories) + legend, 2.9), layout="constrained")
        axes = figure.subplots(1, len(histories), sharey=True, squeeze=False)[0]
        for axis, (name, panel) in zip(axes, histories.items(), strict=True):
            for trained, rows in panel.items():
                axis.plot([row.epoch for row in rows], [row.training for row in rows], color=colours[trained], lw=1.1)
                checked = [(row.epoch, row.validation) for row in rows if row.validation is not None]
                epochs, validation = zip(*checked, strict=True) if checked else ((), ())
                axis.plot(epochs, validation, "o", color=colours[trained], ms=4, label=trained)
            axis.set(title=name, xlabel="epochs", yscale="log")
        axes[0].set_ylabel("loss (line: training; dot: validation)")
        _legend(figure, axes, title="trained on", loc="outside right center")
    return figure


def _legend(figure: Figure, axes: Iterable[Axes], **options: Any) -> None:
    """One legend for all panels, each label once."""
    entries = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(list(entries.values()), list(entries), frameon=False, **options)


def _show(axis: Axes, image: Array, heading: str) -> None:
    axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.set_title(heading, pad=3)
    for spine in axis.spines.values():
        spine.set_visible(False)


def latency(rows: Sequence[Latency]) -> Figure:
    """Milliseconds for one image against batch size, a line for each denoiser with its quartiles."""
    names = list(dict.fromkeys(row.denoiser for row in rows))
    styles = _marks([(name, any(row.parameters for row in rows if row.denoiser == name)) for name in names])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axis = figure.subplots()
        for name in names:
            own = [row for row in rows if row.denoiser == name]
            middle = [1000 * row.median / row.batch for row in own]
            below = [1000 * (row.median - row.low) / row.batch for row in own]
            above = [1000 * (row.high - row.median) / row.batch for row in own]
            axis.errorbar([row.batch for row in own], middle, [below, above], label=name, capsize=2, **styles[name])
        axis.set(xscale="log", yscale="log", xlabel="batch size", ylabel="ms per image")
        batches = sorted({row.batch for row in rows})
        axis.set_xticks(batches, [str(batch) for batch in batches])
        axis.minorticks_off()
        _legend(figure, [axis], loc="outside right center")
    return figure


def quality(panels: dict[float, list[Point]]) -> Figure:
    """PSNR against milliseconds for one image: a panel for each test variance, with the Pareto front."""
    styles = _marks(list({point.name: point.learned for points in panels.values() for point in points}.items()))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.6 * len(panels), 3.9), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axis, (variance, points) in zip(axes, panels.items(), strict=True):
            best = front(points)
            steps = [1000 * point.seconds[1] for point in best], [point.psnr for point in best]
            axis.plot(*steps, color="0.75", lw=2.5, drawstyle="steps-post", zorder=0)
            for point in points:
                low, middle, high = (1000 * seconds for seconds in point.seconds)
                style = styles[point.name] | {"linestyle": "none"} | ({} if point.steady else {"mfc": "white"})
                sides = [[middle - low], [high - middle]]
                axis.errorbar([middle], [point.psnr], [point.width], sides, label=point.name, **style)
            for point in best:
                place = (1000 * point.seconds[1], point.psnr)
                axis.annotate(point.name, place, (-4, 4), textcoords="offset points", fontsize=7, ha="right")
            axis.set(xscale="log", xlabel="ms per image", title=f"test variance {variance:g}")
            axis.margins(x=0.15, y=0.1)
        axes[0].set_ylabel("PSNR (dB)")
        _legend(figure, axes, loc="outside lower center", ncols=4)
    return figure

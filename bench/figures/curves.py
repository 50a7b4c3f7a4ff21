"""Images and curves: every function takes values and returns one matplotlib figure."""

import io
import math
from collections.abc import Sequence

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bench.analysis.rows import Row
from bench.calibration.published_numbers import Curve
from bench.core.results import Array
from bench.core.variance import Range, decibels, in_sigma, written
from bench.figures.style import STYLE, laid_out, legend, styles_of


def png(figure: Figure, digest: str) -> bytes:
    """A figure at print resolution, with the digest of what it shows in its metadata."""
    buffer, small, about = io.BytesIO(), io.BytesIO(), PngInfo()
    figure.savefig(buffer, format="png", dpi=150, bbox_inches="tight")
    about.add_text("Description", digest)
    # A chart needs no more than 256 colours, and its file becomes a third as large.
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
            sigma = "" if in_sigma(variance) else f"σ={255 * math.sqrt(variance):.0f}\n"
            axis.set_xlabel(f"{sigma}{decibels(variance):.1f} dB")
    return figure


def restored(columns: dict[str, Array], variances: Sequence[float], psnrs: dict[str, list[float]]) -> Figure:
    """A row per test variance, a column per denoiser, and the clean image last.

    Args:
        columns: images by heading, (V, H, W) uint8.
        psnrs: PSNR in dB of the images, by heading; the clean image has none.
    """
    with mpl.rc_context(STYLE):
        broken = {heading: heading.replace("_", "\n").replace(", ", ",\n") for heading in columns}
        lines = max(heading.count("\n") for heading in broken.values())
        figure = Figure(figsize=(1.2 * len(columns), 1.42 * len(variances) + 0.15 * lines))
        axes = figure.subplots(len(variances), len(columns), squeeze=False)
        for column, (heading, images) in zip(axes.T, columns.items(), strict=True):
            for index, (axis, image) in enumerate(zip(column, images, strict=True)):
                _show(axis, image, broken[heading] if index == 0 else "")
                if heading in psnrs:
                    axis.set_xlabel(f"{psnrs[heading][index]:.1f} dB", labelpad=2)
        for axis, variance in zip(axes[:, 0], variances, strict=True):
            axis.set_ylabel(written(variance) if in_sigma(variance) else f"variance {written(variance)}")
        figure.tight_layout(pad=0.3)
    return figure


def psnr(rows: Sequence[Row], variances: Sequence[float], published: Sequence[Curve]) -> Figure:
    """Gain in PSNR over the noisy input against test variance; the gain shows differences that PSNR itself hides.

    Each training range has a panel, is shaded there, and stands beside published curves. A single network has
    one panel with a line for each training. Filters far below the networks are cut off.
    """
    rows = [row for row in rows if not row.untouched]
    all_ranges = {row.experiment.variance for row in rows if row.learned and row.experiment.variance is not None}
    ranges: list[Range | None] = [*sorted(all_ranges, key=lambda trained: (not trained.fixed, trained))]
    ranges = ranges or [None]
    positive = [variance for variance in variances if variance > 0]
    place, label = laid_out(positive)
    styles = styles_of(rows)
    lines_of = {trained: [row for row in rows if row.experiment.variance in (None, trained)] for trained in ranges}
    alone = len({row.subject for row in rows if row.learned}) == 1 and len(ranges) > 1 and not published
    if alone:
        colours = dict(zip(ranges, sns.color_palette("viridis", len(ranges)), strict=True))
        lines_of, ranges = {None: rows}, [None]
    across = min(3, len(ranges))
    lines = math.ceil(len(ranges) / across)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6 if alone else 0.6 + 2.5 * across, 0.9 + 2.5 * lines), layout="constrained")
        axes = figure.subplots(lines, across, sharex=True, sharey=True, squeeze=False).flatten()
        signs = dict(zip(dict.fromkeys(curve.name for curve in published), "xs^vP", strict=False))
        for axis, trained in zip(axes, ranges, strict=False):
            for row in lines_of[trained]:
                values = [row.means.get((variance, "psnr"), math.nan) - decibels(variance) for variance in positive]
                style, name = styles[row.subject], row.subject
                if alone and row.learned:
                    style, name = style | {"color": colours[row.experiment.variance]}, f"trained on {row.training}"
                axis.plot(list(map(place, positive)), values, label=name, **style)
            for curve in (curve for curve in published if curve.trained == trained):
                points = sorted((place(v), value - decibels(v)) for v, value in curve.psnr.items())
                marked = f"k-.{signs.get(curve.name, 'x')}"
                axis.plot(*zip(*points, strict=True), marked, mfc="none", ms=4, lw=0.8, label=curve.name)
            axis.axhline(0, color="k", ls=":", lw=1, label="noisy input\n(−10·log₁₀ variance)")
            if trained is not None and trained.high > 0:
                low = trained.low or min(positive)
                axis.axvspan(place(low) / 1.06, place(trained.high) * 1.06, color="tab:orange", alpha=0.18, lw=0)
            axis.set_title(f"trained on {trained}" if trained else "no training")
            if alone:
                axis.set_title(next(row.subject for row in rows if row.learned))
            axis.set(xscale="log", xlabel=label, ylabel="gain in PSNR (dB)")
            ticks = list(map(place, positive))
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks], rotation=45 if len(ticks) > 6 else 0)
            axis.minorticks_off()
        cells = [(row, v) for row in rows for v in positive if row.learned and (v, "psnr") in row.means]
        if cells:
            axes[0].set_ylim(bottom=min(0, *(row.means[v, "psnr"] - decibels(v) for row, v in cells)) - 1)
        for index, axis in enumerate(axes):
            axis.set_visible(index < len(ranges))
            axis.label_outer()
            if index + across >= len(ranges):  # the last panel of its column
                axis.set_xlabel(label)
                axis.tick_params("x", labelbottom=True)
        legend(
            figure, axes, **({"loc": "outside right center"} if alone else {"loc": "outside lower center", "ncols": 4})
        )
    return figure


def digit(rows: dict[str, Array], clean: Array, variances: Sequence[float]) -> Figure:
    """One image at every variance, a column each: a row for each way it is shown, (V, H, W) uint8, with its PSNR."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.2 + 1.05 * len(variances), 1.35 * len(rows)))
        axes = figure.subplots(len(rows), len(variances), squeeze=False)
        for number, (line, (heading, images)) in enumerate(zip(axes, rows.items(), strict=True)):
            for axis, image, variance in zip(line, images, variances, strict=True):
                _show(axis, image, "" if number else written(variance))
                error = float(((image - clean.astype(float)) ** 2).mean()) / 255**2
                axis.set_xlabel(f"{decibels(error):.1f} dB", labelpad=2)
            line[0].set_ylabel(heading)
        figure.tight_layout(pad=0.3)
    return figure


def _show(axis: Axes, image: Array, heading: str) -> None:
    axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.set_title(heading, pad=3)
    for spine in axis.spines.values():
        spine.set_visible(False)

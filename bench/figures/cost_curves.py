"""Cost: price against the size of the image, and quality against price."""

import math
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.analysis.costs import Latency
from bench.figures.cost import Point
from bench.figures.style import STYLE, marks, named, plain_ticks

NEAR = 1.5  # dB


def front(points: Sequence[Point]) -> list[Point]:
    """The Pareto front from fast to slow: steady points such that no steady point is both faster and better."""
    front_points: list[Point] = []
    for point in sorted(points, key=lambda point: (point.seconds[1], -point.psnr)):
        if point.steady and (not front_points or point.psnr > front_points[-1].psnr):
            front_points.append(point)
    return front_points


def price(rows: Sequence[Latency]) -> Figure:
    """Seconds per megapixel against the pixels of an image, a line for each denoiser: networks, and others."""
    names = list(dict.fromkeys(row.denoiser for row in rows))
    learned = {name: any(row.parameters for row in rows if row.denoiser == name) for name in names}
    styles, sizes = marks(list(learned.items())), sorted({row.pixels for row in rows})
    titles = {kind: title for kind, title in ((True, "networks"), (False, "others")) if kind in learned.values()}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.4 * len(titles), 4), layout="constrained")
        axes = dict(zip(titles, figure.subplots(1, len(titles), squeeze=False, sharey=True)[0], strict=True))
        for name in names:
            timed = [row for row in rows if row.denoiser == name]
            middle = [row.per_megapixel for row in timed]
            below = [row.per_megapixel * (1 - row.low / row.seconds) for row in timed]
            above = [row.per_megapixel * (row.high / row.seconds - 1) for row in timed]
            axis = axes[learned[name]]
            axis.errorbar([row.pixels for row in timed], middle, [below, above], capsize=2, **styles[name])
        for kind, axis in axes.items():
            axis.set(xscale="log", yscale="log", xlabel="pixels of the image", title=titles[kind])
            axis.set_xticks(sizes, [_pixels(size) for size in sizes])
            axis.set_xlim(right=60 * max(sizes))  # room for the names
            axis.minorticks_off()
            plain_ticks(axis.yaxis)
        axes[next(iter(titles))].set_ylabel("seconds per megapixel")
        for kind, axis in axes.items():
            last = {row.denoiser: row for row in rows if learned[row.denoiser] == kind}
            named(figure, axis, {name: (row.pixels, row.per_megapixel) for name, row in last.items()}, styles)
    return figure


def _pixels(count: int) -> str:
    side = math.isqrt(count)
    return f"{side}²" if side * side == count and count < 10**6 else f"{count / 1e6:.0f} MP"


def quality(panels: dict[float, list[Point]]) -> Figure:
    """PSNR against seconds for a megapixel, with the Pareto front: a column for each test variance.

    Points near the best are shown again below, since they overlap above.
    """
    styles = marks(list({point.name: point.learned for points in panels.values() for point in points}.items()))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4 * len(panels), 6.4), layout="constrained")
        axes = figure.subplots(2, len(panels), squeeze=False)
        labels = []
        for (whole, part), (variance, points) in zip(axes.T, panels.items(), strict=True):
            least = max(point.psnr for point in points) - NEAR
            near = [point for point in points if point.psnr > least]
            labels += [(whole, [point for point in points if point not in near]), (part, near)]
            whole.set_title(f"test variance {variance:g}")
            part.set_title(f"the same, within {NEAR:g} dB of the best")
            best = front(points)
            for axis, drawn in ((whole, points), (part, near)):
                steps = zip(*((p.seconds[1], p.psnr) for p in best if p in drawn), strict=True)
                axis.plot(*steps, color="0.75", lw=2.5, drawstyle="steps-post", zorder=0)
                for point in drawn:
                    low, middle, high = point.seconds
                    style = styles[point.name] | {"linestyle": "none"} | ({} if point.steady else {"mfc": "white"})
                    axis.errorbar([middle], [point.psnr], [point.width], [[middle - low], [high - middle]], **style)
                axis.set(xscale="log", xlabel="seconds per megapixel")
                axis.margins(x=0.1, y=0.1)
                low, high = axis.get_xlim()
                axis.set_xlim(right=high * (high / low) ** 0.25)  # room for the names
                plain_ticks(axis.xaxis)
        for axis in axes[:, 0]:
            axis.set_ylabel("PSNR (dB)")
        for axis, named_here in labels:
            named(figure, axis, {point.name: (point.seconds[1], point.psnr) for point in named_here}, styles)
    return figure

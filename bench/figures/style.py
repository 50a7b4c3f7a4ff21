"""What all figures have in common: type, axes, colours and marks."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import Bbox

from architectures import DENOISERS
from bench.analysis.rows import Row
from bench.core.variance import in_sigma
from bench.lookup.denoisers import missing_package, parameters

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
# For figures of many panels: text of one size, 12 points high where a figure of 10 × 5.6 inches fills a slide.
PANELS = STYLE | {name: 9 for name in STYLE if name.endswith("size")}


def laid_out(variances: Iterable[float]) -> tuple[Callable[[float], float], str]:
    """Place of variances along an axis, and its label: as variance, or as σ if all are written so."""
    if all(map(in_sigma, variances)):
        return (lambda variance: 255 * math.sqrt(variance)), "test σ (grey levels of 255)"
    return (lambda variance: variance), "test variance"


def arranged(panels: int) -> tuple[int, int]:
    """Lines and columns of panels: nearly a square, and never more than three panels side by side."""
    across = min(3, math.ceil(math.sqrt(panels)))
    return math.ceil(panels / across), across


def styles_of(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """A line style for each subject: coloured and solid for networks, grey and dashed for others."""
    return marks([(row.subject, row.learned) for row in rows])


def marks(subjects: Iterable[tuple[str, bool]]) -> dict[str, dict[str, Any]]:
    """Styles by name; our own networks look the same in every figure."""
    subjects = list(dict.fromkeys(subjects))
    learned, plain = ([name for name, learns in subjects if learns == which] for which in (True, False))
    known = networks()
    bare = {name: name.removesuffix(" †") for name in learned}
    plugins = [name for name in learned if bare[name] not in known]
    places = {n: len(known) + plugins.index(n) if n in plugins else known.index(bare[n]) for n in learned}
    colours = sns.color_palette("colorblind", max([10, *(place + 1 for place in places.values())]))
    palette = [*colours[:5], colours[9], *colours[5:9], *colours[10:]]  # its sixth looks like its second
    greys = sns.color_palette([str(grey) for grey in np.linspace(0.25, 0.6, max(1, len(plain)))])
    dashes = ["--", ":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1))]

    def style(colour: Any, line: Any, index: int) -> dict[str, Any]:
        marker = "osD^vP*Xhp<>"[index % 12]
        return {"color": colour, "linestyle": line, "marker": marker, "markersize": 3.5, "linewidth": 1.2}

    learned_styles = {name: style(palette[place], "-", place) for name, place in places.items()}
    return learned_styles | {
        name: style(greys[index], dashes[index % len(dashes)], len(known) + index) for index, name in enumerate(plain)
    }


@cache
def networks() -> list[str]:
    """The registered denoisers that learn, by name."""
    return [name for name in sorted(DENOISERS) if not missing_package(name) and parameters(name, ()) > 0]


def legend(figure: Figure, axes: Iterable[Axes], **options: Any) -> None:
    """One legend for all panels, each label once."""
    entries = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(list(entries.values()), list(entries), frameon=False, **options)


def plain_ticks(axis: XAxis | YAxis) -> None:
    """Plain numbers along a logarithmic axis: powers of ten, and also 2 and 5 times these if the axis is short."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def named(
    figure: Figure, axis: Axes, points: dict[str, tuple[float, float]], styles: dict[str, dict[str, Any]]
) -> None:
    """Writes names to the right of their points, in their colours, moved so that none covers another.

    Names of points above each other are in their order.

    Call it last: it needs the final limits of the axes.
    """
    figure.draw_without_rendering()
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in axis.transData.transform(list(points.values()))]
    lower: list[tuple[float, Bbox]] = []  # names of lower points, with where these are
    for name, point in sorted(points.items(), key=lambda item: item[1][1]):
        across = float(axis.transData.transform(point)[0])
        # far enough that some place is free
        for shift in sorted(range(-20 * len(points), 20 * len(points) + 1, 4), key=abs):
            text = axis.annotate(
                name, point, (7, shift), textcoords="offset points", va="center", fontsize=7.5, annotation_clip=False
            )
            text.set(color=styles[name]["color"], path_effects=[withStroke(linewidth=2, foreground="white")])
            text.set_in_layout(False)
            box = text.get_window_extent()
            sorted_too = all(box.y0 > other.y0 for place, other in lower if abs(place - across) < 8)
            if sorted_too and not any(box.overlaps(other) for other in taken):
                break
            text.remove()
        taken.append(box)
        lower.append((across, box))

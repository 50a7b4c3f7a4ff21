"""Variants of a network against it, on several kinds of images."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bench.figures.style import STYLE, marks

Line = Mapping[str, tuple[float, float]]  # by images: a mean, and half of its interval


def over_images(panels: Mapping[str, Mapping[str, Line]], images: Sequence[str], base: str) -> Figure:
    """PSNR minus that of the base in dB: a panel for each side of the training variance, a line for each dataset.

    Args:
        panels: lines by variant, by panel.
        images: in their order from above.
    """
    variants = list(dict.fromkeys(variant for lines in panels.values() for variant in lines))
    styles = marks([(variant, True) for variant in variants])
    with mpl.rc_context(STYLE | {"font.size": 11, "ytick.labelsize": 11, "axes.titlesize": 11, "legend.fontsize": 10}):
        height = 1.3 + 0.42 * len(images)
        figure = Figure(figsize=(3.1 * len(panels) + 1.2, height), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axis, (side, lines) in zip(axes, panels.items(), strict=True):
            axis.axvline(0, color="0.6", linewidth=0.8)
            for number, variant in enumerate(variants):
                line = lines.get(variant, {})
                aside = 0.2 * (number - (len(variants) - 1) / 2)
                places = [images.index(name) + aside for name in line]
                middle, width = np.array(list(line.values())).reshape(-1, 2).T
                style = styles[variant] | {"linestyle": "none", "markersize": 6}
                axis.errorbar(middle, places, xerr=np.nan_to_num(width), capsize=2, label=variant, **style)
            axis.set(title=side, xlabel=f"PSNR minus that of {base} (dB)")
            axis.grid(axis="y", color="0.9")
        axes[0].set_yticks(range(len(images)), images)
        axes[0].invert_yaxis()
        axes[-1].legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure

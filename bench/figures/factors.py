"""An ablation of one number, such as the epochs or the number of training images."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from bench.core.variance import written
from bench.figures.style import STYLE

Line = Mapping[str, tuple[float, float]]  # by the value of the factor: a mean, and half of its interval


def against(panels: Mapping[str, Mapping[tuple[str, float], Line]], factor: str, values: Sequence[str]) -> Figure:
    """PSNR in dB above that of the base, against the factor: a panel for each denoiser, a colour for each variance.

    Args:
        panels: lines by denoiser and test variance, by panel; those of another denoiser than the panel's are dashed.
        values: of the factor, in their order.
    """
    variances = sorted({variance for lines in panels.values() for _, variance in lines})
    colours = dict(zip(variances, sns.color_palette("flare", len(variances)), strict=True))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.8 * len(panels), 3.8), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axis, (panel, lines) in zip(axes, panels.items(), strict=True):
            axis.axhline(0, color="0.6", linewidth=0.8)
            for (denoiser, variance), line in lines.items():
                aside = 0.1 * (variances.index(variance) - (len(variances) - 1) / 2)  # so that no bar hides another
                places = [values.index(value) + aside for value in line]
                middle, width = np.array(list(line.values())).T
                own = denoiser == panel
                label = written(variance) if own else None
                style = {"color": colours[variance], "linestyle": "-" if own else "--", "marker": "o" if own else "s"}
                axis.errorbar(places, middle, np.nan_to_num(width), capsize=2, markersize=4, label=label, **style)
            others = sorted({denoiser for denoiser, _ in lines if denoiser != panel})
            axis.set(title=panel + (f" (dashed: {', '.join(others)})" if others else ""), xlabel=factor)
            axis.set_xticks(range(len(values)), values)
        axes[0].set_ylabel("PSNR minus that of the base (dB)")
        axes[-1].legend(title="test variance", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure

"""A bank of specialists: what it gains."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

from bench.core.variance import written
from bench.figures.style import STYLE

Pair = Sequence[float]  # a mean, and half of its interval
Differences = Sequence[tuple[float, Pair | None, Pair | None]]


def gains(panels: Mapping[str, Differences]) -> Figure:
    """A panel for each network: what a bank gains over the range network and over the true specialist, in dB.

    Args:
        panels: test variance, and the two differences, each a mean with half of its interval, by network.
    """
    colours = sns.color_palette("colorblind")
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6 * len(panels), 3.6), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axis, (network, rows) in zip(axes, panels.items(), strict=True):
            axis.axhline(0, color="0.6", linewidth=0.8)
            range_network = [(variance, pair) for variance, pair, _ in rows if pair]
            specialist = [(variance, pair) for variance, _, pair in rows if pair]
            for line, colour, label, known in (
                ("o-", colours[0], "minus the network of the range", range_network),
                ("s--", colours[1], "minus the true specialist", specialist),
            ):
                middle, width = ([pair[part] for _, pair in known] for part in (0, 1))
                axis.errorbar([v for v, _ in known], middle, width, fmt=line, color=colour, capsize=2, label=label)
            axis.set(xscale="log", title=network, xlabel="test variance")
            axis.set_xticks([row[0] for row in rows], [written(row[0]) for row in rows], rotation=45)
            axis.minorticks_off()
        axes[0].set_ylabel("PSNR of the bank, difference (dB)")
        axes[0].legend(frameon=False)
    return figure

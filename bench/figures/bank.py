"""A bank of specialists: what it gains."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

from bench.core.variance import written
from bench.figures.style import PANELS, arranged, legend

Pair = Sequence[float]  # a mean, and half of its interval
Differences = Sequence[tuple[float, Pair | None, Pair | None]]


def gains(panels: Mapping[str, Differences]) -> Figure:
    """A panel for each network: what a bank gains over the range network and over the true specialist, in dB.

    Args:
        panels: test variance, and the two differences, each a mean with half of its interval, by network.
    """
    colours = sns.color_palette("colorblind")
    lines, across = arranged(len(panels))
    with mpl.rc_context(PANELS):
        figure = Figure(figsize=(0.6 + 3.4 * across, 0.8 + 2.3 * lines), layout="constrained")
        axes = figure.subplots(lines, across, squeeze=False, sharex=True, sharey=True).flatten()
        for axis, (network, rows) in zip(axes, panels.items(), strict=False):
            axis.axhline(0, color="0.6", linewidth=0.8)
            range_network = [(variance, pair) for variance, pair, _ in rows if pair]
            specialist = [(variance, pair) for variance, _, pair in rows if pair]
            for line, colour, label, known in (
                ("o-", colours[0], "minus the network trained on the range", range_network),
                ("s--", colours[1], "minus the true specialist", specialist),
            ):
                middle, width = ([pair[part] for _, pair in known] for part in (0, 1))
                axis.errorbar(
                    [v for v, _ in known], middle, width, fmt=line, color=colour, capsize=2, markersize=5, label=label
                )
            axis.set(xscale="log", title=network)
            axis.set_xticks([row[0] for row in rows], [written(row[0]) for row in rows], rotation=45)
            axis.minorticks_off()
        for index, axis in enumerate(axes):
            axis.set_visible(index < len(panels))
            if index + across >= len(panels):  # the last panel of its column
                axis.set_xlabel("test variance")
                axis.tick_params("x", labelbottom=True)
        figure.supylabel("PSNR of the bank, difference (dB)", fontsize=9)
        legend(figure, axes, loc="outside lower center", ncols=2)
    return figure

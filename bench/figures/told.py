"""What it costs to be told a wrong noise variance."""

from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.figures.style import STYLE, marks

Loss = tuple[float, float, float]  # factor, mean, and half of its interval


def losses(lines: Mapping[str, Sequence[Loss]]) -> Figure:
    """Lost PSNR in dB against the factor by which the told variance is wrong, a line for each denoiser."""
    styles = marks([(name, True) for name in lines])
    with mpl.rc_context(STYLE | {"font.size": 12, "axes.labelsize": 12, "xtick.labelsize": 11, "ytick.labelsize": 11}):
        figure = Figure(figsize=(6.5, 4), layout="constrained")
        axis = figure.subplots()
        axis.axhline(0, color="0.6", linewidth=0.8)
        for name, of_name in lines.items():
            factors, middle, width = zip(*sorted([*of_name, (1.0, 0.0, 0.0)]), strict=True)
            axis.errorbar(factors, middle, width, capsize=2, label=name, **(styles[name] | {"markersize": 6}))
        ticks = sorted({factor for of_name in lines.values() for factor, *_ in of_name} | {1.0})
        axis.set(xscale="log", xlabel="told variance over the true one", ylabel="lost PSNR (dB)")
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
        axis.legend(frameon=False)
    return figure

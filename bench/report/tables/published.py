"""Curves that others published, and ours beside them."""

from collections.abc import Sequence

import pandas as pd

from bench.analysis.rows import METRIC, Row
from bench.calibration.published_numbers import Curve
from bench.core.variance import written
from bench.report.tables.table import Column, Table, labels, margin


def beside(rows: Sequence[Row], variances: Sequence[float], published: Sequence[Curve]) -> Table:
    """Curves of others, and below those of each training range our networks that were trained alike; PSNR in dB."""
    shown = [variance for variance in variances if any(variance in curve.psnr for curve in published)]
    lines: list[dict[str | float, str]] = []
    for trained in dict.fromkeys(curve.trained for curve in published):
        theirs = [curve for curve in published if curve.trained == trained]
        kin = {"bm3d"} if trained is None else {row.experiment.denoiser for row in rows if row.learned}
        ours = [row for row in rows if row.experiment.variance == trained and row.experiment.denoiser in kin]
        ours = [row for row in ours if row.means]
        if any(curve.psnr.keys() & set(shown) for curve in theirs) and (ours or trained is None):
            label = {"trained_on": str(trained) if trained else "–"}
            for curve in theirs:
                psnr = {variance: f"{value:.2f}" for variance, value in curve.psnr.items()}
                lines.append({"denoiser": curve.name} | label | psnr)
            for row in ours:
                size = f" ({row.parameters:,} parameters)" if row.parameters else ""
                cells = [(variance, row.samples.get((variance, METRIC))) for variance in shown]
                psnr = {v: f"{row.means[v, METRIC]:.2f}{margin(sample.half_width)}" for v, sample in cells if sample}
                lines.append({"denoiser": f"`{row.name}`, here{size}"} | label | psnr)
    frame = pd.DataFrame(lines, columns=["denoiser", "trained_on", *shown]).set_index(["denoiser", "trained_on"])
    conventions = dict.fromkeys(f"{curve.paper} ({curve.conventions.replace(';', ',')})" for curve in published)
    return Table.of(
        "Beside what others published, PSNR (dB)",
        [*labels(frame), *(Column(written(v), tuple(frame[v].fillna("–")), right=True) for v in shown)],
        f"conventions of others: {'; '.join(conventions)}; ours are under *Conventions*",
    )

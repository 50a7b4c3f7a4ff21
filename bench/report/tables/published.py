"""Curves that others published, and ours beside them."""

from collections.abc import Sequence

from bench.analysis.rows import METRIC, Row
from bench.calibration.published_numbers import Curve
from bench.core.variance import written
from bench.report.tables.table import Table, margin


def beside(rows: Sequence[Row], variances: Sequence[float], published: Sequence[Curve]) -> Table:
    """Curves of others, and below those of each training range our networks that were trained alike; PSNR in dB."""
    shown = [variance for variance in variances if any(variance in curve.psnr for curve in published)]
    lines: list[tuple[str, ...]] = []
    for trained in dict.fromkeys(curve.trained for curve in published):
        theirs = [curve for curve in published if curve.trained == trained]
        kin = {"bm3d"} if trained is None else {row.experiment.denoiser for row in rows if row.learned}
        ours = [
            row for row in rows if row.means and row.experiment.variance == trained and row.experiment.denoiser in kin
        ]
        if not any(variance in curve.psnr for curve in theirs for variance in shown) or (trained and not ours):
            continue
        label = str(trained) if trained else "–"
        for curve in theirs:
            cells = (f"{curve.psnr[v]:.2f}" if v in curve.psnr else "–" for v in shown)
            lines.append((curve.name, label, *cells))
        for row in ours:
            widths = {v: row.samples[v, METRIC].half_width for v in shown if (v, METRIC) in row.samples}
            cells = (f"{row.means[v, METRIC]:.2f}{margin(widths[v])}" if v in widths else "–" for v in shown)
            size = f" ({row.parameters:,} parameters)" if row.parameters else ""
            lines.append((f"`{row.name}`, here{size}", label, *cells))
    conventions = "; ".join(
        dict.fromkeys(
            f"{curve.source.partition(' (')[0]} ({curve.conventions.replace(';', ',')})" for curve in published
        )
    )
    return Table(
        "Beside what others published, PSNR (dB)",
        ("denoiser", "trained on", *map(written, shown)),
        tuple(lines),
        f"conventions of others: {conventions}; ours are under *Conventions*",
        (False, False, *(True for _ in shown)),
    )

"""What denoisers cost, and what the harness does."""

from collections.abc import Sequence
from statistics import median

from bench.core.conditions import Conditions
from bench.report.tables.table import Table
from bench.timing.latency import UNSTEADY, Latency
from bench.timing.targets import CLAIMS, Claim, Speed


def latency_table(rows: Sequence[Latency]) -> Table:
    """A line for each denoiser and batch size."""
    lines = []
    for row in rows:
        mark = "" if row.steady else " ~"
        lines.append(
            (
                row.denoiser,
                f"{row.batch}",
                f"{three_digits(1000 * row.median)}{mark}",
                f"{three_digits(1000 * row.low)} – {three_digits(1000 * row.high)}",
                f"{three_digits(row.batch / row.median)}",
                f"{row.parameters:,}" if row.parameters else "–",
                f"{row.flops / 1e6:.2f}" if row.flops else "–",
                f"{row.memory:.0f}",
                f"{100 * row.drift:.0f} %",
            )
        )
    header = ("denoiser", "batch", "ms", "quartiles", "images/s", "parameters", "MFLOP/image", "MiB", "drift")
    note = (
        "ms: median for one batch of 28×28 images; quartiles of all rounds; MiB: peak of a fresh process with all its "
        "libraries; drift: how far the medians of five successive parts of the rounds lie apart; "
        f"~ above {100 * UNSTEADY:.0f} %: too unsteady to rank"
    )
    return Table("Latency", header, tuple(lines), note)


def three_digits(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def conditions_text(conditions: Sequence[Conditions]) -> str:
    """In words, each set of conditions once."""
    texts = {
        f"{c.device}, {c.cores} cores, {c.threads} thread{'s' if c.threads > 1 else ''}, Python {c.python}, "
        f"torch {c.torch}, numpy {c.numpy}, scipy {c.scipy}, scikit-image {c.scikit_image}"
        for c in conditions
    }
    return "; ".join(sorted(texts))


def speed_table(timings: Sequence[Speed]) -> Table:
    """A line for each claim that was measured."""
    pairs = {name: runs for speed in timings for name, runs in speed.pairs.items()}
    lines = tuple(_claim(claim, pairs[name]) for name, claim in CLAIMS.items() if name in pairs)
    note = (
        "value: the median over runs of the ratio, or where there is a unit the difference, of ours and theirs in one "
        "run, which is not that of the medians; spread: least and largest of the runs, each pair measured in turn"
    )
    header = ("quantity", "ours", "theirs", "median ours", "median theirs", "value", "spread", "runs", "aimed at", "")
    return Table("Speed", header, lines, note)


def _claim(claim: Claim, pairs: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    values = [claim.of(*pair) for pair in pairs]
    ours, theirs = (median(side) for side in zip(*pairs, strict=True))
    value, unit = median(values), "" if claim.ratio else f" {claim.unit}"
    digits = 2 if abs(value) >= 0.1 else 3
    other = f"{three_digits(theirs)} {claim.unit}" if claim.other else "–"
    return (
        claim.figure,
        claim.ours,
        claim.other or "–",
        f"{three_digits(ours)} {claim.unit}",
        other,
        f"{value:.{digits}f}{unit}",
        f"{min(values):.{digits}f} – {max(values):.{digits}f}" if len(values) > 1 else "–",
        str(len(values)),
        f"{'≥' if claim.at_least else '≤'} {claim.limit:g}{unit}",
        "reached" if claim.reached(pairs) else "**falls short**",
    )

"""What denoisers cost, and what the harness does."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bench.core.conditions import Conditions
from bench.report.tables.table import Table, lines_of, numbers, texts
from bench.timing.latency import UNSTEADY, Latency


def latency_table(rows: Sequence[Latency]) -> Table:
    """A line for each denoiser and batch size."""
    note = (
        "ms: median for one batch of 28×28 images; quartiles of all rounds; MiB: peak of a fresh process with all its "
        "libraries; drift: how far the medians of five successive parts of the rounds lie apart; "
        f"~ above {100 * UNSTEADY:.0f} %: too unsteady to rank"
    )
    columns = [
        texts("denoiser", (row.denoiser for row in rows)),
        texts("batch", (f"{row.batch}" for row in rows)),
        numbers("ms", rows, lambda row: three_digits(1000 * row.median) + ("" if row.steady else " ~")),
        numbers("quartiles", rows, lambda row: f"{three_digits(1000 * row.low)} – {three_digits(1000 * row.high)}"),
        numbers("images/s", rows, lambda row: three_digits(row.batch / row.median)),
        numbers("parameters", (row.parameters or None for row in rows), "{:,}".format),
        numbers("MFLOP/image", (row.flops / 1e6 if row.flops else None for row in rows), "{:.2f}".format),
        numbers("MiB", (row.memory for row in rows), "{:.0f}".format),
        numbers("drift", (100 * row.drift for row in rows), "{:.0f} %".format),
    ]
    return Table.of("Latency", columns, note)


def three_digits(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def conditions_text(conditions: Sequence[Conditions]) -> str:
    """In words, each set of conditions once."""
    in_words = {
        f"{c.device}, {c.cores} cores, {c.threads} thread{'s' if c.threads > 1 else ''}, Python {c.python}, "
        f"torch {c.torch}, numpy {c.numpy}, scipy {c.scipy}, scikit-image {c.scikit_image}"
        for c in conditions
    }
    return "; ".join(sorted(in_words))


def speed_table(frame: pd.DataFrame) -> Table:
    """A line for each claim that was measured; `frame` is that of `bench.timing.targets.speed_frame`."""
    note = (
        "value: the median over runs of the ratio, or where there is a unit the difference, of ours and theirs in one "
        "run, which is not that of the medians; spread: least and largest of the runs, each pair measured in turn"
    )
    claims = lines_of(frame)

    def value(claim: Any, number: float) -> str:
        return f"{number:.{2 if abs(claim.value) >= 0.1 else 3}f}"

    def spread(claim: Any) -> str:
        return f"{value(claim, claim.least)} – {value(claim, claim.most)}" if claim.runs > 1 else "–"

    def unit(claim: Any) -> str:
        return "" if claim.ratio else f" {claim.unit}"

    compared = [claim if claim.theirs else None for claim in claims]
    columns = [
        texts("quantity", frame.figure),
        texts("ours", frame.ours),
        texts("theirs", (theirs or "–" for theirs in frame.theirs)),
        numbers("median ours", claims, lambda claim: f"{three_digits(claim.median_ours)} {claim.unit}"),
        numbers("median theirs", compared, lambda claim: f"{three_digits(claim.median_theirs)} {claim.unit}"),
        numbers("value", claims, lambda claim: value(claim, claim.value) + unit(claim)),
        numbers("spread", claims, spread),
        numbers("runs", frame.runs, str),
        numbers("aimed at", claims, lambda c: f"{'≥' if c.at_least else '≤'} {c.limit:g}{unit(c)}"),
        texts("", ("reached" if reached else "**falls short**" for reached in frame.reached)),
    ]
    return Table.of("Speed", columns, note)

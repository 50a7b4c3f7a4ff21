"""What denoisers cost, and what the harness does."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from bench.analysis.costs import UNSTEADY, Latency
from bench.core.conditions import Conditions
from bench.report.tables.table import Column, Table, lines_of, numbers, texts


def latency_table(rows: Sequence[Latency]) -> Table:
    """A line for each denoiser, the cheapest first."""
    timed = {row.shape: row for row in rows}
    names = list(dict.fromkeys(row.denoiser for row in rows))
    threads = max((row.conditions.threads for row in rows), default=1)

    def column(
        heading: str, of: tuple[int, int, int, str], text: Callable[[Any], str], engine: str = "torch"
    ) -> Column:
        found = [timed.get((name, *of, engine)) for name in names]
        return numbers(heading, found, lambda row: text(row) + ("" if row.steady else " ~"))

    def price(row: Latency) -> str:
        return three_digits(row.per_megapixel)

    def milliseconds(row: Latency) -> str:
        return three_digits(1000 * row.seconds / row.batch)

    one, large, digit = 1024**2, 3000 * 4000, 28**2
    small = [timed.get((name, 1, digit, 1, "float32", "torch")) for name in names]
    columns = [
        texts("denoiser", names),
        column("s/MP", (1, one, 1, "float32"), price),
        *([column(f"{threads} threads", (1, one, threads, "float32"), price)] if threads > 1 else []),
        column("bfloat16", (1, one, 1, "bfloat16"), price),
        column("compiled", (1, one, 1, "float32"), price, "torch.compile"),
        column("ONNX", (1, one, 1, "float32"), price, "onnxruntime"),
        column("12 MP", (1, large, threads, "float32"), price),
        column("256×256, ms", (1, 256**2, 1, "float32"), milliseconds),
        column("28×28, ms", (1, digit, 1, "float32"), milliseconds),
        column("in 64, ms", (64, digit, 1, "float32"), milliseconds),
        column("MiB", (1, one, 1, "float32"), lambda row: f"{row.memory:.0f}"),
        numbers("parameters", (row.parameters or None if row else None for row in small), "{:,}".format),
        numbers("MFLOP", (row.flops / 1e6 if row and row.flops else None for row in small), "{:.2f}".format),
    ]
    # What nothing was timed for, as in results of earlier versions, is no column.
    columns = [column for column in columns if any(cell != "–" for cell in column.cells)]
    processes = "–".join(f"{number}" for number in sorted({row.processes for row in rows}))
    together = f"{threads} thread{'s' if threads > 1 else ''}"
    headings = {column.heading for column in columns}
    engines = {"compiled": "torch.compile", "ONNX": "onnxruntime"}
    others = "".join(f"; {heading}: the same by {engine}" for heading, engine in engines.items() if heading in headings)
    note = (
        f"s/MP: seconds per megapixel, one image of 1024×1024 on one thread{others}; "
        f"12 MP: one image of 3000×4000 on {together}; "
        "in 64: ms for each image in a batch of 64; MiB: peak of restoring 1024×1024, beyond the empty process; "
        f"MFLOP: for 28×28; medians of {processes} processes; ~ these differ by more than {100 * UNSTEADY:.0f} %"
    )
    return Table.of("Latency", columns, note)


def three_digits(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


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

"""What denoisers cost, and what the harness does, as parts of the report: tables and figures."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from bench.claims import CLAIMS, Claim
from bench.drawing import Drawing, later
from bench.latency import UNSTEADY, Latency, Point
from bench.rows import Row
from bench.statistics import half_width
from bench.store import Store
from bench.tables import Table

AT_BATCH = 64  # of the picture of quality against cost
SHOWN = (1, AT_BATCH)  # batch sizes of the table; the appendix has all
QUALITY = (0.01, 0.1)  # its test variances


def latencies(store: Store) -> list[Latency]:
    """All rows that were measured, the denoiser first that is fastest at its largest batch."""
    found = [Latency(**row) for values in store.timings("latency").values() for row in values["rows"]]
    at_largest = {row.denoiser: row.median / row.batch for row in sorted(found, key=lambda row: row.batch)}
    return sorted(found, key=lambda row: (at_largest[row.denoiser], row.denoiser, row.batch))


def latency_table(rows: Sequence[Latency]) -> Table:
    """A line for each denoiser and batch size."""
    lines = []
    for row in rows:
        mark = "" if row.steady else " ~"
        lines.append(
            (
                row.denoiser,
                f"{row.batch}",
                f"{_digits(1000 * row.median)}{mark}",
                f"{_digits(1000 * row.low)} – {_digits(1000 * row.high)}",
                f"{_digits(row.batch / row.median)}",
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


def _digits(value: float) -> str:
    """Three significant digits, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def conditions_text(conditions: Sequence[dict[str, Any]]) -> str:
    """In words, each set of conditions once."""
    found = {
        f"{c['device']}, {c['cores']} cores, {c['threads']} thread{'s' if c['threads'] > 1 else ''}, "
        f"Python {c['python']}, " + ", ".join(f"{n} {c[n]}" for n in ("torch", "numpy", "scipy", "scikit-image"))
        for c in conditions
    }
    return "; ".join(sorted(found))


def speed_table(timings: dict[str, dict[str, Any]]) -> Table:
    """A line for each claim that was measured."""
    pairs: dict[str, list[list[float]]] = {}
    for values in timings.values():
        pairs |= values["pairs"]
    lines = tuple(_claim(claim, pairs[name]) for name, claim in CLAIMS.items() if name in pairs)
    note = (
        "value: the median over runs of the ratio, or where there is a unit the difference, of ours and theirs in one "
        "run, which is not that of the medians; spread: least and largest of the runs, each pair measured in turn"
    )
    header = ("quantity", "ours", "theirs", "median ours", "median theirs", "value", "spread", "runs", "aimed at", "")
    return Table("Speed", header, lines, note)


def _claim(claim: Claim, pairs: Sequence[Sequence[float]]) -> tuple[str, ...]:
    values = [claim.of(*pair) for pair in pairs]
    ours, theirs = (median(side) for side in zip(*pairs, strict=True))
    value, unit = median(values), "" if claim.ratio else f" {claim.unit}"
    digits = 2 if abs(value) >= 0.1 else 3
    other = f"{_digits(theirs)} {claim.unit}" if claim.other else "–"
    return (
        claim.figure,
        claim.ours,
        claim.other or "–",
        f"{_digits(ours)} {claim.unit}",
        other,
        f"{value:.{digits}f}{unit}",
        f"{min(values):.{digits}f} – {max(values):.{digits}f}" if len(values) > 1 else "–",
        str(len(values)),
        f"{'≥' if claim.at_least else '≤'} {claim.limit:g}{unit}",
        "reached" if claim.holds(value) else "**falls short**",
    )


def drawings_of(rows: Sequence[Latency], measured: Sequence[Row]) -> Iterator[Drawing]:
    """Latency against batch size, and quality against latency as far as it was measured."""
    rows = [row for row in rows if row.denoiser != "noisy"]  # the input itself costs nothing, and restores nothing
    if not rows:
        return
    data = tuple((row.denoiser, row.batch, row.median, row.low, row.high, row.parameters) for row in rows)
    caption = "Time for one image against batch size: median and quartiles."
    yield Drawing("latency", "batch", caption, data, later("latency", rows))
    panels = {variance: points for variance in QUALITY if (points := list(_points(rows, measured, variance)))}
    if panels:
        caption = (
            f"PSNR (95 % interval) against time for one image at batch {AT_BATCH} (quartiles); each denoiser with its "
            "defaults, and the training that scores best at that test variance. The line is the Pareto front: of what "
            "was timed, nothing is both faster and better; open markers were too unsteady to rank and are not on it."
        )
        yield Drawing("latency", "quality", caption, (tuple(panels.items()),), later("quality", panels))


def _points(rows: Sequence[Latency], measured: Sequence[Row], variance: float) -> Iterator[Point]:
    cell = variance, "psnr"
    for latency in rows:
        own = [row for row in measured if _is_timed(row, latency) and cell in row.means]
        if latency.batch != AT_BATCH or not own:
            continue
        best = max(own, key=lambda row: row.means[cell])
        low, middle, high = (value / latency.batch for value in (latency.low, latency.median, latency.high))
        width = half_width(best.samples[cell])
        name = latency.denoiser + ("" if best.blind else " †")
        yield Point(name, best.learned, latency.steady, (low, middle, high), best.means[cell], width)


def _is_timed(row: Row, latency: Latency) -> bool:
    """Whether a latency is of what was scored: defaults were timed, and another option may cost another time."""
    options = dict(row.experiment.options).keys() - {"channels"}
    return row.experiment.denoiser == latency.denoiser and not row.experiment.tuned and not options


def folded(store: Store) -> Iterator[str]:
    """The latency at every batch size, for the appendix."""
    if rows := latencies(store):
        table = latency_table(rows)
        yield f"<details><summary>Latency, every batch size</summary>\n\n{table.markdown()}\n\n</details>\n"


def text(store: Store, folder: str, drawings: Sequence[Drawing], measured: Sequence[Row]) -> Iterator[str]:
    """The sections of the report.

    Args:
        measured: denoisers that were scored, which are asked for their cost.
    """
    if rows := latencies(store):
        table = latency_table([row for row in rows if row.batch in SHOWN])
        yield (
            "## Cost\n\nEach denoiser restores batches of noisy 28×28 images (variance 0.01), again and again, "
            "after a warm-up, in a process of its own with a fixed number of threads. Networks are untrained here, "
            "since weights do not change what they cost.\n"
        )
        for drawing in drawings:
            yield f"![{drawing.caption}]({folder}/{drawing.name}.png)\n\n*{drawing.caption}*\n"
        yield f"{table.markdown()}\n\n{table.note}.\n\nMeasured on {conditions_text([r.conditions for r in rows])}.\n"
        scored = dict.fromkeys(row.experiment.denoiser for row in measured)
        if untimed := [f"`{name}`" for name in scored if name not in {row.denoiser for row in rows}]:
            yield f"Not timed yet: {', '.join(untimed)}.\n"
    if timings := store.timings("speed"):
        table = speed_table(timings)
        yield (
            "## The harness itself\n\nThe tutorial's own loop is what a user would write: torchvision's MNIST with "
            "`ToTensor`, a shuffling `DataLoader` of batch 64, Adam at 0.001, two threads, the clean target. It and "
            "this harness ran in turns, in processes of their own; images per second are of the same network "
            "(`conv_autoencoder`) and batch. Times to a PSNR include the validation after each epoch.\n"
        )
        conditions = [values["conditions"] for values in timings.values()]
        there = {name for values in timings.values() for name in values["pairs"]}
        missing = "; ".join(claim.figure for name, claim in CLAIMS.items() if name not in there)
        why = " Why a figure falls short stands in docs/speed.md." if "falls short" in table.markdown() else ""
        yield f"{table.markdown()}\n\n{table.note}.{why}\n"
        if missing:
            yield f"Not measured yet: {missing}.\n"
        yield f"Measured on {conditions_text(conditions)}.\n"

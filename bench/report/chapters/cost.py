"""Cost and the harness, as chapters of the report."""

from collections.abc import Sequence

from bench.analysis.costs import latencies
from bench.analysis.rows import Row
from bench.figures.cost import drawings_of
from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.tables.cost import conditions_text, latency_table, speed_table
from bench.store.store import Store
from bench.timing.targets import CLAIMS, speed_frame, speeds


def latency_chapter(store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
    """What each denoiser costs; those that were scored are asked for their cost."""
    rows = latencies(store)
    if not rows:
        return None
    drawings, timed = list(drawings_of(rows, scored)), {row.denoiser for row in rows}
    text = render(
        "cost",
        folder=folder,
        drawings=drawings,
        table=latency_table(rows),
        conditions=conditions_text([row.conditions for row in rows]),
        untimed=[name for name in dict.fromkeys(row.experiment.denoiser for row in scored) if name not in timed],
    )
    return Chapter("Latency", text, "cost", drawings, action="--latency")


def speed_chapter(store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
    """How fast the harness is."""
    measured = speeds(store)
    if not measured:
        return None
    frame = speed_frame(measured)
    text = render(
        "harness",
        table=speed_table(frame),
        falls_short=not frame.reached.all(),
        missing=[claim.figure for name, claim in CLAIMS.items() if name not in set(frame.claim)],
        conditions=conditions_text([speed.conditions for speed in measured]),
    )
    return Chapter("The harness itself", text, "trust", action="--speed")

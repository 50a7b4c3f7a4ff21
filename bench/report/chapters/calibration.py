"""Calibration, as a chapter of the report."""

from collections.abc import Sequence

from bench.analysis.rows import Row
from bench.calibration.outcomes import outcomes
from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.tables.calibration import table
from bench.store.store import Store


def calibration_chapter(store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
    """Our numbers beside those of others."""
    measured, absent = outcomes(store)
    if not (measured or absent):
        return None
    outside = [outcome.what for outcome in measured if not outcome.holds]
    text = render("calibration", outcomes=measured, outside=outside, absent=absent, table=table(measured))
    return Chapter("Calibration", text, "trust", action="--calibrate --data DIR")

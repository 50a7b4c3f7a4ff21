"""Calibration, as a section of the report."""

from collections.abc import Iterator

from bench.calibration.outcomes import outcomes
from bench.report.tables.calibration import table
from bench.store.store import Store


def text(store: Store) -> Iterator[str]:
    """The section of the report; nothing where nothing was calibrated."""
    found, absent = outcomes(store)
    if found or absent:
        yield (
            "## Calibration\n\nNumbers of others, measured here: metrics against scikit-image, noise against its "
            "formula, the tutorial against what it prints, and networks and filters of others against what they "
            "published.\n"
        )
    if found:
        outside = [each.what for each in found if not each.holds]
        verdict = f"not {'; '.join(outside)}" if outside else "none is outside"
        yield f"{len(found) - len(outside)} of {len(found)} are within their tolerance, {verdict}.\n"
        yield f"{table(found).markdown()}\n"
    if absent:
        yield "Not measured. " + "; ".join(absent) + ".\n"

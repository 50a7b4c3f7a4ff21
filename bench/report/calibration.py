"""Calibration, as a section of the report."""

from collections.abc import Iterator, Sequence

from bench.analysis.rows import Row
from bench.calibration.outcomes import Outcome, outcomes
from bench.report.chapter import Chapter
from bench.report.tables.calibration import table
from bench.store.store import Store


def calibration_chapter(store: Store, folder: str, measured: Sequence[Row]) -> Chapter:
    """Our numbers beside those of others."""
    found, absent = outcomes(store)
    return Chapter(list(_text(found, absent)), action="--calibrate --data DIR") if found or absent else Chapter()


def _text(found: Sequence[Outcome], absent: Sequence[str]) -> Iterator[str]:
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

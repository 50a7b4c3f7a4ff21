"""Figures of others beside ours."""

import math
from collections.abc import Sequence

from bench.calibration.outcomes import Outcome
from bench.report.tables.table import Table


def table(found: Sequence[Outcome]) -> Table:
    """A line for each figure."""
    lines = []
    for each in found:
        digits = 0 if each.tolerance >= 1 else 5 if each.unit != "dB" else 1 - math.floor(math.log10(each.tolerance))
        difference = (
            f"{each.ours - each.published:+.{digits}f}"
            if each.tolerance > 1e-5
            else f"{each.ours - each.published:+.0e}"
        )
        unit = f" {each.unit}" if each.unit else ""
        lines.append(
            (
                each.what,
                each.source,
                f"{each.published:.{digits}f}{unit}",
                f"{each.ours:.{digits}f}{unit}",
                difference,
                f"{each.tolerance:.{digits}f}" if each.tolerance > 1e-5 else f"{each.tolerance:.0e}",
                each.conventions,
                "within" if each.holds else "**out of tolerance**",
            )
        )
    header = ("quantity", "source", "theirs", "ours", "difference", "tolerance", "conventions", "")
    return Table("Calibration", header, tuple(lines), "theirs and ours under the conventions named")

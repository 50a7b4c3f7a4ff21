"""What calibration gave, as a table and as its part of the report."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.store import Store
from bench.tables import Table


@dataclass(frozen=True)
class Outcome:
    """One row: a figure of others and ours.

    Attributes:
        unit: of all three numbers; empty for a plain number.
    """

    what: str
    source: str
    published: float
    ours: float
    tolerance: float
    unit: str
    conventions: str

    @property
    def holds(self) -> bool:
        return abs(self.ours - self.published) <= self.tolerance


def outcomes(store: Store) -> tuple[list[Outcome], list[str]]:
    """What was measured, and what each of the others needs."""
    found, absent = [], []
    for name, values in store.timings("calibration").items():
        found += [Outcome(**row) for row in values["rows"]]
        if "absent" in values:
            absent.append(f"`{name}`: {values['absent']}")
    return sorted(found, key=lambda outcome: (outcome.source, _naturally(outcome.what))), absent


def _naturally(text: str) -> list[tuple[int, str]]:
    """To sort by, so that 100 comes behind 50."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", text)]


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

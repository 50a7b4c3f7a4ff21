"""What calibration gave: figures of others and ours."""

import re
from dataclasses import dataclass

from bench.store.store import Store


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
    """The measured rows, and what each of the others needs."""
    measured = store.timings("calibration")
    rows = [Outcome(**row) for values in measured.values() for row in values["rows"]]
    absent = [f"`{name}`: {values['absent']}" for name, values in measured.items() if "absent" in values]
    return sorted(rows, key=lambda outcome: (outcome.source, _naturally(outcome.what))), absent


def _naturally(text: str) -> list[tuple[int, str]]:
    """Sort key that puts 100 behind 50."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", text)]

"""What calibration gave: figures of others and ours."""

import re
from dataclasses import dataclass
from typing import Any, Self

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


@dataclass(frozen=True)
class Calibration:
    """What one measurement gave; `absent` says what was missing, if something was."""

    rows: tuple[Outcome, ...]
    absent: str = ""

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `as_json`."""
        return cls(tuple(Outcome(**row) for row in values["rows"]), values.get("absent", ""))

    def as_json(self) -> dict[str, Any]:
        return {"rows": [vars(row) for row in self.rows]} | ({"absent": self.absent} if self.absent else {})


def calibrations(store: Store) -> dict[str, Calibration]:
    """What was measured, by name."""
    return {name: Calibration.from_json(values) for name, values in store.timings("calibration").items()}


def outcomes(store: Store) -> tuple[list[Outcome], list[str]]:
    """The measured rows, and what each of the others needs."""
    measured = calibrations(store)
    rows = [row for calibration in measured.values() for row in calibration.rows]
    absent = [f"`{name}`: {calibration.absent}" for name, calibration in measured.items() if calibration.absent]
    return sorted(rows, key=lambda outcome: (outcome.source, _naturally(outcome.what))), absent


def _naturally(text: str) -> list[tuple[int, str]]:
    """Sort key that puts 100 behind 50."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", text)]

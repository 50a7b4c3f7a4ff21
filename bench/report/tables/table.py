"""A table: text in rows, in the Markdown that terminal and report share."""

import math
import re
from dataclasses import dataclass

NUMBER = re.compile(r"[^\w]*\d")  # how a number begins, whatever marks stand before it


@dataclass(frozen=True)
class Table:
    """Text in rows; `**bold**` is the only markup."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    @property
    def numeric(self) -> list[bool]:
        """Which columns are of numbers, and so set right: not the first two, which say what a line is about."""
        columns = list(zip(*self.rows, strict=True)) if self.rows else [()] * len(self.header)
        return [column > 1 and any(map(NUMBER.match, cells)) for column, cells in enumerate(columns)]

    def markdown(self) -> str:
        """A pipe table."""
        rule = ["--:" if right else ":--" for right in self.numeric]
        lines = [self.header, rule, *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def margin(width: float, digits: int = 2) -> str:
    """Half of an interval to stand behind its number; nothing where it cannot be told."""
    return f" ±{width:.{digits}f}" if math.isfinite(width) else ""


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign, as it is set in print."""
    return f"{value:+.{digits}f}".replace("-", "−")

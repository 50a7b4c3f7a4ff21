"""A table: text in rows, made last, in the Markdown that terminal and report share."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Column:
    """Texts under a heading; numbers are set right."""

    heading: str
    cells: tuple[str, ...]
    right: bool = False


def texts(heading: str, cells: Iterable[str]) -> Column:
    return Column(heading, tuple(cells))


def numbers(heading: str, values: Iterable[Any], text: Callable[[Any], str]) -> Column:
    """Values as text, a dash for those that are missing; set right where there is any."""
    values = list(values)
    missing = [value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) for value in values]
    cells = ("–" if absent else text(value) for value, absent in zip(values, missing, strict=True))
    return Column(heading, tuple(cells), not all(missing))


def lines_of(frame: pd.DataFrame) -> list[Any]:
    """The lines of a frame as named tuples, whose fields are its columns."""
    return list(frame.itertuples(index=False))


def pivoted(frame: pd.DataFrame, lines: list[str], column: str, text: Callable[[Any], str]) -> pd.DataFrame:
    """Texts of the lines of a frame, side by side where `lines` are equal, in a column for each value of `column`."""
    cells = pd.Series(list(map(text, lines_of(frame))), pd.MultiIndex.from_frame(frame[[*lines, column]]), dtype=object)
    return cells.unstack(column).reindex(frame.set_index(lines).index.unique(), columns=frame[column].unique())


def columns_of(cells: pd.DataFrame, text: Callable[[Any], str] = str) -> list[Column]:
    """The columns of a frame, as `numbers`."""
    return [numbers(f"{heading}", column, text) for heading, column in cells.items()]


def labels(frame: pd.DataFrame) -> list[Column]:
    """The columns of a table that say which denoiser and training each line is of, from the index of its frame."""
    denoisers, trainings = (frame.index.get_level_values(name) for name in ("denoiser", "trained_on"))
    return [texts("denoiser", denoisers), texts("trained on", trainings)]


@dataclass(frozen=True)
class Table:
    """Text in rows; `**bold**` is the only markup. `right` says which columns are of numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    right: tuple[bool, ...] = ()

    @classmethod
    def of(cls, title: str, columns: Sequence[Column], note: str = "") -> "Table":
        """A table of columns of equal length."""
        rows = tuple(zip(*(column.cells for column in columns), strict=True))
        return cls(title, tuple(c.heading for c in columns), rows, note, tuple(c.right for c in columns))

    @property
    def numeric(self) -> tuple[bool, ...]:
        return self.right or (False,) * len(self.header)

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

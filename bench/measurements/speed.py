"""How fast the harness is, beside the loop a user would write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import MEASUREMENTS, Measurement

if TYPE_CHECKING:
    from bench.analysis.rows import Row
    from bench.core.tasks import Section
    from bench.report.chapter import Chapter
    from bench.report.tables.table import Table
    from bench.running.command import Command
    from bench.store.store import Store


def due(command: Command, store: Store) -> list[str]:
    from bench.timing.due import pending_speeds

    return pending_speeds(store, command.device, command.refresh)


def measure(name: str, command: Command, store: Store) -> dict[str, Any]:
    from bench.timing.due import harness

    return harness(name, command.results, command.device)


def tables(store: Store, sections: Sequence[Section]) -> Iterator[Table | str]:
    from bench.report.tables.cost import speed_table
    from bench.timing.targets import speed_frame, speeds

    yield speed_table(speed_frame(speeds(store)))


def chapter(store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
    from bench.report.cost import speed_chapter

    return speed_chapter(store, folder, scored)


MEASUREMENTS.register(
    __name__,
    Measurement(
        flag="--speed",
        about="time this harness against the tutorial's loop",
        place=3,
        due=due,
        measure=measure,
        undisturbed=True,
        intention="time the harness: {}",
        tables=tables,
        chapter=chapter,
    ),
)

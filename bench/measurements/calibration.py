"""Our numbers beside those that others published."""

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
    from bench.calibration.measure import pending_calibrations

    return pending_calibrations(store, command.refresh)


def measure(name: str, command: Command, store: Store) -> dict[str, Any]:
    from bench.calibration.measure import calibration

    return calibration(name, command.data, store)


def tables(store: Store, sections: Sequence[Section]) -> Iterator[Table | str]:
    from bench.calibration.outcomes import outcomes
    from bench.report.tables.calibration import table

    rows, absent = outcomes(store)
    yield table(rows)
    yield from (f"not measured: {line}" for line in absent)


def chapter(store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
    from bench.report.calibration import calibration_chapter

    return calibration_chapter(store, folder, scored)


def failures(store: Store) -> list[str]:
    from bench.calibration.outcomes import outcomes

    rows, _ = outcomes(store)
    return [f"{row.what}: {row.ours:.5g}, published {row.published:.5g}" for row in rows if not row.holds]


MEASUREMENTS.register(
    __name__,
    Measurement(
        flag="--calibrate",
        about="set our numbers beside those that others published",
        place=4,
        due=due,
        measure=measure,
        intention="calibrate: {}",
        tables=tables,
        chapter=chapter,
        failures=failures,
    ),
)

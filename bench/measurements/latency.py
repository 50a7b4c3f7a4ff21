"""How long each denoiser takes for a batch."""

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
    from bench.timing.due import pending_latencies

    return pending_latencies(store, command.denoisers, command.device, command.refresh)


def measure(name: str, command: Command, store: Store) -> dict[str, Any]:
    from bench.timing.due import latency

    return latency(name, command.device, command.plugin)


def tables(store: Store, sections: Sequence[Section]) -> Iterator[Table | str]:
    from bench.report.tables.cost import latency_table
    from bench.timing.latency import latencies

    yield latency_table(latencies(store))


def chapter(store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
    from bench.report.cost import latency_chapter

    return latency_chapter(store, folder, scored)


MEASUREMENTS.register(
    __name__,
    Measurement(
        flag="--latency",
        about="time every denoiser at several batch sizes",
        place=2,
        due=due,
        measure=measure,
        undisturbed=True,
        intention="time {}",
        tables=tables,
        chapter=chapter,
    ),
)

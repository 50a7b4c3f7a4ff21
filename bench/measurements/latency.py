"""How long each denoiser takes for a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import Measurement, measurement, untimed

if TYPE_CHECKING:
    from bench.measurements import Chapter, Command, Row, Section, Store, Table


@measurement
class Latency(Measurement):
    flag = "--latency"
    place = 2
    about = "time every denoiser at several batch sizes"
    intention = "time {}"
    undisturbed = True

    def due(self, command: Command, store: Store) -> list[str]:
        from architectures import DENOISERS
        from bench.lookup.denoisers import missing_package, parameters

        names = command.denoisers or [name for name in DENOISERS if not missing_package(name)]
        for name in names:
            parameters(name, ())  # which raises where it is unknown or lacks its package
        return untimed("latency", names, 1, command, store)

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        from bench.core.conditions import conditions
        from bench.timing.latency import measure

        rows = measure(name, command.device, command.plugin)
        return {"rows": [row.as_json() for row in rows], "conditions": conditions(command.device, 1).as_json()}

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterator[Table | str]:
        from bench.report.tables.cost import latency_table
        from bench.timing.latency import latencies

        yield latency_table(latencies(store))

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        from bench.report.cost import latency_chapter

        return latency_chapter(store, folder, scored)

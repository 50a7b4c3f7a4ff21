"""How long each denoiser takes for a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import Measurement, measurement, untimed

if TYPE_CHECKING:
    from bench.measurements import Chapter, Command, Row, Section, Store, Table
    from bench.timing.latency import Turn


@measurement
class Latency(Measurement):
    flag = "--latency"
    place = 2
    about = "time every denoiser at several sizes of image"
    intention = "time in a process of its own: {} (denoiser, threads, engine, number of the process)"
    undisturbed = True

    def due(self, command: Command, store: Store) -> list[str]:
        turns = self._turns(command)
        threads = {turn.threads for turn in turns.values()}
        left = {
            name
            for count in threads
            for name in untimed("latency", [n for n, t in turns.items() if t.threads == count], count, command, store)
        }
        return [name for name in turns if name in left]

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        from bench.core.conditions import conditions
        from bench.timing.latency import measure

        turn = self._turns(command)[name]
        rows = measure(turn, command.device, command.plugin)
        return {"rows": rows, "conditions": conditions(command.device, turn.threads).as_json()}

    def _turns(self, command: Command) -> dict[str, Turn]:
        """All processes by the name of the file that keeps what they measure."""
        from architectures import DENOISERS
        from bench.lookup.denoisers import missing_package, parameters
        from bench.running.study import profile_of
        from bench.timing.latency import turns

        names = command.denoisers or [name for name in DENOISERS if not missing_package(name)]
        for name in names:
            parameters(name, ())  # which raises where it is unknown or lacks its package
        return {turn.name: turn for turn in turns(names, command.device, profile_of(command).processes)}

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterator[Table | str]:
        from bench.analysis.costs import latencies
        from bench.report.tables.cost import latency_table

        yield latency_table(latencies(store))

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        from bench.report.chapters.cost import latency_chapter

        return latency_chapter(store, folder, scored)

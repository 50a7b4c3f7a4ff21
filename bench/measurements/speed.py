"""How fast the harness is, beside the loop a user would write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import Measurement, measurement, untimed

if TYPE_CHECKING:
    from bench.measurements import Chapter, Command, Row, Section, Store, Table


@measurement
class Speed(Measurement):
    flag = "--speed"
    place = 3
    about = "time this harness against the tutorial's loop"
    intention = "time the harness: {}"
    undisturbed = True

    def due(self, command: Command, store: Store) -> list[str]:
        from bench.timing.harness import THREADS
        from bench.timing.whole_commands import MEASURES

        return untimed("speed", list(MEASURES), THREADS, command, store)

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        from bench.core.conditions import conditions
        from bench.timing.harness import THREADS, Setting
        from bench.timing.targets import Speed
        from bench.timing.whole_commands import MEASURES

        runs = list(MEASURES[name](Setting(command.results.resolve(), command.device)))
        pairs = {claim: [run[claim] for run in runs] for claim in runs[0]}
        return Speed(pairs, conditions(command.device, THREADS)).as_json()

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterator[Table | str]:
        from bench.report.tables.cost import speed_table
        from bench.timing.targets import speed_frame, speeds

        yield speed_table(speed_frame(speeds(store)))

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        from bench.report.chapters.cost import speed_chapter

        return speed_chapter(store, folder, scored)

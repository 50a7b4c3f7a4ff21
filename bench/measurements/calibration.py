"""Our numbers beside those that others published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import Measurement, measurement

if TYPE_CHECKING:
    from bench.measurements import Chapter, Command, Row, Section, Store, Table

READ = ("tutorial",)  # rows that are read from the store, which may have grown


@measurement
class Calibration(Measurement):
    flag = "--calibrate"
    place = 4
    about = "set our numbers beside those that others published"
    intention = "calibrate: {}"

    def due(self, command: Command, store: Store) -> list[str]:
        from bench.calibration.measure import ROWS

        measured = {name for name, values in store.timings("calibration").items() if "absent" not in values}
        return [name for name in ROWS if command.refresh or name not in measured or name in READ]

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        """Raises ValueError where something is missing and it was measured before, so that the stored values stay."""
        from bench.calibration.measure import Setting, measure

        measured, before = measure(name, Setting(command.data, store)), store.timings("calibration").get(name)
        if "absent" in measured and before and before["rows"]:
            raise ValueError(f"{measured['absent']}; what was measured before is kept")
        return measured

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterator[Table | str]:
        from bench.calibration.outcomes import outcomes
        from bench.report.tables.calibration import table

        rows, absent = outcomes(store)
        yield table(rows)
        yield from (f"not measured: {line}" for line in absent)

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        from bench.report.chapters.calibration import calibration_chapter

        return calibration_chapter(store, folder, scored)

    def failures(self, store: Store) -> list[str]:
        from bench.calibration.outcomes import outcomes

        rows, _ = outcomes(store)
        return [f"{row.what}: {row.ours:.5g}, published {row.published:.5g}" for row in rows if not row.holds]

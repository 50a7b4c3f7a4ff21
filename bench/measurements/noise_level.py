"""How well the noise of a single image is estimated, as pixels and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import Measurement, measurement

if TYPE_CHECKING:
    from bench.measurements import Chapter, Command, Row, Section, Store, Table


@measurement
class NoiseLevel(Measurement):
    flag = "--noise-level"
    place = 5
    about = "how well the noise of single images is estimated"
    intention = "estimate the noise of {}"

    def due(self, command: Command, store: Store) -> list[str]:
        from bench.scoring.noise_level_errors import IMAGES

        measured = store.timings("noise_level")
        return [name for name in IMAGES if command.refresh or name not in measured]

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        from bench.scoring.noise_level_errors import errors

        return {"rows": errors(name)}

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterator[Table | str]:
        from bench.report.chapters.noise_level import noise_level_table

        yield noise_level_table(store)

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        from bench.report.chapters.noise_level import noise_level_chapter

        return noise_level_chapter(store)

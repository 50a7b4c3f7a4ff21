"""How often the choice of a denoiser is the best, and what it costs where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import Measurement, measurement

if TYPE_CHECKING:
    from bench.measurements import Chapter, Command, Row, Section, Store, Table


@measurement
class Proof(Measurement):
    flag = "--proof"
    place = 7
    about = "how often --choose takes the best denoiser, and what it costs where it does not"
    intention = "check the choice on {}"

    def due(self, command: Command, store: Store) -> list[str]:
        from bench.core.program import invocation
        from bench.running.applied.proof import cases

        measured, possible = store.timings("proof"), cases(store)
        if not possible:
            raise ValueError(
                f"--proof needs a grid with networks of a range and the PSNR of each image, and {store.root} has none; "
                f"measure it with: {invocation()} --grid --profile {store.root.name}"
            )
        digests = {name: measured.get(name, {}).get("digest") for name in possible}
        return [name for name, case in possible.items() if command.refresh or digests[name] != case.digest]

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        from bench.running.applied.proof import cases, proven

        return proven(cases(store)[name])

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterator[Table | str]:
        from bench.report.chapters.proof import proof_table

        yield proof_table(store)

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        from bench.report.chapters.proof import proof_chapter

        return proof_chapter(store)

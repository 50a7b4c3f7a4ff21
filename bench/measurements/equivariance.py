"""How far networks are from restoring images of other contrast and brightness alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import Measurement, measurement

if TYPE_CHECKING:
    from bench.measurements import Chapter, Command, Row, Section, Store, Table


@measurement
class Equivariance(Measurement):
    flag = "--equivariance"
    place = 8
    about = "how far trained networks are from restoring images of other contrast and brightness alike"
    intention = "the equivariance of {}"

    def due(self, command: Command, store: Store) -> list[str]:
        from bench.core.program import invocation
        from bench.running.applied.equivariance import networks

        there = networks(store)
        if not there:
            raise ValueError(
                f"--equivariance needs trained networks, and {store.root} has none with its weights; train some with: "
                f"{invocation()} --grid --profile {store.root.name}"
            )
        known = store.timings("equivariance")
        return [name for name in there if command.refresh or name not in known]

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        from bench.running.applied.equivariance import measured, networks

        return measured(*networks(store)[name], store)

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterator[Table | str]:
        from bench.report.chapters.equivariance import equivariance_table

        yield equivariance_table(store)

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        from bench.report.chapters.equivariance import equivariance_chapter

        return equivariance_chapter(store)

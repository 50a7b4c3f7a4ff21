"""A bank of specialists that estimates the noise, against one network for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bench.measurements import Measurement, measurement

if TYPE_CHECKING:
    from bench.measurements import Chapter, Command, Row, Section, Store, Table


@measurement
class Bank(Measurement):
    flag = "--bank"
    place = 6
    about = "estimate the noise and take the nearest specialist, or train one network for all of it?"
    intention = "choose specialists of {}"

    def due(self, command: Command, store: Store) -> list[str]:
        from bench.core.program import invocation
        from bench.running.applied.bank import banks, counts

        measured, possible = store.timings("bank"), banks(store)
        if not possible:
            raise ValueError(
                f"--bank needs a network trained at several variances and on a range around them, and {store.root} has "
                f"none with the PSNR of each image; measure it with: {invocation()} --grid --profile {store.root.name}"
            )
        return [
            name
            for name, bank in possible.items()
            if command.refresh or not counts(bank).items() <= measured.get(name, {}).items()
        ]

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        from bench.running.applied.bank import banks, priced

        return priced(banks(store)[name], store)

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterator[Table | str]:
        from bench.report.chapters.bank import bank_table

        yield bank_table(store)

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        from bench.report.chapters.bank import bank_chapter

        return bank_chapter(store, folder)

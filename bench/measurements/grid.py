"""Denoisers trained at some noise variances and scored at others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bench.measurements import MEASUREMENTS, Measurement

if TYPE_CHECKING:
    from bench.measurements import Command, Section, Store, Table


def sections(command: Command) -> Iterator[Section]:
    from bench.lookup.denoisers import missing_package
    from bench.running.plan import grid
    from bench.running.study import ranges_of, study_of

    names = command.denoisers or [name for name in _all_names(command) if not missing_package(name)]
    yield grid(ranges_of(command, names), *study_of(command))


def notes(command: Command) -> list[str]:
    from bench.lookup.denoisers import missing_package

    missing = {} if command.denoisers else {name: missing_package(name) for name in _all_names(command)}
    return [
        f"{name} is left out, since its package is not installed; to have it: pip install {package}"
        for name, package in missing.items()
        if package
    ]


def _all_names(command: Command) -> Iterable[str]:
    from architectures import DENOISERS
    from bench.running.study import profile_of

    return profile_of(command).denoisers or DENOISERS


def tables(store: Store, sections: Sequence[Section]) -> Iterator[Table | str]:
    from bench.analysis.rows import rows_of
    from bench.report.setup import heading
    from bench.report.tables.scores import scores

    for section in sections:
        yield f"[bold]{heading(section)}[/bold]"
        rows = rows_of(store, section)
        yield from (scores(section, rows, metric, intervals=False) for metric in section.protocol.metrics)


MEASUREMENTS.register(
    __name__,
    Measurement(
        flag="--grid",
        about="train and score denoisers across noise variances",
        place=0,
        sections=sections,
        notes=notes,
        tables=tables,
    ),
)

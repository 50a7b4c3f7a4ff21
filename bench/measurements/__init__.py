"""Kinds of measurement: one file each, which registers a `Measurement` under its own name.

The command line, what it checks and says, the store and the report iterate over them, so a further kind
is one file here. The files must be quick to import, since `--help` reads them: what they need is imported
inside their functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.core.registry import Registry

if TYPE_CHECKING:  # what the files of this folder take and give
    from bench.analysis.rows import Row as Row
    from bench.core.tasks import Section as Section
    from bench.report.chapter import Chapter as Chapter
    from bench.report.chapter import MakeChapter
    from bench.report.tables.table import Table as Table
    from bench.running.command import Command as Command
    from bench.store.store import Store as Store


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One kind of measurement: of experiments, of other figures that are measured one by one, or of both.

    Attributes:
        flag, about, metavar: its option, the help of it, and its argument if it takes one.
        place: among the actions of the command line, and when it is carried out.
        sections: experiments to be trained and scored, all names of them checked.
        due: names of the figures that the store lacks.
        measure: one figure as JSON values, which the store keeps under the kind and the name.
        undisturbed: whether the machine should do nothing else meanwhile.
        intention: what `--dry-run` says of a figure.
        notes: what the user should know beforehand.
        tables: what the terminal shows of the sections and figures.
        chapter: what the report shows of the figures, if there are any; sections are in it anyway.
        failures: figures that are not as they should be.
    """

    flag: str
    about: str
    place: int
    metavar: str | None = None
    sections: Callable[[Command], Iterable[Section]] = lambda command: ()
    due: Callable[[Command, Store], Sequence[str]] = lambda command, store: ()
    measure: Callable[[str, Command, Store], dict[str, Any]] = lambda name, command, store: {}
    undisturbed: bool = False
    intention: str = "measure {}"
    notes: Callable[[Command], list[str]] = lambda command: []
    tables: Callable[[Store, Sequence[Section]], Iterable[Table | str]] = lambda store, sections: ()
    chapter: MakeChapter = lambda store, folder, scored: None
    failures: Callable[[Store], list[str]] = lambda store: []


MEASUREMENTS: Registry[Measurement] = Registry("measurement", __name__)


def in_place() -> dict[str, Measurement]:
    """All kinds, in the order in which a command carries them out."""
    return dict(sorted(MEASUREMENTS.items(), key=lambda item: item[1].place))


def chapters() -> list[MakeChapter]:
    """What the report shows of all kinds, in alphabetical order."""
    return [measurement.chapter for measurement in MEASUREMENTS.values()]


def holds_any(store: Store) -> bool:
    """Whether anything was measured or asked for."""
    return bool(store.sections()) or any(store.timings(kind) for kind in MEASUREMENTS)


def untimed(kind: str, names: Sequence[str], threads: int, command: Command, store: Store) -> list[str]:
    """Those that were not timed on this machine with these versions and as many threads."""
    from bench.core.conditions import conditions

    now = conditions(command.device, threads).as_json()
    timed = {name for name, values in store.timings(kind).items() if values["conditions"] == now}
    return [name for name in names if command.refresh or name not in timed]

"""Kinds of measurement: one file each, which holds a class derived from `Measurement` under `@measurement`.

The command line, what it checks and says, the store and the report iterate over them, so a further kind
is one file here. The files must be quick to import, since `--help` reads them: what they need is imported
inside their methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Measurement:
    """One kind of measurement: of experiments, of other figures that are measured one by one, or of both.

    Attributes:
        flag, about, metavar: its option, the help of it, and its argument if it takes one.
        place: among the actions of the command line, and when it is carried out.
        undisturbed: whether the machine should do nothing else meanwhile.
        intention: what `--dry-run` says of a figure.
    """

    flag: str
    about: str
    place: int
    metavar: str | None = None
    undisturbed = False
    intention = "measure {}"

    def sections(self, command: Command) -> Iterable[Section]:
        """Experiments to be trained and scored, all names of them checked."""
        return ()

    def due(self, command: Command, store: Store) -> Sequence[str]:
        """Names of the figures that the store lacks."""
        return ()

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        """One figure as JSON values, which the store keeps under the kind and the name."""
        raise NotImplementedError(f"{self.flag} measures no figures but experiments")

    def notes(self, command: Command) -> list[str]:
        """What the user should know beforehand."""
        return []

    def tables(self, store: Store, sections: Sequence[Section], every: bool) -> Iterable[Table | str]:
        """What the terminal shows of the sections and figures: scores, if nothing else is said.

        Args:
            every: whether to show all rows and metrics, and not one compact table.
        """
        from bench.analysis.rows import rows_of
        from bench.analysis.scores import main_rows
        from bench.report.setup import heading
        from bench.report.tables.scores import scores

        for section in sections:
            yield f"[bold]{heading(section)}[/bold], {section.protocol.images:,} test images"
            rows = rows_of(store, section)
            if not every and section.name == "grid":
                rows = main_rows(rows, section.protocol.variances)
            metrics = section.protocol.metrics if every else section.protocol.metrics[:1]
            yield from (scores(section, rows, metric, intervals=False) for metric in metrics)

    def chapter(self, store: Store, folder: str, scored: Sequence[Row]) -> Chapter | None:
        """What the report shows of the figures, if there are any; sections are in it anyway."""
        return None

    def failures(self, store: Store) -> list[str]:
        """Figures that are not as they should be."""
        return []


MEASUREMENTS: Registry[Measurement] = Registry("measurement", __name__)


def measurement(kind: type[Measurement]) -> type[Measurement]:
    """Registers a kind of measurement under the name of its file."""
    MEASUREMENTS.register(kind.__module__, kind())
    return kind


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

"""What the terminal shows while experiments run; it prints through the console it is given."""

import inspect
import math
import re
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.queues import Queue

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Task as Line
from rich.table import Table as RichTable
from rich.text import Text

from architectures import DENOISERS
from bench.ablations import ABLATIONS
from bench.core.conditions import Seconds
from bench.core.recipes import RECIPES, recipe_name, recipe_text
from bench.core.results import Progress as History
from bench.core.tasks import Result, Task
from bench.datasets import DATASETS
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.report.tables.table import Table
from bench.running.estimate import Estimate
from bench.running.plan import cost
from bench.running.profiles import PROFILES
from bench.running.workers import News


def left(elapsed: float, done: Sequence[float], open_work: Sequence[float], workers: int) -> float | None:
    """Seconds until the end; None at the start.

    The pace is that of the whole run so far, not of the last half minute: one experiment may report once in minutes.
    What is open is shared by the workers, but nothing ends before its longest experiment does.

    Args:
        done, open_work: expected seconds of what was done, and of what was not, by experiment.
    """
    worked = sum(done)
    return elapsed * workers / worked * max(sum(open_work) / workers, max(open_work, default=0)) if worked else None


class TimeLeft(ProgressColumn):
    """The time left, in words, as it was estimated last."""

    def render(self, task: Line) -> Text:
        end, elapsed = task.fields.get("end"), task.elapsed
        if end is None or elapsed is None:
            return Text("")
        return Text(f"{duration(max(0.0, end - elapsed))} left", style="progress.remaining")


class Display:
    """A line for each running experiment and a bar for all; plain lines where there is no terminal.

    Args:
        tasks: all that will run.
        expected: how long each will take; where that is not known, each weighs what it costs.
        workers: how many measure at once.
        news: what the workers tell; None ends the listening.

    Attributes:
        keep: takes the id of an experiment and a state of its training to go on from.
    """

    def __init__(
        self,
        console: Console,
        tasks: Sequence[Task],
        news: "Queue[News | None]",
        expected: Estimate | None = None,
        workers: int = 1,
    ) -> None:
        self._names = describe(tasks)
        self._news = news
        self.keep: Callable[[str, bytes], None] = lambda _, __: None
        self._workers = workers
        self._rows: dict[str, list[History]] = {}
        self._finished: set[str] = set()
        self._lock = threading.Lock()  # news come in a thread of their own
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TimeLeft(),
            console=console,
            disable=not console.is_terminal,
        )
        costs = expected.seconds if expected else {t.experiment.id: cost(t.experiment, t.cells) for t in tasks}
        self._overall = self._progress.add_task(f"0 of {len(costs)} experiments", total=sum(costs.values()))
        self._lines = {
            name: self._progress.add_task(words, start=False, visible=False, total=1.0, cost=costs[name])
            for name, words in self._names.items()
        }
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Display":
        self._progress.start()
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._news.put(None)
        self._listener.join(timeout=2)
        self._progress.stop()

    def _listen(self) -> None:
        while (message := self._news.get()) is not None:
            with self._lock:
                if message[0] not in self._finished:
                    self._hear(*message)

    def _hear(self, name: str, share: float, row: History | None, checkpoint: bytes | None) -> None:
        if checkpoint is not None:
            try:
                self.keep(name, checkpoint)
            except OSError as error:  # the training goes on, and cannot be resumed from here
                self._print(f"  {self._names[name]}: no checkpoint is kept ({escape(str(error))})")
        self._progress.start_task(self._lines[name])
        self._advance(name, share, visible=True)
        if row is not None:
            self._rows.setdefault(name, []).append(row)
            if row.validation is not None:
                self._print(f"  {self._names[name]}, {_epoch(self._rows.pop(name))}")

    def _advance(self, name: str, share: float, visible: bool) -> None:
        self._progress.update(self._lines[name], completed=share, visible=visible)
        lines = self._progress.tasks[1:]
        done = [line.fields["cost"] * line.completed for line in lines]
        rest = [line.fields["cost"] - worked for line, worked in zip(lines, done, strict=True)]
        elapsed = self._progress.tasks[0].elapsed or 0.0
        more = left(elapsed, done, rest, self._workers)
        end = None if more is None else elapsed + more
        self._progress.update(self._overall, completed=sum(done), end=end)

    def finish(self, result: Result) -> None:
        """Takes an experiment's line away and says how it ended."""
        name = result.task.experiment.id
        with self._lock:
            self._finished.add(name)
            self._advance(name, 1.0, visible=False)
            done = f"{len(self._finished)} of {len(self._lines)}"
            self._progress.update(self._overall, description=f"{done} experiments")
            self._print(f"{done}, {self._names[name]}: {_outcome(result)}")

    def _print(self, line: str) -> None:
        self._progress.console.print(line, soft_wrap=True)


def duration(seconds: float) -> str:
    """Seconds in words: "40 seconds", "12 minutes", "3.5 hours"."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def listing() -> RichTable:
    """Everything there is to choose from, each with the first line of its docstring."""
    table = RichTable("kind", "name", "what it is", box=SIMPLE_HEAD)
    for registry in (DENOISERS, DATASETS, NOISES, METRICS, ABLATIONS):
        for name, entry in registry.items():
            module = sys.modules[getattr(entry, "function", entry).__module__]
            table.add_row(registry.kind, name, (inspect.getdoc(module) or "").partition("\n")[0])
        table.add_section()
    for name, profile in PROFILES.items():
        table.add_row("profile", name, profile.about)
    table.add_section()
    for name, recipe in RECIPES.items():
        table.add_row("recipe", name, recipe_text(recipe))
    return table


def describe(tasks: Sequence[Task]) -> dict[str, str]:
    """Experiments in words, by id: what is trained on what, and how where that differs between them."""
    several = len({task.experiment.recipe for task in tasks if task.experiment.recipe}) > 1
    return {task.experiment.id: _words(task, several) for task in tasks}


def _words(task: Task, several: bool) -> str:
    experiment = task.experiment
    options = ", ".join(f"{name}={value}" for name, value in experiment.options)
    trained = f" {'tuned' if experiment.tuned else 'trained'} on {experiment.variance}" if experiment.variance else ""
    tested = {request.protocol.noise for request in task.requests}
    noise = f" of {experiment.noise} noise" if experiment.noise and tested != {experiment.noise} else ""
    recipe = f" ({recipe_name(experiment.recipe)})" if several and experiment.recipe else ""
    seed = f", seed {experiment.seed}" if experiment.recipe else ""
    return f"[bold]{experiment.denoiser}[/bold]{f'({options})' if options else ''}{trained}{noise}{recipe}{seed}"


def _outcome(result: Result) -> str:
    if result.failure is not None:
        return f"[red]failed[/red]: {escape(result.failure)}"
    if result.diverged:
        return f"[red]diverged[/red] in epoch {math.ceil(result.history[-1].epoch)}"
    seconds = result.provenance.seconds if result.provenance else Seconds()
    how = "trained" if result.history else "tuned"
    trained = f"{how} in {seconds.training:.1f} s, " if seconds.training is not None else ""
    if result.history and (psnr := result.history[-1].psnr) is not None:
        trained += f"validation PSNR {psnr:.2f} dB, "
    return f"{trained}scored in {sum(seconds.scoring.values()):.1f} s"


def _epoch(rows: Sequence[History]) -> str:
    """What one epoch reached; the training loss is the mean over all its steps."""
    start = rows[-1].epoch - 1
    ends = [start, *(row.epoch for row in rows)]
    loss = sum(row.training * (end - begin) for row, begin, end in zip(rows, ends[:-1], ends[1:], strict=True))
    return f"epoch {rows[-1].epoch:.0f}: training loss {loss:.5f}, validation PSNR {rows[-1].psnr:.2f} dB"


def show(console: Console, table: Table | str) -> None:
    """Prints a line, or a table at its own width: a narrow terminal may wrap its lines, but no number is cut."""
    if isinstance(table, str):
        console.print(re.sub(r"\*\*(.+?)\*\*", r"[bold]\1[/]", table))
        return
    drawn = RichTable(
        box=SIMPLE_HEAD, show_edge=False, padding=0, title=table.title, title_justify="left", title_style="bold"
    )
    for heading, right in zip(table.header, table.numeric, strict=True):
        drawn.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*map(_emphasize, row))
    width = console.width
    console.width = max(width, Measurement.get(console, console.options.update(max_width=1000), drawn).maximum)
    console.print(drawn, crop=False)
    console.width = width
    if table.note:
        console.print(_emphasize(table.note), style="dim")
    console.print()


def _emphasize(text: str) -> str:
    """Bold with a star, since colour may be missing."""
    return re.sub(r"\*\*(.+?)\*\*", r"[bold green]*\1[/]", text)

"""Desruido: what does a denoiser cost at the noise variances it was not trained for?"""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli.options import parser
from bench.core.registry import UnknownName
from bench.core.variance import Range

if TYPE_CHECKING:
    from rich.console import Console

    from bench.cli.prepare import Work
    from bench.store.store import Store

HERE = Path(__file__).resolve().parent
ACTIONS = ("grid", "ablate", "latency", "speed", "calibrate", "denoise", "report", "list")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    commands = parser()
    options = commands.parse_args(arguments)
    if not any(getattr(options, action) for action in ACTIONS):
        commands.print_usage(sys.stderr)
        return _say(f"nothing to do; say one of --{', --'.join(ACTIONS)}", status=2)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            from bench.cli.prepare import prepare  # late: imports torch, and --help should not wait for it

            work = prepare(options)
        except (UnknownName, ValueError, OSError) as error:
            return _say(str(error), status=2)
        for note in work.notes:
            _say(note)
        return _carry_out(options, work)
    except KeyboardInterrupt:
        return _say("stopped; what was finished is kept, and the same command goes on from there", status=130)


def _say(message: str, status: int = 0) -> int:
    print(f"run_all.py: {message}", file=sys.stderr)
    return status


def _carry_out(options: argparse.Namespace, work: "Work") -> int:
    from rich.console import Console

    from bench.cli.display import describe, listing
    from bench.store.files import Damaged

    console = Console()
    if options.list:
        console.print(listing())
    if options.dry_run:
        names = describe(work.tasks)
        for task in work.tasks:
            step = "score" if task.weights or task.experiment.recipe is None else "train and score"
            console.print(f"{step} {names[task.experiment.id]}: {task.cells} cells", highlight=False, soft_wrap=True)
        for name in work.latencies:
            console.print(f"time [bold]{name}[/bold]", highlight=False)
        for name in work.speeds:
            console.print(f"time the harness: [bold]{name}[/bold]", highlight=False)
        for name in work.calibrations:
            console.print(f"calibrate: [bold]{name}[/bold]", highlight=False)
        others = len(work.latencies) + len(work.speeds) + len(work.calibrations)
        more = f", {others} figures to time or calibrate" if others else ""
        console.print(f"{len(work.tasks)} experiments to measure{more}; nothing was done", highlight=False)
        return 0
    try:
        failures = _measure(options, work, console) + _time(options, work, console)
        if options.denoise:
            _denoise(options, work.store, console)
        _show(options, work, console)
        for store in work.reports:
            _report(store, options, console)
        failures += _out_of_tolerance(work.store) if options.calibrate else []
    except (Damaged, UnknownName, ValueError, OSError) as error:
        return _say(f"{error}; what was finished is kept", status=1)
    for failure in failures:
        console.print(f"[red]failed[/red] {failure}", highlight=False, soft_wrap=True)
    return 1 if failures else 0


def _measure(options: argparse.Namespace, work: "Work", console: "Console") -> list[str]:
    """Fills in what the store is missing; returns what failed, in words."""
    from rich.markup import escape

    from bench.cli.display import Display, describe
    from bench.core.conditions import cores
    from bench.run.execute import run, run_there
    from bench.run.missing import pending
    from bench.run.workers import news_queue, undisturbed

    failures = []
    with work.store.alone() if work.tasks else nullcontext():
        for section in work.sections:
            work.store.ask(section)
        if work.tasks:
            # Once more, since another command may have ended after this one looked.
            work.tasks = pending(work.store, work.sections, options.device, options.plugin, options.refresh)
            names, news = describe(work.tasks), news_queue()
            with Display(console, work.tasks, news) as display:
                jobs, there = options.jobs or cores(), options.cluster
                for result in run_there(work.tasks, there) if there else run(work.tasks, jobs, news):
                    with undisturbed():
                        work.store.keep(result)
                    display.finish(result)
                    if result.failure is not None:
                        failures.append(f"{names[result.task.experiment.id]}: {escape(result.failure)}")
    for experiment in {experiment: None for section in work.sections for experiment in section.experiments}:
        if epoch := work.store.diverged(experiment):
            failures.append(
                f"{experiment.id}: the loss diverged in epoch {epoch}; a recipe with a lower lr may train it"
            )
    return failures


def _time(options: argparse.Namespace, work: "Work", console: "Console") -> list[str]:
    """Times what was asked for, one after the other; returns what failed, in words."""
    if not (work.latencies or work.speeds or work.calibrations):
        return []

    from rich.markup import escape

    from bench.calibration.measure import calibration
    from bench.timing.due import harness, latency

    failures = []
    kinds: tuple[tuple[str, Sequence[str], Callable[[str], dict[str, Any]]], ...] = (
        ("latency", work.latencies, lambda name: latency(name, HERE, options.device, options.plugin)),
        ("speed", work.speeds, lambda name: harness(name, HERE, options.results, options.device)),
        ("calibration", work.calibrations, lambda name: calibration(name, options.data, work.store)),
    )
    for kind, names, measure in kinds:
        for index, name in enumerate(names, start=1):
            count = f"{index} of {len(names)}, {kind} of [bold]{name}[/bold]"
            try:
                with console.status(count + ("" if kind == "calibration" else "; the machine should do nothing else")):
                    work.store.keep_timing(kind, name, measure(name))
                outcome = "done"
            except Exception as error:  # one that cannot be timed must not take the others down
                failures.append(f"{kind} of {name}: {escape(str(error))}")
                outcome = "[red]failed[/red]"
            console.print(f"{count}: {outcome}", highlight=False)
    return failures


def _out_of_tolerance(store: "Store") -> list[str]:
    from bench.calibration.outcomes import outcomes

    found, _ = outcomes(store)
    return [f"{each.what}: {each.ours:.5g}, published {each.published:.5g}" for each in found if not each.holds]


def _denoise(options: argparse.Namespace, store: "Store", console: "Console") -> None:
    """Restores one image file; everything it needs was checked but the image itself."""
    from PIL import Image

    from bench.run.denoise_file import denoise

    variance = Range.parse(options.variance).low if options.variance else None
    found = denoise(options.denoise, options.denoiser, store, variance, options.train_data)
    Image.fromarray(found.image).save(options.out)
    for note in found.notes:
        console.print(note, highlight=False, soft_wrap=True)
    console.print(f"image    {options.out}", highlight=False)


def _show(options: argparse.Namespace, work: "Work", console: "Console") -> None:
    """Prints this command's tables."""
    from bench.analysis.rows import rows_of
    from bench.calibration.outcomes import outcomes
    from bench.cli.display import show
    from bench.report.sections import heading
    from bench.report.tables.calibration import table
    from bench.report.tables.cost import latency_table, speed_table
    from bench.report.tables.scores import scores
    from bench.timing.latency import latencies

    for section in work.sections:
        console.print(f"[bold]{heading(section)}[/bold]", highlight=False, soft_wrap=True)
        rows = rows_of(work.store, section)
        for metric in section.protocol.metrics:
            show(console, scores(section, rows, metric, intervals=False))
    if options.latency:
        show(console, latency_table(latencies(work.store)))
    if options.speed:
        show(console, speed_table(work.store.timings("speed")))
    if options.calibrate:
        found, absent = outcomes(work.store)
        show(console, table(found))
        for line in absent:
            console.print(f"not measured: {line}", highlight=False)


def _report(store: "Store", options: argparse.Namespace, console: "Console") -> None:
    """Writes the report of a store and the figures that changed; nothing unless --report asks, if nothing changed."""
    published = store.root.resolve() == HERE / "results" / "full"
    path = HERE / "REPORT.md" if published else store.root / "REPORT.md"
    code = [*HERE.glob("architectures/*.py"), *HERE.glob("bench/**/*.py"), *options.plugin, Path(sys.executable)]
    if path.exists() and not options.report and store.reported(store.state([*code, path])):
        console.print(f"report   {path}, as it was\nfigures  {store.figure('*')}", highlight=False)
        return

    from bench.report.report import build  # late: slow to import
    from bench.store.files import write

    text, drawings = build(store, "results/full/figures" if published else "figures")
    write(path, text)
    drawn = [drawing for drawing in drawings if not store.has_figure(drawing.name, drawing.digest)]
    if drawn:
        from bench.figures.curves import png

        for drawing in drawn:
            store.keep_figure(drawing.name, png(drawing.draw(), drawing.digest))
    store.keep_reported(store.state([*code, path]))
    console.print(
        f"report   {path}\nfigures  {store.figure('*')} ({len(drawings)}, {len(drawn)} drawn anew)", highlight=False
    )


if __name__ == "__main__":
    sys.exit(main())

"""What a command does once it is checked: measure, restore an image, show tables, and write reports."""

import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bench.cli.display import Display, describe, duration, listing, show
from bench.cli.prepare import Work
from bench.core.conditions import cores
from bench.core.program import PUBLISHED, ROOT
from bench.core.variance import Range
from bench.measurements import MEASUREMENTS, chapters
from bench.running.applied.denoise_file import Denoised
from bench.running.applied.export import export
from bench.running.applied.restore_files import pairs, restore, restore_files
from bench.running.command import Command
from bench.running.estimate import estimate
from bench.running.execute import run, run_there
from bench.running.merge import merge
from bench.running.missing import pending
from bench.running.verify import TOLERANCE, Recomputed, recompute
from bench.running.workers import news_queue, undisturbed
from bench.store.files import write
from bench.store.lock import alone, forget_holder
from bench.store.reported import figure_path, has_figure, is_reported, keep_figure, keep_reported, state_of
from bench.store.store import Store

OFTEN = 40  # seconds between two pages while experiments go on, at least
SHARE = 20  # times as long as a page takes, at least
CODE = (".py", ".j2", ".js", ".css")  # suffixes of the files that make a report


def carry_out(command: Command, work: Work) -> int:
    """Does all of it; returns the exit status.

    Raises:
        UnknownName, ValueError, OSError: what went wrong.
    """
    console = Console(highlight=False)
    if command.listing:
        console.print(listing())
    if command.dry_run:
        _announce(command, work, console)
        return 0
    failures = _merge(command, work.store, console)
    failures += run_experiments(command, work, console, lambda: _show_page(work.store, console))
    failures += _measure_figures(command, work, console)
    if command.verify is not None:
        failures += _verify(command, command.verify, work.store, console)
    failures += _files(command, work, console)
    written = [_report(store, command) for store in work.reports]  # first, whatever the terminal makes of tables
    if any(section.name == "grid" for section in work.sections):
        _answer(work.store, console)
    for job in work.jobs:
        for part in job.measurement.tables(work.store, job.sections, command.tables):
            show(console, part)
    for line in written:
        console.print(line)
    failures += [failure for job in work.jobs for failure in job.measurement.failures(work.store)]
    for failure in failures:
        console.print(f"[red]failed[/red] {failure}", soft_wrap=True)
    return 1 if failures else 0


def _files(command: Command, work: Work, console: Console) -> list[str]:
    """Restores and writes files, and gives advice on one; returns what failed, in words."""
    failures = []
    if command.denoise is not None and command.out is not None:
        failures += _denoise(command.denoise, command.out, command, work.studies, console)
    if command.export is not None:
        variance = Range.parse(command.variance).low if command.variance else None
        for line in export(work.studies[0], command.denoiser, command.export, variance, command.train_data).lines:
            console.print(escape(line), soft_wrap=True)
    if command.export_results is not None:
        _export_results(command.export_results, work.store, console)
    for line in work.advice:
        console.print(escape(line), soft_wrap=True)
    return failures


def _merge(command: Command, store: Store, console: Console) -> list[str]:
    """Takes over other stores; returns what was left out, in words."""
    left = []
    with alone(store.root) if command.merge else nullcontext():
        for root in command.merge:
            merged = merge(store, root, MEASUREMENTS)
            counts = f"{merged.taken} experiments taken, {merged.completed} completed, {merged.same} here already"
            console.print(escape(f"merged   {root}: {counts}"), soft_wrap=True)
            left += [escape(reason) for reason in merged.left]
    return left


def _export_results(folder: Path, store: Store, console: Console) -> None:
    """Writes what a paper needs."""
    from bench.report.paper import paper_files  # late: slow to import

    names = []
    with console.status(f"writing {folder}"):
        for name, data in paper_files(store):
            write(folder / name, data)
            names.append(name)
    kinds = {suffix: sum(name.endswith(suffix) for name in names) for suffix in (".csv", ".tex", ".pdf")}
    counts = ", ".join(f"{count} {suffix[1:].upper()}" for suffix, count in kinds.items())
    console.print(escape(f"exported {folder}: {counts}, references.bib, commands.txt, conditions.txt"), soft_wrap=True)


def _answer(store: Store, console: Console) -> None:
    """What a study answers, as its report begins."""
    from bench.analysis.findings.answers import answers  # late: slow to import
    from bench.analysis.scored import Scored
    from bench.report.render import sentence

    for number, finding in enumerate(answers(Scored(store).others), start=1):
        show(console, f"{number}. {escape(sentence(finding)).replace('`', '')}\n")


def _announce(command: Command, work: Work, console: Console) -> None:
    """Says what would be measured, and how long it would take."""
    names = describe(work.tasks)
    for task in work.tasks:
        step = "score" if task.weights or task.experiment.recipe is None else "train and score"
        console.print(f"{step} {names[task.experiment.id]}: {task.cells} cells", soft_wrap=True)
    for job in work.jobs:
        for name in job.due:
            console.print(job.measurement.intention.format(f"[bold]{name}[/bold]"))
    others = sum(len(job.due) for job in work.jobs)
    more = f", {others} other figures" if others else ""
    if work.tasks:
        console.print(_time(command, work), soft_wrap=True)
    count = len(work.tasks)
    console.print(f"{count} experiment{'s' if count != 1 else ''} to measure{more}; nothing was done")


def _time(command: Command, work: Work) -> str:
    """How long the experiments of a command would take."""
    expected = estimate(work.store, work.tasks, Store(PUBLISHED))
    if expected is None:
        return f"how long it takes is not known, since nothing like it was measured in {work.store.root}"
    jobs = 0 if command.cluster else command.jobs or cores()
    workers = "one worker" if jobs in (0, 1) else f"{jobs} workers"
    guessed = f" ({len(expected.guessed)} of them guessed from other denoisers)" if expected.guessed else ""
    return f"it takes about {duration(3600 * expected.hours / max(jobs, 1))} of {workers}{guessed}"


def run_experiments(
    command: Command, work: Work, console: Console, show_page: Callable[[], None] = lambda: None
) -> list[str]:
    """Fills in what the store is missing; returns what failed, in words.

    Args:
        show_page: shows what is finished so far; called again and again.
    """
    failures = []
    store, sections = work.store, work.sections
    with alone(store.root) if work.tasks else nullcontext():
        for section in sections:
            store.ask(section)
        if work.tasks:
            store.mend()
            # Once more, since another command may have ended after this one looked.
            tasks = pending(store, sections, command.device, command.plugin, command.refresh)
            names, news = describe(tasks), news_queue()
            address, jobs = command.cluster, command.jobs or cores()
            expected = estimate(store, tasks, Store(PUBLISHED))
            shown, pause = time.monotonic(), float(OFTEN)
            display = Display(console, tasks, news, expected, jobs)
            display.keep = store.keep_checkpoint
            with display:
                for result in run_there(tasks, address) if address else run(tasks, jobs, news):
                    with undisturbed():
                        store.keep(result)
                    display.finish(result)
                    if result.weights is not None or result.diverged:
                        store.drop_checkpoint(result.task.experiment.id)
                    if result.failure is not None:
                        failures.append(f"{names[result.task.experiment.id]}: {escape(result.failure)}")
                    if (start := time.monotonic()) - shown >= pause:
                        show_page()
                        shown = time.monotonic()
                        pause = max(OFTEN, SHARE * (shown - start))  # a large study takes seconds to show
    failures += [
        f"{experiment.id}: the loss diverged in epoch {epoch}; a recipe with a lower lr may train it"
        for experiment in dict.fromkeys(experiment for section in sections for experiment in section.experiments)
        if (epoch := store.diverged(experiment))
    ]
    return failures


def _measure_figures(command: Command, work: Work, console: Console) -> list[str]:
    """Measures what is no experiment, one after the other; returns what failed, in words."""
    failures = []
    for job in work.jobs:
        for index, name in enumerate(job.due, start=1):
            count = f"{index} of {len(job.due)}, {job.kind} of [bold]{name}[/bold]"
            advice = "; the machine should do nothing else" if job.measurement.undisturbed else ""
            try:
                with console.status(count + advice):
                    work.store.keep_timing(job.kind, name, job.measurement.measure(name, command, work.store))
                outcome = "done"
            except Exception as error:  # one that cannot be measured must not take the others down
                failures.append(f"{job.kind} of {name}: {escape(str(error))}")
                outcome = "[red]failed[/red]"
            console.print(f"{count}: {outcome}")
    return failures


def _verify(command: Command, count: int, store: Store, console: Console) -> list[str]:
    """Checks the files of a store, and measures cells again; returns what does not agree, in words."""
    files, damaged = store.verify()
    console.print(f"{files} files of {store.root} checked, {damaged} damaged", soft_wrap=True)
    failures = [f"{damaged} files of {store.root} are damaged"] if damaged else []
    if count:
        jobs, done, alike = command.jobs or cores(), 0, 0
        with console.status(f"measuring {count} cells again"):
            again = recompute(
                store, count, lambda tasks: run(tasks, jobs, news_queue()), random.Random(), command.plugin
            )
            for cell in again:
                if isinstance(cell, str) or not cell.agrees:
                    failures.append(escape(cell if isinstance(cell, str) else _difference(cell)))
                else:
                    done, alike = done + 1, alike + cell.alike
        rest = f", {done - alike} within {TOLERANCE:g} of it under other conditions" if done > alike else ""
        fewer = "; there are no more that can be measured here without training" if done + len(failures) < count else ""
        console.print(f"{done} cells came back, {alike} of them bit for bit{rest}{fewer}", soft_wrap=True)
    return failures


def _difference(cell: Recomputed) -> str:
    what = f"{cell.metric} of {cell.experiment.id} at test variance {cell.variance:g}"
    conditions = "the same conditions" if cell.alike else "other conditions"
    return f"{what} is {cell.again!r} under {conditions}, and {cell.stored!r} is stored"


def _denoise(noisy: Path, out: Path, command: Command, studies: Sequence[Store], console: Console) -> list[str]:
    """Restores an image or a folder of them; returns what failed, in words."""
    variance = Range.parse(command.variance).low if command.variance else None
    failures, files = [], pairs(noisy, out)

    def restored(file: Path) -> Denoised:
        return restore(file, studies, command.denoiser, variance, command.train_data)

    for number, file in enumerate(restore_files(files, restored, command.force), start=1):
        if len(files) > 1:
            console.print(escape(f"{number} of {len(files)}   {file.noisy}"), soft_wrap=True)
        for note in file.notes:
            console.print(escape(note), soft_wrap=True)
        if file.failure:
            failures.append(escape(file.failure))
        else:
            console.print(escape(f"image    {file.out} {file.skipped}".rstrip()), soft_wrap=True)
    return failures


def _show_page(store: Store, console: Console) -> None:
    """Writes the explorer anew while experiments go on, and says where it is at the first time."""
    from bench.analysis.scored import Scored  # late: slow to import
    from bench.explorer.page import page

    path = store.root / "index.html"
    try:
        new = not path.exists()
        write(path, page(store, Scored(store)))
    except Exception as error:  # what is measured matters more, and the report at the end tells
        console.print(escape(f"the explorer cannot be shown yet ({error})"), soft_wrap=True)
    else:
        if new:
            console.print(escape(f"explorer {path}, which grows while experiments go on"), soft_wrap=True)


def _report(store: Store, command: Command) -> str:
    """Writes the report of a store and the figures that changed; nothing unless --report asks, if nothing changed.

    Returns where they are, for the user.
    """
    forget_holder(store.root)
    published = store.root.resolve() == PUBLISHED
    path = ROOT / "REPORT.md" if published else store.root / "REPORT.md"
    code = [file for room in ("architectures", "bench") for file in (ROOT / room).rglob("*") if file.suffix in CODE]
    code += [*command.plugin, Path(sys.executable), path]
    explorer = store.root / "index.html"
    if (
        path.exists()
        and explorer.exists()
        and not command.report
        and is_reported(store.root, state_of(store.root, code))
    ):
        return escape(f"report   {path}, as it was\nfigures  {figure_path(store.root, '*')}\nexplorer {explorer}")

    from bench.analysis.scored import Scored  # late: slow to import
    from bench.explorer.page import page
    from bench.report.frames import csv_files
    from bench.report.report import build

    store.sweep()
    scored = Scored(store)
    report = build(store, "results/full/" if published else "", chapters(), scored)
    write(path, report.pages["REPORT.md"])
    for name, text in report.pages.items():
        if name.startswith("pages/"):
            write(store.root / name, text)
    for name, table in csv_files(store, scored).items():
        write(store.root / name, table)
    drawn = [drawing for drawing in report.drawings if not has_figure(store.root, drawing.name, drawing.digest)]
    if drawn:
        from bench.figures.curves import png

        for drawing in drawn:
            keep_figure(store.root, drawing.name, png(drawing.draw(), drawing.digest))
    write(explorer, page(store, scored))
    keep_reported(store.root, state_of(store.root, code))
    figures = f"figures  {figure_path(store.root, '*')} ({len(report.drawings)}, {len(drawn)} drawn anew)"
    return escape(f"report   {path}\n{figures}\nexplorer {explorer}")

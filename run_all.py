"""Desruido: what does a denoiser cost at the noise variances it was not trained for?"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.experiment import LAWS, Range
from bench.options import command, parser
from bench.profiles import PROFILES, RECIPES
from bench.registry import UnknownName, load_plugin, pick

if TYPE_CHECKING:
    from rich.console import Console

    from bench.experiment import Task
    from bench.plan import Section
    from bench.store import Store

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
            work = _prepare(options)
        except (UnknownName, ValueError, OSError) as error:
            return _say(str(error), status=2)
        return _carry_out(options, work)
    except KeyboardInterrupt:
        return _say("stopped; what was finished is kept, and the same command goes on from there", status=130)


def _say(message: str, status: int = 0) -> int:
    print(f"run_all.py: {message}", file=sys.stderr)
    return status


@dataclass(frozen=True)
class Work:
    """What a command has to do, all of it checked."""

    store: "Store"
    sections: "Sequence[Section]"
    tasks: "Sequence[Task]"
    latencies: Sequence[str]
    speeds: Sequence[str]
    calibrations: Sequence[str]
    reports: "Sequence[Store]"


def _prepare(options: argparse.Namespace) -> Work:
    """Looks up and checks everything before anything is trained or written.

    Raises:
        UnknownName, ValueError, OSError: what came, what is needed, and the next step.
    """
    from bench.execute import check, check_device
    from bench.pending import measured_by_other_code, pending
    from bench.store import Store

    profile = options.profile or "quick"
    pick("profile", profile, PROFILES)
    for plugin in options.plugin:
        load_plugin(plugin)
    store, sections = Store(options.results / profile), _sections(options)
    timed = options.latency or options.speed or options.calibrate
    reports = [store] if sections or timed or options.profile else [Store(options.results / name) for name in PROFILES]
    if not (sections or timed) and options.report:
        reports = [each for each in reports if not each.empty]
        if not reports:
            raise ValueError(f"nothing was measured in {options.results}; measure with: python run_all.py --grid")
    if options.denoise:
        _check_denoise(options)
    tasks = pending(store, sections, options.device, options.plugin, options.refresh)
    if not options.refresh and (others := measured_by_other_code(store, sections)):
        _say(f"{others} experiments were measured by other code; --refresh measures them again")
    if sections or timed:
        store.check_writable()
    check(tasks)
    check_device(options.device)
    latencies, speeds, calibrations = _timings(options, store) if timed else ([], [], [])
    wanted = reports if sections or timed or options.report else []
    return Work(store, sections, tasks, latencies, speeds, calibrations, wanted)


def _check_denoise(options: argparse.Namespace) -> None:
    """Raises ValueError or `UnknownName` unless an image, a denoiser, where it goes, and one variance are given."""
    from architectures import DENOISERS

    if not options.denoiser or not options.out:
        raise ValueError("--denoise needs --with NAME, a denoiser, and --out IMAGE, where the restored image goes")
    _ = DENOISERS[options.denoiser]
    if not options.denoise.is_file():
        raise ValueError(f"there is no file {options.denoise}")
    if options.variance and not Range.parse(options.variance).fixed:
        raise ValueError(f"--variance is one number, got {options.variance!r}")


def _timings(options: argparse.Namespace, store: "Store") -> tuple[list[str], list[str], list[str]]:
    """Which denoisers and which figures of the harness are to be timed, and what is to be calibrated."""
    from bench import timings

    device, refresh = options.device, options.refresh
    latencies = timings.pending_latencies(store, options.denoisers, device, refresh) if options.latency else []
    speeds = timings.pending_speeds(store, device, refresh) if options.speed else []
    return latencies, speeds, timings.pending_calibrations(store, refresh) if options.calibrate else []


def _carry_out(options: argparse.Namespace, work: Work) -> int:
    from rich.console import Console

    from bench.display import describe, listing
    from bench.store import Damaged

    console = Console()
    if options.list:
        console.print(listing())
    if options.dry_run:
        for task in work.tasks:
            step = "score" if task.weights or task.experiment.recipe is None else "train and score"
            console.print(f"{step} {describe(task)}: {len(task.cells)} cells", highlight=False)
        for name in work.latencies:
            console.print(f"time [bold]{name}[/bold]", highlight=False)
        for name in work.speeds:
            console.print(f"time the harness: [bold]{name}[/bold]", highlight=False)
        for name in work.calibrations:
            console.print(f"calibrate: [bold]{name}[/bold]", highlight=False)
        console.print(f"{len(work.tasks)} experiments to measure; nothing was done", highlight=False)
        return 0
    try:
        failures = _measure(options, work, console) + _time(options, work, console)
        if options.denoise:
            _denoise(options, work.store, console)
        for store in work.reports:
            _report(store, work.sections, options, console)
        failures += _out_of_tolerance(work.store) if options.calibrate else []
    except (Damaged, UnknownName, ValueError, OSError) as error:
        return _say(f"{error}; what was finished is kept", status=1)
    for failure in failures:
        console.print(f"[red]failed[/red] {failure}", highlight=False, soft_wrap=True)
    return 1 if failures else 0


def _sections(options: argparse.Namespace) -> "list[Section]":
    """What was asked for, every name, option and range of it checked."""
    from architectures import DENOISERS
    from bench import plan
    from bench.ablations import ABLATIONS
    from bench.datasets import images_of, pinned
    from bench.experiment import Protocol
    from bench.metrics import METRICS
    from bench.sources import source_of, training_of

    profile = PROFILES[options.profile or "quick"]
    pick("recipe", options.recipe, RECIPES)
    pick("law", options.law, dict.fromkeys(LAWS))
    recipe, seeds, images = profile.recipe(options.recipe), options.seeds or profile.seeds, profile.images
    dataset, source = options.dataset or profile.dataset, None
    if options.train_data or dataset != profile.dataset:
        dataset, train = pinned(dataset), pinned(options.train_data) if options.train_data else None
        source = source_of(dataset, train)
        # The profile was made for its own dataset; another may be smaller.
        images = min(images, len(images_of(dataset).test))
        there = len(training_of(source.training)) * 4 // 5 if source.training else 0
        recipe = replace(recipe, train_images=recipe.train_images if recipe.train_images < there else 0)
    ranges = {
        name: [Range.parse(text, options.law) for text in options.train or profile.fewer.get(name, profile.train)]
        for name in options.denoisers or _available(profile.denoisers or DENOISERS)
    }
    variances = [Range.parse(text) for text in options.test or map(str, profile.test)]
    if wide := [variance for variance in variances if not variance.fixed]:
        raise ValueError(f"a test variance is one number, got the range {wide[0]}")
    protocol = Protocol(
        dataset,
        options.noise,
        tuple(variance.low for variance in variances),
        tuple(options.metrics or sorted(METRICS, key=lambda name: (METRICS[name].better != "higher", name))),
        images,
    )
    sections = []
    if options.grid:
        sections.append(plan.grid(ranges, protocol, recipe, seeds, source))
    if options.ablate:
        if options.train and len(options.train) > 1:
            raise ValueError(f"an ablation starts from one training range, got --train {' '.join(options.train)}")
        base = Range.parse(options.train[0], options.law) if options.train else Range(0.01, 0.01)
        for name in ABLATIONS if options.ablate == "all" else [options.ablate]:
            sections += plan.ablation(name, options.denoisers or [], base, protocol, recipe, seeds, source)
    return [
        replace(
            section, commands=(command(options, "--grid" if section.name == "grid" else f"--ablate {options.ablate}"),)
        )
        for section in sections
    ]


def _available(names: Iterable[str]) -> list[str]:
    """Those whose packages are installed; says which are left out, and how to have them."""
    from bench.plan import missing_package

    missing = {name: package for name in names if (package := missing_package(name))}
    for name, package in missing.items():
        _say(f"{name} is left out, since its package is not installed; to have it: pip install {package}")
    return [name for name in names if name not in missing]


def _measure(options: argparse.Namespace, work: Work, console: "Console") -> list[str]:
    """Fills in what the store is missing; returns what failed, in words."""
    from rich.markup import escape

    from bench.display import Display, describe
    from bench.execute import news_queue, run
    from bench.provenance import cores

    failures = []
    for section in work.sections:
        work.store.ask(section)
    if work.tasks:
        jobs = min(options.jobs or cores(), len(work.tasks))
        news = news_queue()
        with Display(console, work.tasks, news) as display:
            for result in run(work.tasks, jobs, news):
                work.store.keep(result)
                display.finish(result)
                if result.failure is not None:
                    failures.append(f"{describe(result.task)}: {escape(result.failure)}")
    for experiment in {experiment: None for section in work.sections for experiment in section.experiments}:
        if epoch := work.store.diverged(experiment):
            failures.append(
                f"{experiment.id}: the loss diverged in epoch {epoch}; a recipe with a lower lr may train it"
            )
    return failures


def _time(options: argparse.Namespace, work: Work, console: "Console") -> list[str]:
    """Times what was asked for, one after the other; returns what failed, in words."""
    from rich.markup import escape

    from bench import timings

    failures = []
    kinds: tuple[tuple[str, Sequence[str], Callable[[str], dict[str, Any]]], ...] = (
        ("latency", work.latencies, lambda name: timings.latency(name, HERE, options.device, options.plugin)),
        ("speed", work.speeds, lambda name: timings.speed(name, HERE, options.results, options.device)),
        ("calibration", work.calibrations, lambda name: timings.calibration(name, options.data, work.store)),
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
    from bench.calibration import outcomes

    found, _ = outcomes(store)
    return [f"{each.what}: {each.ours:.5g}, published {each.published:.5g}" for each in found if not each.holds]


def _denoise(options: argparse.Namespace, store: "Store", console: "Console") -> None:
    """Restores one image file; everything it needs was checked but the image itself."""
    from PIL import Image

    from bench.apply import denoise

    variance = Range.parse(options.variance).low if options.variance else None
    found = denoise(options.denoise, options.denoiser, store, variance)
    Image.fromarray(found.image).save(options.out)
    for note in found.notes:
        console.print(note, highlight=False)
    console.print(f"image    {options.out}", highlight=False)


def _report(store: "Store", sections: "Sequence[Section]", options: argparse.Namespace, console: "Console") -> None:
    """Prints this command's tables; writes the report and the figures that changed."""
    from bench import calibration, costs, report, tables
    from bench.display import show
    from bench.store import write

    for section in sections:
        rows = tables.rows(store, section)
        for metric in section.protocol.metrics:
            show(console, tables.scores(section, rows, metric, intervals=False))
    if options.latency:
        show(console, costs.latency_table(costs.latencies(store)))
    if options.speed:
        show(console, costs.speed_table(store.timings("speed")))
    if options.calibrate:
        found, absent = calibration.outcomes(store)
        show(console, calibration.table(found))
        for line in absent:
            console.print(f"not measured: {line}", highlight=False)
    published = store.root.resolve() == HERE / "results" / "full"
    path = HERE / "REPORT.md" if published else store.root / "REPORT.md"
    text, drawings = report.build(store, "results/full/figures" if published else "figures")
    write(path, text)
    drawn = [drawing for drawing in drawings if not store.has_figure(drawing.name, drawing.digest)]
    if drawn:
        from bench.figures import png

        for drawing in drawn:
            store.keep_figure(drawing.name, png(drawing.draw(), drawing.digest))
    console.print(
        f"report   {path}\nfigures  {store.figure('*')} ({len(drawings)}, {len(drawn)} drawn anew)", highlight=False
    )


if __name__ == "__main__":
    sys.exit(main())

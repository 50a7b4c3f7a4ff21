"""Desruido: what does a denoiser cost at the noise variances it was not trained for?"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.experiment import LAWS, Range
from bench.profiles import PROFILES, RECIPES
from bench.registry import UnknownName, load_plugin, pick

if TYPE_CHECKING:
    from rich.console import Console

    from bench.experiment import Task
    from bench.plan import Section
    from bench.store import Store

HERE = Path(__file__).resolve().parent

EXAMPLES = """examples:
  python run_all.py --grid                               train, score, tables, figures, report
  python run_all.py --grid --denoisers unet,median --train 0.01 0.001..0.1 --test 0.01 0.1
  python run_all.py --ablate training_noise              one factor at a time
  python run_all.py --latency --profile full             time every denoiser, batch by batch
  python run_all.py --report                             every report again, measuring nothing

A command that was stopped goes on where it was when given again. Exit status: 0 all done,
1 some experiments failed, 2 wrong usage, 130 stopped."""


def parser() -> argparse.ArgumentParser:
    """The command line; names are checked later, since looking them up imports torch."""
    parser = argparse.ArgumentParser(
        prog="run_all.py", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_argument_group("actions, which combine")
    actions.add_argument("--grid", action="store_true", help="train and score denoisers across noise variances")
    actions.add_argument("--ablate", metavar="NAME", help="run one ablation, or all of them: --ablate all")
    actions.add_argument("--latency", action="store_true", help="time every denoiser at several batch sizes")
    actions.add_argument("--speed", action="store_true", help="time this harness against the tutorial's loop")
    actions.add_argument("--report", action="store_true", help="write reports anew from what was measured")
    actions.add_argument("--list", action="store_true", help="name everything there is to choose from")
    choice = parser.add_argument_group("selections; the profile decides what is not given")
    choice.add_argument("--profile", metavar="NAME", help=f"{', '.join(PROFILES)} (default: quick)")
    choice.add_argument("--denoisers", metavar="A,B", type=_names, help="comma-separated (default: the profile's)")
    choice.add_argument(
        "--train",
        metavar="V",
        nargs="+",
        help="training variances: 0.01, or a range 0.001..0.1, or '0.001..0.1 log-uniform'",
    )
    choice.add_argument("--law", default="uniform", metavar="NAME", help=f"how ranges are drawn: {', '.join(LAWS)}")
    choice.add_argument("--test", metavar="V", nargs="+", help="test variances")
    choice.add_argument("--metrics", metavar="A,B", type=_names, help="comma-separated (default: all)")
    data = "what to train and score on: a dataset, or folder:PATH (default: the profile's)"
    choice.add_argument("--dataset", metavar="NAME", help=data)
    choice.add_argument("--train-data", metavar="NAME", help="what to train on, if --dataset is to be scored on alone")
    choice.add_argument("--noise", default="gaussian", metavar="NAME", help="what to corrupt with (default: gaussian)")
    choice.add_argument("--recipe", default="fast", metavar="NAME", help=f"{', '.join(RECIPES)} (default: fast)")
    choice.add_argument("--seeds", metavar="N", type=_count, help="trainings of each network")
    choice.add_argument("--plugin", metavar="FILE", type=Path, action="append", default=[], help="a plug-in's file")
    how = parser.add_argument_group("how")
    how.add_argument("--jobs", metavar="N", type=_count, help="worker processes of one thread (default: one per core)")
    how.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    how.add_argument("--results", metavar="DIR", type=Path, default=Path("results"), help="where results go")
    how.add_argument("--refresh", action="store_true", help="measure again what was measured by other code")
    how.add_argument("--dry-run", action="store_true", help="say what would be measured, and stop")
    return parser


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"needs names separated by commas, got {text!r}")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"needs a whole number of at least 1, got {text!r}")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    commands = parser()
    options = commands.parse_args(arguments)
    if not (options.grid or options.ablate or options.latency or options.speed or options.report or options.list):
        commands.print_usage(sys.stderr)
        return _say("nothing to do; say --grid, --ablate NAME, --latency, --speed, --report or --list", status=2)
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
    timed = options.latency or options.speed
    reports = [store] if sections or timed or options.profile else [Store(options.results / name) for name in PROFILES]
    if not (sections or timed) and options.report:
        reports = [each for each in reports if not each.empty]
        if not reports:
            raise ValueError(f"nothing was measured in {options.results}; measure with: python run_all.py --grid")
    tasks = pending(store, sections, options.device, options.plugin, options.refresh)
    if not options.refresh and (others := measured_by_other_code(store, sections)):
        _say(f"{others} experiments were measured by other code; --refresh measures them again")
    if sections or timed:
        store.check_writable()
    check(tasks)
    check_device(options.device)
    latencies, speeds = _timings(options, store) if timed else ([], [])
    return Work(store, sections, tasks, latencies, speeds, reports if sections or timed or options.report else [])


def _timings(options: argparse.Namespace, store: "Store") -> tuple[list[str], list[str]]:
    """Which denoisers and which figures of the harness are to be timed."""
    from bench import timings

    device, refresh = options.device, options.refresh
    latencies = timings.pending_latencies(store, options.denoisers, device, refresh) if options.latency else []
    return latencies, timings.pending_speeds(store, device, refresh) if options.speed else []


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
        console.print(f"{len(work.tasks)} experiments to measure; nothing was done", highlight=False)
        return 0
    try:
        failures = _measure(options, work, console) + _time(options, work, console)
        for store in work.reports:
            _report(store, work.sections, options, console)
    except (Damaged, UnknownName, OSError) as error:
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
    return sections


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
    )
    for kind, names, measure in kinds:
        for index, name in enumerate(names, start=1):
            count = f"{index} of {len(names)}, {kind} of [bold]{name}[/bold]"
            try:
                with console.status(f"{count}; the machine should do nothing else"):
                    work.store.keep_timing(kind, name, measure(name))
                outcome = "timed"
            except Exception as error:  # one that cannot be timed must not take the others down
                failures.append(f"{kind} of {name}: {escape(str(error))}")
                outcome = "[red]failed[/red]"
            console.print(f"{count}: {outcome}", highlight=False)
    return failures


def _report(store: "Store", sections: "Sequence[Section]", options: argparse.Namespace, console: "Console") -> None:
    """Prints this command's tables; writes the report and the figures that changed."""
    from bench import costs, report, tables
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

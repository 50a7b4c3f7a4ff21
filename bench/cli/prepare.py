"""From a command line to what is to be done, with everything checked before anything is trained or written."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from PIL import Image

from architectures import DENOISERS
from bench.ablations import ABLATIONS
from bench.cli.options import command
from bench.core.experiment import Protocol
from bench.core.recipes import RECIPES
from bench.core.registry import load_plugin, pick
from bench.core.tasks import Section, Task
from bench.core.variance import LAWS, Range
from bench.lookup.denoisers import missing_package
from bench.lookup.images import images_of, pinned, source_of, training_of
from bench.metrics import METRICS
from bench.run.checks import check, check_device
from bench.run.missing import measured_by_other_code, pending
from bench.run.plan import ablation, grid
from bench.run.profiles import PROFILES
from bench.run.workers import cluster
from bench.store.store import Store


@dataclass
class Work:
    """What a command has to do, all of it checked.

    Attributes:
        reports: stores whose report is to be written.
        notes: what the user should know beforehand.
    """

    store: Store
    sections: Sequence[Section]
    tasks: Sequence[Task]
    latencies: Sequence[str] = ()
    speeds: Sequence[str] = ()
    calibrations: Sequence[str] = ()
    reports: Sequence[Store] = ()
    notes: list[str] = field(default_factory=list)


def prepare(options: argparse.Namespace) -> Work:
    """Looks up and checks everything a command line asks for.

    Raises:
        UnknownName, ValueError, OSError: what came, what is needed, and the next step.
    """
    profile = options.profile or "quick"
    pick("profile", profile, PROFILES)
    for plugin in options.plugin:
        load_plugin(plugin)
    notes: list[str] = []
    store, sections = Store(options.results / profile), _sections(options, notes)
    timed = options.latency or options.speed or options.calibrate
    if options.denoise:
        _check_denoise(options)
    work = Work(store, sections, pending(store, sections, options.device, options.plugin, options.refresh), notes=notes)
    if not options.refresh and (others := measured_by_other_code(store, sections)):
        notes.append(f"{others} experiments were measured by other code; --refresh measures them again")
    if sections or timed:
        store.check_writable()
    check(work.tasks)
    if options.cluster and options.jobs:
        raise ValueError("--jobs is for this machine, and --cluster has workers of its own: leave one of them out")
    if options.cluster and work.tasks:
        with cluster(options.cluster):
            pass  # which says what is wrong with it
    else:
        check_device(options.device)
    if timed:
        _add_timings(work, options)
    if options.report:
        work.reports = _measured(options, [profile] if options.profile else list(PROFILES), bool(sections or timed))
    if (sections or timed) and not any(other.root == store.root for other in work.reports):
        work.reports = [*work.reports, store]
    return work


def _measured(options: argparse.Namespace, profiles: Iterable[str], none_will_do: bool) -> list[Store]:
    """The stores of some profiles that hold anything; raises ValueError if none does and one must."""
    stores = [store for name in profiles if not (store := Store(options.results / name)).empty]
    if not stores and not none_will_do:
        raise ValueError(f"nothing was measured in {options.results}; measure with: python run_all.py --grid")
    return stores


def _check_denoise(options: argparse.Namespace) -> None:
    """Raises ValueError or `UnknownName` unless an image, a denoiser, where it goes, and one variance are given."""
    if not options.denoiser or not options.out:
        raise ValueError("--denoise needs --with NAME, a denoiser, and --out IMAGE, where the restored image goes")
    _ = DENOISERS[options.denoiser]
    if options.variance and not Range.parse(options.variance).fixed:
        raise ValueError(f"--variance is one number, got {options.variance!r}")
    if not options.denoise.is_file():
        raise ValueError(f"there is no file {options.denoise}")
    kind = Image.registered_extensions().get(options.out.suffix.lower())
    if kind not in Image.SAVE or not options.out.parent.is_dir():
        raise ValueError(f"--out names an image in a folder that is there, such as clean.png, got {options.out}")


def _add_timings(work: Work, options: argparse.Namespace) -> None:
    """Which denoisers and which figures of the harness are to be timed, and what is to be calibrated."""
    from bench.calibration.measure import pending_calibrations
    from bench.timing.due import pending_latencies, pending_speeds  # late: slow to import

    store, device, refresh = work.store, options.device, options.refresh
    if options.latency:
        work.latencies = pending_latencies(store, options.denoisers, device, refresh)
    if options.speed:
        work.speeds = pending_speeds(store, device, refresh)
    if options.calibrate:
        work.calibrations = pending_calibrations(store, refresh)


def _sections(options: argparse.Namespace, notes: list[str]) -> list[Section]:
    """What was asked for, every name, option and range of it checked."""
    profile = PROFILES[options.profile or "quick"]
    pick("recipe", options.recipe, RECIPES)
    pick("law", options.law or LAWS[0], dict.fromkeys(LAWS))
    recipe, seeds, images = profile.recipe(options.recipe), options.seeds or profile.seeds, profile.images
    if not (options.grid or options.ablate):
        return []
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
        for name in options.denoisers or _available(profile.denoisers or DENOISERS, notes)
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
        asked = (command(options, "--grid"),)
        sections.append(replace(grid(ranges, protocol, recipe, seeds, source), commands=asked))
    if options.ablate:
        if options.train and len(options.train) > 1:
            raise ValueError(f"an ablation starts from one training range, got --train {' '.join(options.train)}")
        base = Range.parse(options.train[0], options.law) if options.train else Range(0.01, 0.01)
        asked = (command(options, f"--ablate {options.ablate}"),)
        if options.ablate == "all" and options.denoisers:
            raise ValueError(
                "--ablate all runs each ablation with the denoiser it is about; name one ablation to choose --denoisers"
            )
        for name in ABLATIONS if options.ablate == "all" else [options.ablate]:
            found = ablation(name, options.denoisers or [], base, protocol, recipe, seeds, source)
            sections += [replace(section, commands=asked) for section in found]
    return sections


def _available(names: Iterable[str], notes: list[str]) -> list[str]:
    """Those whose packages are installed; notes which are left out, and how to have them."""
    missing = {name: package for name in names if (package := missing_package(name))}
    for name, package in missing.items():
        notes.append(f"{name} is left out, since its package is not installed; to have it: pip install {package}")
    return [name for name in names if name not in missing]

"""From a command to what is to be done, with everything checked before anything is trained or written."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from architectures import DENOISERS
from bench.core.program import invocation
from bench.core.recipes import RECIPES
from bench.core.registry import load_plugin, pick
from bench.core.tasks import Section, Task
from bench.core.variance import LAWS, Range
from bench.measurements import MEASUREMENTS, Measurement, holds_any
from bench.running.applied.choose import Limits, advise, studies_at
from bench.running.applied.export import check_exportable
from bench.running.applied.restore_files import check_files
from bench.running.checks import check, check_device
from bench.running.command import Command
from bench.running.merge import check_other
from bench.running.missing import measured_by_other_code, pending
from bench.running.profiles import PROFILES
from bench.running.workers import cluster
from bench.store.store import Store


@dataclass(frozen=True)
class Job:
    """One kind of measurement that was asked for: its experiments, and the figures that the store lacks."""

    kind: str
    measurement: Measurement
    sections: Sequence[Section]
    due: Sequence[str]


@dataclass(frozen=True)
class Work:
    """What a command has to do, all of it checked.

    Attributes:
        studies: where denoisers for images are taken from, the first that has what fits.
        reports: stores whose report is to be written.
        notes: what the user should know beforehand.
        advice: which denoiser to take for an image, in lines.
    """

    store: Store
    studies: Sequence[Store]
    jobs: Sequence[Job]
    tasks: Sequence[Task]
    reports: Sequence[Store]
    notes: Sequence[str]
    advice: Sequence[str] = ()

    @property
    def sections(self) -> list[Section]:
        return [section for job in self.jobs for section in job.sections]


def prepare(command: Command) -> Work:
    """Looks up and checks everything a command asks for.

    Raises:
        UnknownName, ValueError, OSError: what came, what is needed, and the next step.
    """
    pick("profile", command.profile or "quick", PROFILES)
    for plugin in command.plugin:
        load_plugin(plugin)
    pick("recipe", command.recipe, RECIPES)
    pick("law", command.law or LAWS[0], dict.fromkeys(LAWS))
    store = Store(command.results / (command.profile or "quick"))
    _check_actions(command, store)
    if command.verify is not None and not (command.asked or holds_any(store)):
        raise ValueError(f"nothing was measured in {store.root}; measure with: {_grid(command)}")
    kinds = {kind: MEASUREMENTS[kind] for kind in command.asked}
    notes = [note for measurement in kinds.values() for note in measurement.notes(command)]
    sections = {kind: list(_sections(command, kind, measurement)) for kind, measurement in kinds.items()}
    every_section = [section for of_kind in sections.values() for section in of_kind]
    tasks = pending(store, every_section, command.device, command.plugin, command.refresh)
    if not command.refresh and (others := measured_by_other_code(store, every_section)):
        notes.append(f"{others} experiments were measured by other code; --refresh measures them again")
    check(tasks)
    _check_place(command, tasks)
    jobs = [Job(kind, kinds[kind], sections[kind], kinds[kind].due(command, store)) for kind in kinds]
    reports = _reports(command, store)
    for other in reports:
        other.check_writable()
    studies, advice = _studies(command, store), []
    if command.choose is not None:
        advice = advise(command.choose, studies, Limits(command.budget_ms, command.blind)).lines
    if (command.choose or command.denoise or command.export) and store not in studies:
        notes.append(f"nothing was measured in {store.root}, so the published study is used: {studies[0].root}")
    return Work(store, studies, jobs, tasks, reports, notes, advice)


def _check_actions(command: Command, store: Store) -> None:
    """Raises ValueError or `UnknownName` for an action on files that could not be carried out."""
    if command.denoise:
        _check_denoise(command)
    if command.export:
        _check_export(command)
    for root in command.merge:
        check_other(store, root)
    if command.export_results is not None:
        _check_folder(command.export_results, command, store)
    if command.choose and not command.choose.is_file():
        raise ValueError(
            f"--choose takes one image, and {command.choose} is a folder"
            if command.choose.is_dir()
            else f"there is no file {command.choose}"
        )
    if command.train and not command.asked:
        raise ValueError(f"--train says what to measure, and needs such an action: {invocation()} --grid")
    if command.variance and not (command.denoise or command.export):
        raise ValueError("--variance belongs to --denoise and --export")
    if command.budget_ms is not None and not command.budget_ms > 0:
        raise ValueError(f"--budget-ms is a time above zero, got {command.budget_ms:g}")
    if not command.choose and (command.budget_ms is not None or command.blind):
        raise ValueError("--budget-ms and --blind belong to --choose IMAGE")


def _sections(command: Command, kind: str, measurement: Measurement) -> Iterator[Section]:
    """The experiments of one kind of measurement, with the command that asks for them alone."""
    asked = command.again(f"{measurement.flag} {command.asked[kind]}".strip())
    for section in measurement.sections(command):
        yield replace(section, commands=(asked,))


def _check_place(command: Command, tasks: Sequence[Task]) -> None:
    """Raises ValueError where the tasks could not be measured."""
    program = getattr(sys.modules["__main__"], "__file__", None)
    if tasks and program is not None and program.startswith("<"):  # such as <stdin>
        raise ValueError(f"workers start the main program anew, and {program} is no file: put the program into one")
    if command.cluster and command.jobs:
        raise ValueError("--jobs is for this machine, and --cluster has workers of its own: leave one of them out")
    if command.cluster and tasks:
        with cluster(command.cluster):
            pass  # which says what is wrong with it
    else:
        check_device(command.device)


def _grid(command: Command) -> str:
    """What measures in the profile that a command names."""
    return f"{invocation()} --grid" + (f" --profile {command.profile}" if command.profile else "")


def _reports(command: Command, store: Store) -> list[Store]:
    """The stores whose report is to be written; raises ValueError where --report finds nothing measured."""
    reports = []
    if command.report:
        profiles = [command.profile] if command.profile else list(PROFILES)
        reports = [other for name in profiles if holds_any(other := Store(command.results / name))]
        if not reports and not (command.asked or command.merge):
            raise ValueError(f"nothing was measured in {command.results}; measure with: {_grid(command)}")
    if (command.asked or command.merge) and not any(other.root == store.root for other in reports):
        reports.append(store)
    return reports


def _studies(command: Command, store: Store) -> list[Store]:
    """The studies that denoisers are taken from: the one that is named, else what was measured here, then ours."""
    if command.profile or command.asked:
        return [store]
    return studies_at(store)


def _check_folder(folder: Path, command: Command, store: Store) -> None:
    """Raises ValueError unless there are results, and a folder for them that is new or empty."""
    if not (command.asked or command.merge or holds_any(store)):
        raise ValueError(f"nothing was measured in {store.root}; measure with: {_grid(command)}")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--export-results needs a folder, and {folder} is a file")
    if folder.is_dir() and any(folder.iterdir()) and not command.force:
        raise ValueError(f"{folder} is not empty: name another folder, or add --force to write into it")


def _check_export(command: Command) -> None:
    """Raises ValueError or `UnknownName` unless a network, an .onnx file and at most one variance are given."""
    if command.export is None or not command.denoiser:
        raise ValueError("--export needs --with NAME, a network")
    check_exportable(command.denoiser)
    if command.export.suffix != ".onnx" or not command.export.parent.is_dir():
        raise ValueError(f"--export names an .onnx file in a folder that is there, got {command.export}")
    if command.export.exists() and not command.force:
        raise ValueError(f"{command.export} is there already: name another file, or add --force to write over it")
    if command.variance and not Range.parse(command.variance).fixed:
        raise ValueError(f"--variance is one number, got {command.variance!r}")


def _check_denoise(command: Command) -> None:
    """Raises ValueError or `UnknownName` unless an image, where it goes, and at most one variance are given."""
    if command.denoise is None or command.out is None:
        raise ValueError("--denoise needs --out IMAGE, where the restored image goes")
    if command.denoiser:
        _ = DENOISERS[command.denoiser]
    if command.variance and not Range.parse(command.variance).fixed:
        raise ValueError(f"--variance is one number, got {command.variance!r}")
    check_files(command.denoise, command.out, command.force)

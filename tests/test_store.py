import errno
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST
from bench.core.registry import UnknownName
from bench.core.results import Progress, Restored
from bench.core.tasks import Result, Section, Task
from bench.core.variance import Range
from bench.running.missing import pending
from bench.store import files
from bench.store.files import MANIFEST, write
from bench.store.lock import alone
from bench.store.store import DamageWarning, Store
from tests.made_up import MEASURED

EXPERIMENT = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
PROTOCOL = Protocol("shapes", "gaussian", (0.01, 0.1), ("psnr", "mse"), 8)
ALL = ((0.01, "psnr"), (0.01, "mse"), (0.1, "psnr"), (0.1, "mse"))
HISTORY = [Progress(0.5, 0.123456789012345, None), Progress(1.0, 0.1, 0.2)]


def result(
    cells: tuple[tuple[float, str], ...], fresh: bool = False, shift: float = 0.0, protocol: Protocol = PROTOCOL
) -> Result:
    found: dict[float, dict[str, Any]] = {}
    for variance, metric in cells:
        found.setdefault(variance, {})[metric] = np.linspace(0, 1, 8) + variance + shift
    pictures = np.zeros((4, 16, 16), np.uint8)
    restored = [(protocol, Restored(variance, values, pictures, pictures)) for variance, values in found.items()]
    task = Task(EXPERIMENT, (), fresh=fresh)
    return Result(task, HISTORY, b"weights", restored, MEASURED)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results" / "quick")


def test_nothing_is_created_by_asking(store: Store) -> None:
    store.check_writable()
    assert store.missing(EXPERIMENT, PROTOCOL) == ALL
    assert store.sections() == []
    assert not store.root.parent.exists()


def test_what_is_kept_comes_back(store: Store) -> None:
    store.keep(result(ALL))
    assert store.missing(EXPERIMENT, PROTOCOL) == ()
    assert store.history(EXPERIMENT) == HISTORY
    assert store.weights(EXPERIMENT) == b"weights"
    scores = store.scores(EXPERIMENT, PROTOCOL)
    assert sorted((score.variance, score.metric) for score in scores) == sorted(ALL)
    assert scores[0].mean == np.linspace(0, 1, 8).mean() + 0.01
    assert scores[0].blocks == pytest.approx(np.linspace(0, 1, 8) + 0.01, rel=1e-5)
    examples = store.examples(EXPERIMENT, PROTOCOL)
    assert set(examples) == {"clean", "0.01", "0.1", *(f"{metric} {variance}" for variance, metric in ALL)}
    assert examples["psnr 0.01"] == pytest.approx(np.linspace(0, 1, 8)[:4] + 0.01)


def test_cells_are_added_and_others_stay(store: Store) -> None:
    store.keep(result(ALL[:1]))
    assert store.missing(EXPERIMENT, PROTOCOL) == ALL[1:]
    before = store.scores(EXPERIMENT, PROTOCOL)
    store.keep(result(ALL[1:], shift=5))
    assert store.missing(EXPERIMENT, PROTOCOL) == ()
    assert before[0] in store.scores(EXPERIMENT, PROTOCOL)
    with np.load(store.folder(EXPERIMENT) / f"images-{PROTOCOL.digest}.npz") as images:
        assert set(images.files) == {"psnr 0.01", "mse 0.01", "psnr 0.1", "mse 0.1"}


def test_a_fresh_result_replaces(store: Store) -> None:
    store.keep(result(ALL))
    store.keep(result(ALL[:1], fresh=True, shift=1))
    assert [(s.variance, s.metric) for s in store.scores(EXPERIMENT, PROTOCOL)] == [ALL[0]]


def test_a_failure_after_training_keeps_the_weights(store: Store) -> None:
    broken = result(())
    broken.failure = "RuntimeError: metric"
    store.keep(broken)
    assert store.weights(EXPERIMENT) == b"weights"
    assert store.missing(EXPERIMENT, PROTOCOL) == ALL


def test_a_training_that_failed_half_way_replaces_nothing_and_one_that_diverged_its_weights(store: Store) -> None:
    store.keep(result(ALL))
    broken = result((), fresh=True)
    broken.weights, broken.history, broken.failure = None, HISTORY[:1], "RuntimeError: no memory"
    store.keep(broken)
    assert (store.weights(EXPERIMENT), store.history(EXPERIMENT)) == (b"weights", HISTORY)
    assert store.missing(EXPERIMENT, PROTOCOL) == ()
    unscored = result((), fresh=True)
    unscored.weights, unscored.failure = b"others", "RuntimeError: metric"
    store.keep(unscored)
    assert (store.weights(EXPERIMENT), store.missing(EXPERIMENT, PROTOCOL)) == (b"weights", ())
    broken.history, broken.failure = [Progress(0.5, float("nan"), None)], None
    store.keep(broken)
    assert (store.weights(EXPERIMENT), store.diverged(EXPERIMENT)) == (None, 1)
    assert store.scores(EXPERIMENT, PROTOCOL) == []


def test_a_training_anew_is_scored_wherever_the_old_one_was(store: Store) -> None:
    laplace = replace(PROTOCOL, noise="laplace")
    wide = replace(PROTOCOL, variances=(*PROTOCOL.variances, 0.2))
    for protocol in (PROTOCOL, laplace):
        store.ask(Section("grid", protocol, (EXPERIMENT,)))
        store.keep(result(ALL, protocol=protocol))
    (task,) = pending(store, [Section("grid", wide, (EXPERIMENT,))])
    assert (task.weights, task.fresh, task.cells) == (b"weights", False, 2)
    (store.folder(EXPERIMENT) / "weights.safetensors").unlink()
    (task,) = pending(store, [Section("grid", wide, (EXPERIMENT,))])
    assert task.fresh
    assert {r.protocol.noise: len(r.cells) for r in task.requests} == {"gaussian": 6, "laplace": 4}
    assert pending(store, [Section("grid", PROTOCOL, (EXPERIMENT,))]) == []


def test_a_training_anew_needs_every_metric_it_was_scored_by(store: Store) -> None:
    own = replace(PROTOCOL, metrics=("psnr", "lpips"))
    store.ask(Section("grid", own, (EXPERIMENT,)))
    store.keep(result(ALL[:1], protocol=own))
    (store.folder(EXPERIMENT) / "weights.safetensors").unlink()
    assert len(pending(store, [Section("grid", PROTOCOL, (EXPERIMENT,))])) == 1  # another may have been scored by it
    store.keep(result(((0.01, "lpips"),), protocol=own))
    (store.folder(EXPERIMENT) / "weights.safetensors").unlink()
    with pytest.raises(UnknownName, match=r"no metric named 'lpips'; there are: .*; --plugin FILE loads one"):
        pending(store, [Section("grid", PROTOCOL, (EXPERIMENT,))])


@pytest.mark.parametrize("name", ["a,b", 'a"b', "a\nb", "a\r\nb", "a\u2028b"])
def test_a_metric_of_any_name_comes_back(store: Store, name: str) -> None:
    store.keep(result(((0.01, name), (0.1, "psnr"))))
    assert [(s.variance, s.metric) for s in store.scores(EXPERIMENT, PROTOCOL)] == [(0.01, name), (0.1, "psnr")]


def test_line_ends_of_another_system_are_read_where_no_manifest_forbids_them(store: Store) -> None:
    store.keep(result(ALL))
    path, before = store.folder(EXPERIMENT) / f"scores-{PROTOCOL.digest}.csv", store.scores(EXPERIMENT, PROTOCOL)
    edited(path, lambda data: data.replace(b"\n", b"\r\n"), unlisted=True)
    assert store.scores(EXPERIMENT, PROTOCOL) == before


def test_two_commands_never_measure_in_one_store(store: Store) -> None:
    with alone(store.root):
        other, elsewhere = alone(store.root), alone(store.root.parent / "full")
        who = rf"another command measures in .*quick \(process {os.getpid()} on .*, since .*\): wait for it"
        with pytest.raises(ValueError, match=who), other:
            raise AssertionError
        with elsewhere:
            pass
    with alone(store.root):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks in another way")
@pytest.mark.parametrize("name", ["ENOLCK", "EOPNOTSUPP", "ENOSYS", "EBADF"])
def test_a_file_system_without_locks_is_told_and_used(store: Store, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def refused(*_: object) -> None:
        raise OSError(getattr(errno, name), os.strerror(getattr(errno, name)))

    monkeypatch.setattr("fcntl.flock", refused)
    entered = []
    for _ in range(2):  # whatever the first left behind
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with alone(store.root):
                entered.append(True)
        said = "falling back to SoftFileLock" if name == "ENOSYS" else "let no other command measure there"
        assert [said in str(note.message) for note in told] == [True]
    assert entered == [True, True]


def test_a_divergence_is_remembered_and_not_tried_again(store: Store) -> None:
    diverged = result(())
    diverged.history = [Progress(0.5, 1.0, None), Progress(1.2, float("nan"), None)]
    store.keep(diverged)
    assert store.diverged(EXPERIMENT) == 2
    assert store.missing(EXPERIMENT, PROTOCOL) == ()


def test_sections_join_what_was_asked_before(store: Store) -> None:
    narrow = Section("grid", Protocol("shapes", "gaussian", (0.2,), ("ssim",), 8), (EXPERIMENT.but(seed=1),))
    store.ask(Section("grid", PROTOCOL, (EXPERIMENT,)))
    store.ask(narrow)
    (section,) = store.sections()
    assert {e.seed for e in section.experiments} == {0, 1}
    assert section.protocol.variances == (0.01, 0.1, 0.2)
    store.ask(narrow)
    assert store.sections() == [section]


def test_sections_know_the_commands_that_asked_for_them(store: Store) -> None:
    for number in (1, 2, 1):
        store.ask(Section("grid", PROTOCOL, (EXPERIMENT,), (f"python run_all.py --grid --seeds {number}",)))
    (section,) = store.sections()
    assert section.commands == ("python run_all.py --grid --seeds 1", "python run_all.py --grid --seeds 2")


def test_examples_are_of_the_first_seed_alone(store: Store) -> None:
    for seed in (0, 1):
        each = result(ALL)
        each.task = replace(each.task, experiment=EXPERIMENT.but(seed=seed))
        store.keep(each)
        assert bool(store.examples(each.task.experiment, PROTOCOL)) == (seed == 0)


SCORES = f"scores-{PROTOCOL.digest}.csv"


def edited(path: Path, change: Callable[[bytes], bytes], unlisted: bool = False) -> None:
    """Changes a file behind the store's back; `unlisted` takes away the manifest too, as in an older store."""
    path.write_bytes(change(path.read_bytes()))
    if unlisted:
        (path.parent / MANIFEST).unlink()


@pytest.mark.parametrize("unlisted", [False, True], ids=["manifest", "older store"])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        (SCORES, lambda data: data.replace(b"0.01,mse,0.51,", b"0.01,mse,0.0001,")),
        (SCORES, lambda data: data[:200]),
        (SCORES, lambda data: data.replace(b",8,", b",9,")),
        (SCORES, lambda data: data.replace(b"mean", b"meam")),
        ("history.csv", lambda data: b"epoch\n1\n"),
        ("experiment.json", lambda data: b"{"),
        ("experiment.json", lambda data: data.replace(b'"seed": 0', b'"seed": 1')),
        ("provenance.json", lambda data: data[:100]),
    ],
)
def test_what_does_not_check_is_set_aside_and_counts_as_missing(
    store: Store, name: str, change: Callable[[bytes], bytes], unlisted: bool
) -> None:
    store.keep(result(ALL))
    path = store.folder(EXPERIMENT) / name
    before = path.read_bytes()
    edited(path, change, unlisted)
    after = path.read_bytes()
    assert after != before
    with pytest.warns(DamageWarning, match=rf"{name} is damaged .*set aside as .*damaged/{EXPERIMENT.id}/{name}"):
        assert store.missing(EXPERIMENT, PROTOCOL) == ALL
    assert (store.root / "damaged" / EXPERIMENT.id / name).read_bytes() == after
    assert store.missing(EXPERIMENT, PROTOCOL) == ALL  # and nothing more is said
    store.keep(result(ALL, fresh=True))
    assert store.missing(EXPERIMENT, PROTOCOL) == ()


@pytest.mark.parametrize("name", ["weights.safetensors", f"examples-{PROTOCOL.digest}.npz"])
def test_damaged_weights_and_examples_are_not_used(store: Store, name: str) -> None:
    store.keep(result(ALL))
    for _ in range(2):
        edited(store.folder(EXPERIMENT) / name, lambda data: data[:-1])
        with pytest.warns(DamageWarning, match=name):
            assert not (store.weights(EXPERIMENT) if name.startswith("w") else store.examples(EXPERIMENT, PROTOCOL))
        assert store.missing(EXPERIMENT, PROTOCOL) == (() if name.startswith("w") else ALL)
        store.keep(result(ALL, fresh=True))
    assert len(list((store.root / "damaged" / EXPERIMENT.id).iterdir())) == 2  # neither replaces the other


def test_a_file_that_the_manifest_does_not_name_is_not_used(store: Store) -> None:
    store.keep(result(ALL[:1]))
    other = replace(PROTOCOL, seed=1)
    (store.folder(EXPERIMENT) / SCORES.replace(PROTOCOL.digest, other.digest)).write_bytes(
        (store.folder(EXPERIMENT) / SCORES).read_bytes()
    )
    with pytest.warns(DamageWarning, match="not in the manifest"):
        assert store.scores(EXPERIMENT, other) == []


def test_a_store_that_cannot_be_written_is_read_without_what_does_not_check(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.keep(result(ALL))
    edited(store.folder(EXPERIMENT) / SCORES, lambda data: data[:-1])

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.warns(DamageWarning, match=r"cannot be set aside \(Permission denied\)"):
        assert store.scores(EXPERIMENT, PROTOCOL) == []


def test_verifying_looks_at_every_file(store: Store) -> None:
    store.ask(Section("grid", PROTOCOL, (EXPERIMENT,)))
    store.keep(result(ALL))
    assert store.verify() == (8, 0)  # seven files of the experiment and the section
    edited(store.folder(EXPERIMENT) / f"images-{PROTOCOL.digest}.npz", lambda data: data + b" ")
    with pytest.warns(DamageWarning, match="images-"):
        assert store.verify() == (8, 1)
    assert store.verify() == (7, 0)


def test_one_damaged_section_does_not_block_the_others(store: Store) -> None:
    for name in ("grid", "depth", "width"):
        store.ask(Section(name, PROTOCOL, (EXPERIMENT,)))
    edited(next(store.root.glob("section-depth*")), lambda data: data[:200])
    edited(next(store.root.glob("section-width*")), lambda data: data.replace(b'"seed": 0', b'"seed": 1'))
    with pytest.warns(DamageWarning) as warned:
        assert [section.name for section in store.sections()] == ["grid"]
    assert [str(warning.message).count("damaged/section-") for warning in warned] == [1, 1]
    assert len(list((store.root / "damaged").iterdir())) == 2


def test_a_section_of_an_earlier_version_gets_a_name_that_shows_damage_when_more_is_asked(store: Store) -> None:
    section = Section("grid", PROTOCOL, (EXPERIMENT,), ("a",))
    store.ask(section)
    (path,) = store.root.glob("section-*.json")
    path.rename(store.root / f"section-{section.key}.json")
    assert store.sections() == [section]
    store.ask(section)
    assert [path.name for path in store.root.iterdir()] == [f"section-{section.key}.json"]
    store.ask(replace(section, commands=("b",)))
    assert {path.stem.count("-") for path in store.root.iterdir()} == {3}
    assert set(store.sections()[0].commands) == {"a", "b"}


def test_stores_that_are_copied_together_keep_what_both_were_asked(tmp_path: Path) -> None:
    first, second = Store(tmp_path / "first"), Store(tmp_path / "second")
    other = EXPERIMENT.but(seed=1)
    first.ask(Section("grid", PROTOCOL, (EXPERIMENT,), ("a",)))
    first.keep(result(ALL))
    second.ask(Section("grid", PROTOCOL, (other,), ("b",)))
    second.keep(replace(result(ALL), task=Task(other, ())))
    shutil.copytree(second.root, first.root, dirs_exist_ok=True)
    (section,) = first.sections()
    assert {first.missing(experiment, PROTOCOL) for experiment in section.experiments} == {()}
    assert set(section.experiments) == {EXPERIMENT, other}


# A folder that is replaced as a whole.


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("whole_writes", range(8))
def test_a_full_disk_leaves_what_was_there(
    store: Store, monkeypatch: pytest.MonkeyPatch, fresh: bool, whole_writes: int
) -> None:
    """Seven files and the manifest are written; the disk is full in the middle of each of them in turn."""
    store.keep(result(ALL[:1]))
    before, steps, actual = files_of(store.root), Steps(whole_writes), files._write

    def write(path: Path, data: bytes) -> None:
        if steps.left:
            steps.left -= 1
            actual(path, data)
        else:
            actual(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_write", write)
    with pytest.raises(OSError, match=f"No space left on device: '{store.folder(EXPERIMENT)}'"):
        store.keep(result(ALL, fresh=fresh, shift=1))
    assert files_of(store.root) == before
    monkeypatch.undo()
    store.keep(result(ALL, fresh=fresh, shift=1))
    assert store.missing(EXPERIMENT, PROTOCOL) == ()


def files_of(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_replacement_that_was_killed_is_ended_by_the_next_command(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each step on the disk in turn: afterwards the old scores are there or the new ones, whole."""
    outcomes = set()
    for step in range(100):
        shutil.rmtree(store.root, ignore_errors=True)
        store.keep(result(ALL[:1]))
        old = store.scores(EXPERIMENT, PROTOCOL)
        with monkeypatch.context() as patch:
            steps = Steps(step)
            for owner, name in ((files, "_write"), (Path, "rename"), (Path, "mkdir"), (shutil, "rmtree")):
                patch.setattr(owner, name, steps.before(getattr(owner, name)))
            with suppress(Killed):
                store.keep(result(ALL, fresh=True, shift=1))
        store.mend()
        scores = store.scores(EXPERIMENT, PROTOCOL)
        outcomes.add("old" if scores == old else "new" if len(scores) == 4 else "other")
        assert not [path for path in store.root.iterdir() if path.name.startswith(".")]
        if steps.left > 0:
            break
    assert step > 10
    assert outcomes == {"old", "new"}


def test_half_files_of_a_killed_command_are_taken_away(store: Store) -> None:
    store.keep(result(ALL))
    before = files_of(store.root)
    for folder in (store.root, store.root / "figures"):
        folder.mkdir(exist_ok=True)
        (folder / ".REPORT.md.12345").write_text("half")
    (store.root / ".reported").write_text("whole")
    store.mend()
    assert files_of(store.root) == before | {".reported": b"whole"}


class Killed(BaseException):
    """What ends a process at once; nothing after it touches the disk."""


class Steps:
    """Lets some steps happen and none after them."""

    def __init__(self, left: int) -> None:
        self.left = left

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            if self.left <= 0:
                raise Killed
            self.left -= 1
            return function(*arguments, **options)

        return step


def test_results_below_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(NotADirectoryError, match="which is no folder"):
        Store(tmp_path / "results" / "quick").check_writable()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_results_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot be written"):
        Store(tmp_path / "results").check_writable()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no folder where nobody may write")
def test_results_where_nobody_may_write_are_refused() -> None:
    with pytest.raises(PermissionError, match=r"cannot be written below /proc/self .*choose --results"):
        Store(Path("/proc/self/results")).check_writable()


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write(path, "before")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]

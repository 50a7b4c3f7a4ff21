import os
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
from bench.store.files import Damaged, write
from bench.store.lock import alone
from bench.store.store import Store
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
    assert set(store.examples(EXPERIMENT, PROTOCOL)) == {"clean", "0.01", "0.1"}


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


def test_line_ends_of_another_system_are_read(store: Store) -> None:
    store.keep(result(ALL))
    path, before = store.folder(EXPERIMENT) / f"scores-{PROTOCOL.digest}.csv", store.scores(EXPERIMENT, PROTOCOL)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert store.scores(EXPERIMENT, PROTOCOL) == before


def test_two_commands_never_measure_in_one_store(store: Store) -> None:
    with alone(store.root):
        other, elsewhere = alone(store.root), alone(store.root.parent / "full")
        with pytest.raises(ValueError, match=r"another command measures in .*quick; wait for it, or choose"), other:
            raise AssertionError
        with elsewhere:
            pass
    with alone(store.root):
        pass


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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"scores-{PROTOCOL.digest}.csv", "variance,metric,mean\n0.1,psnr,3\n"),
        (f"scores-{PROTOCOL.digest}.csv", "variance,metric,mean,spread,images,blocks\n0.1,psnr,x,0,1,1\n"),
        ("history.csv", "epoch\n1\n"),
    ],
)
def test_a_damaged_file_is_named(store: Store, name: str, content: str) -> None:
    store.keep(result(ALL))
    (store.folder(EXPERIMENT) / name).write_text(content)
    with pytest.raises(Damaged, match=rf"{name} is damaged .*; delete it"):
        store.missing(EXPERIMENT, PROTOCOL)


def test_a_damaged_section_is_named(store: Store) -> None:
    store.ask(Section("grid", PROTOCOL, (EXPERIMENT,)))
    (path,) = store.root.glob("section-*.json")
    path.write_text('{"name": "grid"}')
    with pytest.raises(Damaged, match=path.name):
        store.sections()
    path.write_text('{"name": ')
    with pytest.raises(Damaged, match=path.name):
        store.sections()


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

"""Stores of several machines become one."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import run_all
from bench.core.experiment import Protocol
from bench.core.tasks import Section
from bench.measurements import MEASUREMENTS
from bench.running.merge import merge
from bench.store.store import Store
from tests import made_up
from tests.conftest import Counter
from tests.made_up import UNET

PROTOCOL = Protocol("shapes", "gaussian", (0.01,), ("psnr",), 4)
OTHERS = UNET.but(seed=1)


def store_with(root: Path, psnr: dict[int, float], protocol: Protocol = PROTOCOL) -> Store:
    """A store of U-Nets, whose PSNR are given by seed."""
    store = Store(root)
    for seed, level in psnr.items():
        made_up.keep(store, protocol, UNET.but(seed=seed), {0.01: level + np.arange(4) / 100})
    store.ask(Section("grid", protocol, tuple(UNET.but(seed=seed) for seed in psnr)))
    return store


def means(store: Store) -> dict[int, float]:
    (section,) = store.sections()
    return {
        experiment.seed: score.mean
        for experiment in section.experiments
        for score in store.scores(experiment, section.protocol)
    }


def test_what_is_not_here_is_taken_and_what_is_stays(tmp_path: Path) -> None:
    ours, theirs = store_with(tmp_path / "a", {0: 30.0}), store_with(tmp_path / "b", {0: 30.0, 1: 31.0})
    theirs.keep_timing("latency", "unet", {"rows": []})
    merged = merge(ours, theirs.root, MEASUREMENTS)
    assert (merged.taken, merged.same, merged.left) == (1, 1, [])
    assert means(ours) == pytest.approx({0: 30.015, 1: 31.015})
    assert ours.timings("latency") == {"unet": {"rows": []}}
    again = merge(ours, theirs.root, MEASUREMENTS)
    assert (again.taken, again.same, again.left) == (0, 2, [])


def test_scores_under_another_protocol_complete_an_experiment(tmp_path: Path) -> None:
    ours = store_with(tmp_path / "a", {0: 30.0})
    theirs = store_with(tmp_path / "b", {0: 30.0})
    laplace = Protocol("shapes", "laplace", (0.01,), ("psnr",), 4)
    store_with(theirs.root, {0: 29.0}, laplace)
    merged = merge(ours, theirs.root, ())
    assert (merged.completed, merged.left) == (1, [])
    assert [score.mean for score in ours.scores(UNET, laplace)] == pytest.approx([29.015])
    assert [score.mean for score in ours.scores(UNET, PROTOCOL)] == pytest.approx([30.015])


def test_cells_of_one_protocol_are_joined(tmp_path: Path) -> None:
    wide = Protocol("shapes", "gaussian", (0.01, 0.1), ("psnr",), 4)
    stores = Store(tmp_path / "a"), Store(tmp_path / "b")
    for store, variance in zip(stores, wide.variances, strict=True):
        made_up.keep(store, wide, UNET, {variance: 30 - variance + np.arange(4) / 100})
    stores[1].ask(Section("grid", wide, (UNET,)))
    merged = merge(stores[0], stores[1].root, ())
    assert (merged.completed, merged.left) == (1, [])
    assert {score.variance: score.mean for score in stores[0].scores(UNET, wide)} == pytest.approx(
        {0.01: 30.005, 0.1: 29.915}
    )
    assert stores[0].missing(UNET, wide) == ()
    assert set(stores[0].examples(UNET, wide)) >= {"clean", "0.01", "0.1"}


def test_what_differs_is_named_and_ours_stays(tmp_path: Path) -> None:
    ours, theirs = store_with(tmp_path / "a", {0: 30.0}), store_with(tmp_path / "b", {0: 25.0})
    ours.keep_timing("latency", "unet", {"rows": [1]})
    theirs.keep_timing("latency", "unet", {"rows": [2]})
    merged = merge(ours, theirs.root, MEASUREMENTS)
    assert merged.left == [
        f"{UNET.id} differs from ours, which stays",
        "latency of unet was measured here too; ours stays",
    ]
    assert means(ours) == pytest.approx({0: 30.015})
    assert ours.timings("latency") == {"unet": {"rows": [1]}}


def test_equal_scores_by_other_code_are_said_to_be_that(tmp_path: Path) -> None:
    ours, theirs = Store(tmp_path / "a"), Store(tmp_path / "b")
    for store, code in ((ours, "0123456789"), (theirs, "abcdef0123")):
        measured = replace(made_up.MEASURED, sources={"score": code})
        made_up.keep(store, PROTOCOL, UNET, {0.01: 30.0 + np.arange(4) / 100}, measured=measured)
    assert merge(ours, theirs.root, ()).left == [f"{UNET.id} was measured by other code than ours, which stays"]


@pytest.mark.parametrize("name", ["scores", "provenance", "experiment"])
def test_what_is_damaged_is_left_out_and_stays_where_it_is(tmp_path: Path, name: str) -> None:
    ours, theirs = store_with(tmp_path / "a", {0: 30.0}), store_with(tmp_path / "b", {1: 31.0})
    (path,) = theirs.folder(OTHERS).glob(f"{name}*")
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    before = path.read_bytes()
    merged = merge(ours, theirs.root, ())
    assert merged.taken == 0
    assert any(f"{theirs.folder(OTHERS)} is damaged" in reason for reason in merged.left)
    assert path.read_bytes() == before
    assert not (theirs.root / "damaged").exists()
    assert not ours.folder(OTHERS).exists()


def test_a_damaged_section_is_left_out(tmp_path: Path) -> None:
    ours, theirs = store_with(tmp_path / "a", {0: 30.0}), store_with(tmp_path / "b", {1: 31.0})
    (path,) = theirs.root.glob("section-*")
    path.write_bytes(path.read_bytes()[:100])
    merged = merge(ours, theirs.root, ())
    assert merged.taken == 1
    assert [reason for reason in merged.left if path.name in reason]
    assert path.exists()


def test_the_command_merges_and_reports(counter: Counter, measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--profile", "smoke")
    assert counter.run("--grid", *words, "--denoisers", "clip", "--test", "0.01", "--metrics", "psnr") == 0
    shutil.copytree(measured / "results", "other")
    assert counter.run("--merge", "other/smoke", *words) == 0
    assert "merged   other/smoke: " in capsys.readouterr().out
    assert counter.trained == []
    assert {path.name for path in Path("other/smoke").glob("*-*")} <= {
        p.name for p in Path("results/smoke").glob("*-*")
    }
    assert "unet" in Path("results/smoke/REPORT.md").read_text()
    shutil.copytree("other/smoke", "other/quick")
    for root, message in (
        ("absent", "absent holds no results of a study"),
        ("other", "other holds no results of a study"),
        ("results/smoke", "is the store to merge into"),
        ("other/quick", "is of the profile 'quick', and goes into results/smoke: add --profile quick"),
    ):
        assert run_all.main(["--merge", root, *words]) == 2
        assert message in capsys.readouterr().err

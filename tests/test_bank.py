"""A bank of specialists: the noise of each image is estimated, and the nearest specialist taken."""

from pathlib import Path

import numpy as np
import pytest

from bench.measurements import chapters
from bench.report.chapters.bank import bank_table
from bench.report.report import build
from bench.running.applied.bank import _nearest, banks, estimates, priced
from bench.store.store import Store
from tests.conftest import Counter

GRID = (
    *("--grid", "--profile", "smoke", "--denoisers", "clip,conv_autoencoder", "--metrics", "psnr", "--jobs", "1"),
    *("--train", "0.005", "0.1", "0.005..0.1", "--test", "0.005", "0.05", "0.1"),
)


def test_the_nearest_training_is_that_of_the_nearest_ratio() -> None:
    assert _nearest(np.array([0.0, 0.009, 0.031, 0.033, 1.0]), [0.01, 0.1]).tolist() == [0, 0, 0, 1, 1]


def test_a_bank_has_the_scores_of_what_it_chooses(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run(*GRID) == 0
    assert counter.run("--bank", "--profile", "smoke") == 0
    assert "minus the true specialist" in capsys.readouterr().out
    assert counter.run("--bank", "--profile", "smoke") == 0  # nothing is left to do
    store = Store(Path("results/smoke"))
    ((name, bank),) = banks(store).items()
    assert (bank.title, list(bank.specialists)) == ("conv_autoencoder on shapes", [0.005, 0.1])
    measured = store.timings("bank")[name]
    assert measured == priced(bank, store)
    for row in measured["rows"]:
        levels = estimates(bank.protocol, row["variance"])
        low, high = (
            store.images(bank.specialists[trained][0], bank.protocol)[f"psnr {row['variance']}"]
            for trained in (0.005, 0.1)
        )
        chosen = np.where(levels < (0.005 * 0.1) ** 0.5, low, high)
        assert row["bank"][0] == pytest.approx(chosen.mean())
        assert row["right"] is None if row["variance"] == 0.05 else 0.8 < row["right"] <= 1
        assert row["specialist"] is None if row["variance"] == 0.05 else abs(row["specialist"][0]) < 1
    text = build(store, makers=chapters()).pages["pages/noise.md"]
    assert "Estimate and choose, or train once?" in text
    assert "dB against the true specialist (1 seed, 128 test images). It stores 2 networks instead of one." in text
    measured["rows"][0]["right"] = 0.0
    store.keep_timing("bank", name, measured)
    assert [row[-1] for row in bank_table(store).rows][:2] == ["0 %", ""]


def test_each_range_of_a_network_has_a_bank_of_its_own(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run(*GRID, "0.05", "--train", "0.005", "0.1", "0.005..0.1", "0.005..0.1 log-uniform") == 0
    found = banks(Store(Path("results/smoke")))
    assert {str(bank.ranged[0].variance) for bank in found.values()} == {"0.005..0.1", "0.005..0.1 log-uniform"}
    capsys.readouterr()
    assert counter.run("--bank", "--profile", "smoke") == 0
    said = capsys.readouterr().out
    assert "conv_autoencoder on shapes, 0.005..0.1 log-uniform" in " ".join(said.split())


def test_banks_of_one_network_under_two_recipes_are_two(counter: Counter) -> None:
    assert counter.run(*GRID) == 0
    assert counter.run(*GRID, "--recipe", "tutorial") == 0
    store = Store(Path("results/smoke"))
    for key, bank in banks(store).items():
        assert {e.recipe for of in bank.specialists.values() for e in of.values()} == {bank.ranged[0].recipe}
        store.keep_timing("bank", key, priced(bank, store))
    first, second = bank_table(store).rows[0][0], bank_table(store).rows[-1][0]
    titles = {f"conv_autoencoder on shapes, 0.005..0.1, {name}" for name in ("fast, epochs=4", "tutorial")}
    assert {first, second} == titles


def test_a_bank_is_priced_again_with_further_seeds_and_keeps_what_was_tested_on_all(counter: Counter) -> None:
    assert counter.run(*GRID) == 0
    assert counter.run("--bank", "--profile", "smoke") == 0
    assert counter.run(*GRID, "--seeds", "2") == 0
    assert counter.run(*GRID[:9], "--train", "0.1", "--test", "0.02") == 0  # tests one training further
    store = Store(Path("results/smoke"))
    ((key, bank),) = banks(store).items()
    assert bank.protocol.variances == (0.005, 0.05, 0.1)
    assert counter.run("--bank", "--profile", "smoke") == 0
    assert store.timings("bank")[key]["seeds"] == 2


def test_a_bank_whose_trainings_were_not_tested_has_no_finding(counter: Counter) -> None:
    trained, tested = ("--train", "0.02", "0.03", "0.001..0.1"), ("--test", "0.01", "0.05")
    assert counter.run(*GRID, *trained, *tested) == 0
    assert counter.run("--bank", "--profile", "smoke") == 0
    text = build(Store(Path("results/smoke")), makers=chapters()).pages["pages/noise.md"]
    assert "A bank of specialists" in text
    assert "on average over the test variances that have a specialist" not in text


def test_a_bank_is_of_networks_that_are_not_told(counter: Counter) -> None:
    assert counter.run(*GRID, "--denoisers", "unet_conditioned", "--train", "0.005", "0.1", "0.005..0.1") == 0
    assert not banks(Store(Path("results/smoke")))


def test_a_bank_needs_the_psnr(counter: Counter) -> None:
    assert counter.run(*GRID, "--metrics", "mse") == 0
    assert counter.run("--bank", "--profile", "smoke") == 2


def test_a_bank_needs_specialists_around_a_range(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run("--grid", "--profile", "smoke", "--denoisers", "clip", "--test", "0.01") == 0
    assert counter.run("--bank", "--profile", "smoke") == 2
    said = capsys.readouterr().err
    assert "--bank needs a network trained at several variances" in said
    assert "python run_all.py --grid --profile smoke" in said

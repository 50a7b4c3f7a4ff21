"""Whether the choice of a denoiser holds, image by image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.core.results import Array
from bench.report.chapters.proof import proof_table
from bench.running.applied.bank import levels
from bench.running.applied.proof import CLOSE, Case, cases, proven
from bench.store.store import Store
from tests import made_up
from tests.conftest import Counter

WORDS = (
    *("--grid", "--profile", "smoke", "--denoisers", "clip,median,conv_autoencoder", "--metrics", "psnr"),
    *("--jobs", "1", "--train", "0.005", "0.1", "0.005..0.1", "--test", "0.005", "0.05", "0.1"),
)


@pytest.fixture
def case(counter: Counter) -> Case:
    assert counter.run(*WORDS) == 0
    (found,) = cases(Store(Path("results/smoke"))).values()
    return found


def by_hand(case: Case, number: int, image: int) -> int:
    """The row with the highest mean over the other images and over what the noise of this one may be."""
    level = levels(case.section.protocol, case.tested[number])[image]
    others = np.delete(case.psnr, image, axis=2).mean(2)
    points = np.clip(level.likely, case.tested[0], case.tested[-1])
    return int(np.argmax([np.interp(np.log(points), np.log(case.tested), row).mean() for row in others]))


def losses(case: Case, choices: Array) -> Array:
    """Choices, (V, N), against the row of the highest mean at each variance."""
    numbers = range(len(case.tested))
    images = np.arange(case.psnr.shape[2])
    lost = [case.psnr[case.psnr[:, n].mean(1).argmax(), n] - case.psnr[choices[n], n, images] for n in numbers]
    return np.array(lost)


def test_the_choice_is_that_of_the_other_images_and_loses_what_they_say(case: Case) -> None:
    proof = proven(case)
    assert (proof["variances"], proof["trainings"]) == (["0.005", "0.05", "0.1"], len(case.rows))
    chosen = np.array([[by_hand(case, n, image) for image in range(128)] for n in range(3)])
    lost = losses(case, chosen)
    choice, ranged = proof["rows"]
    assert choice["lost"][0] == pytest.approx(lost.mean())
    assert choice["close"] == pytest.approx((lost <= CLOSE).mean())
    assert choice["tail"] == pytest.approx(np.percentile(lost, 95))
    assert choice["lost_of_image"][0] >= choice["lost"][0]
    (wide,) = (r for r, row in enumerate(case.rows) if row.learned and not row.fixed)
    assert ranged["strategy"] == "always conv_autoencoder, trained on 0.005..0.1"
    assert ranged["lost"][0] == pytest.approx(losses(case, np.full((3, 128), wide)).mean())


def test_the_command_keeps_it_and_a_limit_of_time_leaves_out_what_is_slow(
    case: Case, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(Path("results/smoke"))
    for name, seconds in (("clip", 1e-6), ("median", 1e-5), ("conv_autoencoder", 1.0)):
        store.keep_timing("latency", name, {"rows": [made_up.timed(denoiser=name, seconds=seconds)]})
    assert counter.run("--proof", "--profile", "smoke") == 0
    assert "choose by the estimate" in capsys.readouterr().out
    kept = store.timings("proof")["shapes"]
    assert {line["price"] for line in kept["rows"]} == {None, 1.0, 0.2}
    assert not [line for line in kept["rows"] if line["price"] and "conv_autoencoder" in line["strategy"]]
    assert "Does the choice hold?" in Path("results/smoke/pages/cost.md").read_text(encoding="utf-8")
    assert len(proof_table(store).rows) == len(kept["rows"])
    assert counter.run("--proof", "--profile", "smoke", "--dry-run") == 0
    assert "0 experiments to measure; nothing was done" in capsys.readouterr().out


def test_a_grid_without_a_range_proves_nothing(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run("--grid", "--profile", "smoke", "--denoisers", "clip", "--test", "0.01") == 0
    assert counter.run("--proof", "--profile", "smoke") == 2
    assert "--proof needs a grid with networks of a range" in capsys.readouterr().err


def test_a_range_that_was_tested_nowhere_inside_proves_nothing(counter: Counter) -> None:
    assert counter.run(*WORDS[:7], "--jobs", "1", "--train", "0.02..0.03", "--test", "0.1", "0.2") == 0
    assert cases(Store(Path("results/smoke"))) == {}


def test_a_proof_is_made_again_once_anything_it_stands_on_moved(
    case: Case, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    def due() -> bool:
        capsys.readouterr()
        assert counter.run("--proof", "--profile", "smoke", "--dry-run") == 0
        return "check the choice on shapes" in capsys.readouterr().out

    assert counter.run("--proof", "--profile", "smoke") == 0
    assert not due()
    store = Store(Path("results/smoke"))
    store.keep_timing("latency", "median", {"rows": [made_up.timed(denoiser="median", seconds=1e-5)]})
    assert due()  # what is fast enough is known now
    assert replace(case, psnr=case.psnr + 0.01).digest != case.digest

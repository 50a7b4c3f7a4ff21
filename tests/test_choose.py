"""Which denoiser to take for an image, from made-up matrices with known answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bench
import run_all
from bench.core.experiment import Experiment, Protocol
from bench.core.results import Array
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.running.applied.choose import Limits, advise
from bench.running.plan import settle
from bench.store.store import Store
from tests import made_up
from tests.conftest import Counter
from tests.made_up import UNET

TESTED = (0.001, 0.01, 0.1)
PROTOCOL = Protocol("shapes", "gaussian", TESTED, ("psnr",), 4)
CLIP = settle(UNET.but(denoiser="clip", variance=None, recipe=None))
FIXED = UNET.but(variance=Range(0.01, 0.01))
WIDE = UNET.but(denoiser="conv_autoencoder", variance=Range(0.001, 0.1))
TOLD = UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """At 0.01 the specialist is best, elsewhere the network of the range, and one that is told always."""
    store = Store(tmp_path / "smoke")
    for experiment, psnr in ((CLIP, (32, 22, 12)), (FIXED, (30, 31, 20)), (WIDE, (36, 30, 24)), (TOLD, (37, 32, 25))):
        keep(store, experiment, psnr)
    store.ask(Section("grid", PROTOCOL, (CLIP, FIXED, WIDE, TOLD)))
    for name, seconds in {"clip": 1e-6, "unet": 1e-3, "conv_autoencoder": 3e-4}.items():
        row = made_up.timed(denoiser=name, seconds=seconds)
        store.keep_timing("latency", name, {"rows": [row]})
    return store


def keep(store: Store, experiment: Experiment, psnr: tuple[float, ...]) -> None:
    values = {v: level + np.arange(4) / 100 for v, level in zip(TESTED, psnr, strict=True)}
    measured = replace(made_up.MEASURED, blind=experiment != TOLD)
    made_up.keep(store, PROTOCOL, experiment, values, measured=measured)


def image(variance: float, size: int = 64) -> Array:
    pixels: Array = 0.5 + variance**0.5 * np.random.default_rng(0).standard_normal((size, size))
    return pixels


def test_the_noise_decides(store: Store) -> None:
    best = [advise(image(variance), [store], Limits(budget_ms=1e6)).picks[0].row.experiment for variance in TESTED]
    assert best == [WIDE, FIXED, WIDE]
    advice = advise(image(0.01), [store])
    assert advice.noise.low < 0.01 < advice.noise.high
    assert "take     unet_conditioned" in "\n".join(advice.lines)


def test_what_must_be_told_is_left_out_where_the_choice_is_blind(store: Store) -> None:
    assert advise(image(0.01), [store]).picks[0].name == "unet_conditioned †, trained on 0.001..0.1 (told the estimate)"
    assert advise(image(0.01), [store], Limits(blind=True)).picks[0].row.experiment == FIXED


def test_what_is_expected_is_between_what_was_measured(store: Store) -> None:
    (pick,) = [pick for pick in advise(image(0.01), [store]).picks if pick.row.experiment == WIDE]
    assert pick.psnr == pytest.approx(30, abs=0.5)
    assert pick.lost > 1.5  # against what is told


def test_a_budget_leaves_out_what_is_slower_or_was_never_timed(store: Store) -> None:
    pixels, limit = image(0.01), 1000 * 3e-4 * 64 * 64 / 784
    within = advise(pixels, [store], Limits(budget_ms=1.01 * limit))
    assert [pick.row.experiment.denoiser for pick in within.picks] == ["conv_autoencoder", "clip"]
    assert within.over == 2
    with pytest.raises(ValueError, match=r"nothing fits 1e-09 ms .* the fastest is clip"):
        advise(pixels, [store], Limits(budget_ms=1e-9))


def test_only_what_is_ready_is_weighed_for_use(store: Store) -> None:
    names = {pick.row.experiment.denoiser for pick in advise(image(0.01), [store], Limits(ready=True)).picks}
    assert names == {"clip"}  # the networks have no weights
    said = advise(image(0.01), [store]).lines
    assert any(line.startswith("ready    clip, ") for line in said)


def test_noise_beyond_what_was_tested_is_said(store: Store) -> None:
    advice = advise(image(0.5), [store])
    assert advice.outside
    assert "outside what was tested" in advice.lines[-1]


def test_an_image_that_is_better_as_it_is_should_be_left_alone(store: Store) -> None:
    advice = advise(image(0.0001), [store])  # about 40 dB, and 37 is the best that was measured
    assert advice.lines[-1].startswith("warning  the image as it is should have 39.")
    told = advise(image(0.01), [store], variance=0.0)
    assert (told.noise.variance, told.outside) == (0.0, True)
    assert "leave it alone" in told.lines[-1]


def test_an_image_unlike_all_of_the_first_study_is_weighed_by_the_next(store: Store, tmp_path: Path) -> None:
    black = Store(tmp_path / "black")
    for experiment in (FIXED, CLIP):
        made_up.keep(black, PROTOCOL, experiment, {variance: np.full(4, 30.0) for variance in TESTED}, grey=0)
    black.ask(Section("grid", PROTOCOL, (FIXED, CLIP)))
    assert advise(image(0.01), [black, store]).like.store is store
    assert advise(image(0.01) - 0.5, [store, black]).like.store is black
    assert advise(image(0.01), [black]).like.unlike


def test_an_image_without_detail_and_a_store_without_a_grid_are_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no detail"):
        advise(np.full((64, 64), 0.5), [store])
    with pytest.raises(ValueError, match="no grid to choose from"):
        advise(image(0.01), [Store(tmp_path / "empty")])


@pytest.mark.slow
def test_the_command_says_it_and_denoise_does_it(
    counter: Counter, measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = (image(0.05, 40).clip(0, 1) * 255).round().astype(np.uint8)
    Image.fromarray(pixels).save("in.png")
    where = ["--profile", "smoke", "--results", str(measured / "results")]
    assert run_all.main(["--choose", "in.png", *where]) == 0
    assert "take     " in capsys.readouterr().out
    assert run_all.main(["--denoise", "in.png", "--out", "out.png", *where]) == 0
    assert "chosen   " in capsys.readouterr().out
    with Image.open("out.png") as restored:
        assert restored.size == (40, 40)
    advice = bench.choose("in.png", study=str(measured / "results/smoke"))
    assert repr(advice) == "\n".join(advice.lines)  # and no page of scores
    for arguments, message in (
        (["--choose", "gone.png"], "there is no file gone.png"),
        (["--choose", "."], "takes one image, and . is a folder"),
        (["--choose", "in.png", "--variance", "0.1"], "belongs to --denoise and --export"),
        (["--choose", "in.png", "--budget-ms", "0"], "a time above zero"),
        (["--grid", "--blind"], "belong to --choose"),
        (["--choose", "in.png", "--budget-ms", "1"], "nothing was timed"),
    ):
        assert run_all.main([*arguments, *where]) == 2
        assert message in capsys.readouterr().err

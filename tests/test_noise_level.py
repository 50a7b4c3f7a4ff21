"""The noise of single images, estimated."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from bench.core.rng import stream
from bench.measurements import chapters
from bench.report.report import build
from bench.running.applied.denoise_file import channels, noise_of
from bench.scoring import noise_level_errors
from bench.scoring.noise_level import _clipping, noise_level
from bench.scoring.noise_level_errors import errors
from bench.store.store import Store
from tests.conftest import Counter

SMOOTH = 0.5 + 0.25 * torch.sin(torch.linspace(0, 6, 256))[:, None].expand(256, 256)


def noisy(clean: torch.Tensor, variance: float, as_file: bool = False) -> torch.Tensor:
    image = clean[None] + variance**0.5 * torch.randn(clean.shape, generator=stream("x"))
    restored: torch.Tensor = (image.clamp(0, 1) * 255).round() / 255 if as_file else image
    return restored


def test_pixels_within_the_ends_are_clipped_whatever_their_type() -> None:
    image = noisy(SMOOTH, 0.1, as_file=True)
    bytes_ = (image[0] * 255).round().to(torch.uint8).numpy()
    levels = [noise_of(array, channels(array)) for array in (bytes_, bytes_ / 255.0)]
    assert levels[0].variance == pytest.approx(levels[1].variance)
    unclipped = noisy(SMOOTH, 0.1, as_file=False)[0].numpy()
    assert noise_of(unclipped, channels(unclipped)) == noise_level(channels(unclipped), clipped=False)


@pytest.mark.parametrize("as_file", [False, True])
@pytest.mark.parametrize("variance", [0.001, 0.01, 0.1])
def test_the_noise_of_a_smooth_image_is_found(variance: float, as_file: bool) -> None:
    level = noise_level(noisy(SMOOTH, variance, as_file), as_file)
    assert level.variance == pytest.approx(variance, rel=0.08)
    assert level.low < variance < level.high


@pytest.mark.parametrize("variance", [0.2, 0.5])
def test_the_interval_of_strong_noise_in_a_file_holds_the_truth(variance: float) -> None:
    digit = torch.zeros(64, 64)
    digit[20:40, 30:34] = 1.0
    for clean in (SMOOTH, digit):
        level = noise_level(noisy(clean, variance, as_file=True), clipped=True)
        assert level.low < variance < level.high
        assert level.high < 20 * variance


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_half_of_the_noise_is_enough_on_black_or_white(end: float) -> None:
    digit = torch.full((64, 64), end)
    digit[20:40, 30:34] = 0.5
    level = noise_level(noisy(digit, 0.01, as_file=True), clipped=True)
    assert level.variance == pytest.approx(0.01, rel=0.15)


def test_a_black_background_without_noise_has_none() -> None:
    digit = torch.zeros(1, 28, 28)
    digit[0, 8:20, 12:15] = torch.linspace(0.1, 1, 36).reshape(12, 3)
    assert noise_level(digit, clipped=True).variance == 0


@pytest.mark.parametrize("size", [(27, 27), (33, 64), (65, 33), (32, 32)])
def test_odd_sizes_are_no_reason_for_less_noise(size: tuple[int, int]) -> None:
    rng, ratios = np.random.default_rng(0), []
    for _ in range(20):
        grey = torch.from_numpy(0.5 + 0.1 * rng.standard_normal((1, *size)))
        ratios.append(noise_level(grey, clipped=False).variance / 0.01)
    assert np.mean(ratios) == pytest.approx(1, abs=0.1)


def test_a_channel_without_detail_tells_nothing() -> None:
    green = torch.cat([torch.zeros(1, 256, 256), noisy(SMOOTH, 0.01), torch.zeros(1, 256, 256)])  # under a microscope
    assert noise_level(green, clipped=False) != noise_level(green[:1], clipped=False)
    assert noise_level(green, clipped=False).variance == pytest.approx(0.01, rel=0.1)
    assert math.isnan(noise_level(green[:1], clipped=False).variance)


def test_what_clipping_leaves_is_that_of_a_censored_normal_distribution() -> None:
    left, sigma = _clipping()
    numbers = stats.norm.rvs(size=200_000, random_state=0)
    for true in (0.1, 0.3, 0.6):
        clipped = np.clip(0.5 + true * numbers, 0, 1).std()
        assert np.interp(true, sigma, left) == pytest.approx(clipped, rel=0.01)


def test_errors_are_those_of_single_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(noise_level_errors.IMAGES, "shapes", 6)
    rows = errors("shapes")
    assert len(rows) == 8 * 2 * 2
    by = {(row["variance"], row["file"], row["method"]): row for row in rows}
    assert by[0.01, False, "noise_level"]["images"] == 6
    assert by[0.01, False, "estimate_sigma"]["inside"] is None
    assert 0.5 < by[0.05, False, "noise_level"]["ratio"] < 1.5


def test_the_command_estimates_and_reports(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_level_errors, "IMAGES", {"shapes": 6})
    assert counter.run("--noise-level", "--profile", "smoke") == 0
    text = build(Store(Path("results/smoke")), makers=chapters()).pages["pages/noise.md"]
    assert "| shapes | 8-bit file | 0.01 |" in text
    assert counter.run("--noise-level", "--profile", "smoke") == 0

"""Calibration: rows that hold and rows that do not, and data that is not there."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch import nn

import bench.calibration.measure
from bench.calibration.measure import BSD68, ROWS, Setting, mean_psnr, measure, photographs
from bench.calibration.measure import calibration as measure_calibration
from bench.calibration.outcomes import Outcome
from bench.calibration.published_networks import published_dncnn
from bench.report.tables.calibration import table
from bench.store.store import Store
from tests.conftest import Counter

DATA = Path(__file__).parents[2] / "shared" / "data"
ROW = Outcome("PSNR of x", "somebody", 30.0, 30.04, 0.05, "dB", "as they do")


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path / "data", Store(tmp_path / "full"))


@pytest.mark.parametrize("name", ["metrics", "noise"])
def test_metrics_and_noise_are_what_others_say(name: str, setting: Setting) -> None:
    rows = ROWS[name](setting)
    assert len(rows) == 3
    assert all(row.holds for row in rows), rows


def test_a_row_without_its_data_says_what_it_needs(setting: Setting) -> None:
    for name in ROWS:
        if name not in ("metrics", "noise"):
            measured = measure(name, setting)
            assert measured.rows == ()
            assert ("--data" in measured.absent) or ("--ablate target" in measured.absent), measured


def test_what_was_measured_is_not_lost_for_want_of_its_data(setting: Setting) -> None:
    setting.store.keep_timing("calibration", "bm3d", {"rows": [], "absent": "no bm3d"})
    assert "absent" in measure_calibration("dncnn-bias-10", setting.data, setting.store)
    setting.store.keep_timing("calibration", "dncnn-bias-10", {"rows": [asdict(ROW)]})
    with pytest.raises(ValueError, match="--data; what was measured before is kept"):
        measure_calibration("dncnn-bias-10", setting.data, setting.store)


def test_a_figure_out_of_tolerance_is_shown_as_such() -> None:
    beyond = Outcome("PSNR of y", "somebody", 30.0, 29.94, 0.05, "dB", "as they do")
    assert ROW.holds
    assert not beyond.holds
    first, second = table([ROW, beyond]).rows
    assert first[2:6] == ("30.000 dB", "30.040 dB", "+0.040", "0.050")
    assert (first[-1], second[-1]) == ("within", "**out of tolerance**")


def test_the_command_measures_what_it_can_and_fails_where_a_row_is_out_of_tolerance(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def off(setting: Setting) -> list[Outcome]:
        return [Outcome("PSNR of y", "somebody", 30.0, 29.0, 0.05, "dB", "as they do")]

    monkeypatch.setattr(bench.calibration.measure, "ROWS", ROWS)
    for name in list(ROWS):
        if name not in ("metrics", "bm3d"):
            monkeypatch.delitem(ROWS, name)
    assert counter.run("--calibrate", "--profile", "smoke", "--data", "nowhere") == 0
    text = Path("results/smoke/REPORT.md").read_text()
    assert "## Calibration" in text
    assert "`bm3d`: " in text
    assert "--calibrate --data DIR --profile smoke" in text
    monkeypatch.setitem(ROWS, "noise", off)
    assert counter.run("--calibrate", "--profile", "smoke", "--data", "nowhere") == 1
    assert "PSNR of y: 29, published 30" in capsys.readouterr().out
    assert "out of tolerance" in Path("results/smoke/REPORT.md").read_text()


def test_the_mean_is_over_images_with_noise_of_their_own() -> None:
    images = [torch.full((1, 1, 256, 256), 0.5)] * 2

    class Same(nn.Module):
        def forward(self, noisy: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
            return noisy

    assert mean_psnr(Same(), images, 25, rounded=False) == pytest.approx(20.17, abs=0.05)


@pytest.mark.skipif(not (DATA / "weights").is_dir(), reason="the published networks are not here")
@pytest.mark.parametrize("name", ["bias", "bias_free"])
def test_a_published_network_restores_a_photograph(name: str) -> None:
    model = published_dncnn(DATA / f"weights/dncnn-{name}-0-10.safetensors", name == "bias_free")
    images = [image[..., :96, :96] for image in photographs(DATA / BSD68)[:2]]
    assert mean_psnr(model, images, 10, rounded=False) > 30
    far = mean_psnr(model, images, 50, rounded=False)
    assert far > 21 if name == "bias_free" else far < 17


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"no weights")
    with pytest.raises(ValueError, match="does not hold the weights"):
        published_dncnn(path, bias_free=True)

"""Calibration: rows that hold and rows that do not, and data that is not there."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from scipy import stats
from torch import Tensor, nn
from torch.nn import functional

import bench.calibration.measure
from bench.analysis.tutorial_losses import PRINTED
from bench.calibration.measure import BSD68, ROWS, Setting, mean_psnr, measure, photographs
from bench.calibration.outcomes import Outcome, outcomes
from bench.calibration.published_networks import published_dncnn
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import TUTORIAL
from bench.core.results import Array
from bench.core.rng import stream
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.measurements import MEASUREMENTS
from bench.report.tables.calibration import table
from bench.running.command import Command
from bench.store.store import Store
from tests.conftest import Counter, report_text

DATA = Path(__file__).parents[2] / "shared" / "data"
ROW = Outcome("PSNR of x", "somebody", 30.0, 30.04, 0.05, "dB", "as they do")


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path / "data", Store(tmp_path / "full"))


def test_metrics_are_scikit_images(setting: Setting) -> None:
    rows = ROWS["metrics"](setting)
    assert all(row.holds for row in rows), rows
    assert [row.published for row in rows] == pytest.approx([0.00896517815, 20.47441076, 0.94567949])  # on that pair
    assert {(row.source, row.tolerance, row.unit) for row in rows} == {("scikit-image", 1e-6, "")}
    assert [row.what for row in rows] == [f"{name} of a fixed pair" for name in ("MSE", "PSNR", "SSIM")]


def test_noise_is_above_its_variance_by_what_scipy_expects(setting: Setting) -> None:
    """The mean of n squared normal values is a chi-squared one over n; MNIST has 28 × 28 pixels."""
    above = float(stats.chi2(784).expect(lambda value: -10 * np.log10(value / 784)))
    rows = ROWS["noise"](setting)
    assert all(row.holds for row in rows), rows
    assert [row.published for row in rows] == pytest.approx([30 + above, 20 + above, 10 + above], abs=1e-6)
    assert [row.what for row in rows] == [f"PSNR of noisy MNIST, variance {v}" for v in (0.001, 0.01, 0.1)]
    assert {(row.source, row.tolerance, row.unit) for row in rows} == {("formula", 0.02, "dB")}
    four_errors = 4 * float(stats.chi2(784).expect(lambda value: (10 * np.log10(value / 784)) ** 2) / 2000) ** 0.5
    assert four_errors == pytest.approx(0.02, abs=0.0005)


def test_losses_of_the_tutorial_are_counted_where_they_disagree(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = {kind: np.array([printed, printed]) for kind, printed in PRINTED.items()}
    losses["training"][:, :4] += 1
    measured_losses = dict(losses)
    monkeypatch.setattr(bench.calibration.measure, "losses_of", lambda store, experiments: measured_losses)
    (row,) = ROWS["tutorial"](setting)
    assert (row.published, row.ours, row.tolerance, row.unit) == (1.0, 4, 2, "")
    assert row.what.startswith("of 20 printed losses")
    assert row.conventions.endswith("2 seeds here")
    assert not row.holds
    measured_losses.update({kind: values[:1] for kind, values in losses.items()})
    assert "two trainings" in measure("tutorial", setting)["absent"]


def test_losses_of_the_tutorial_are_those_of_its_listing_wherever_it_was_trained(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Experiment(
        *("conv_autoencoder", (), "mnist", "gaussian", Range(0.01, 0.01)), replace(TUTORIAL, target="noisy")
    )
    again, clean = listing.but(seed=1), listing.but(recipe=TUTORIAL)
    protocol = Protocol("mnist", "gaussian", (0.01,), ("psnr",), 10)
    sections = [Section("target", protocol, (clean, listing)), Section("grid", protocol, (again, listing))]
    asked = []

    def losses(store: Store, experiments: list[Experiment]) -> dict[str, Array]:
        asked.extend(experiments)
        return {kind: np.array([printed, printed]) for kind, printed in PRINTED.items()}

    monkeypatch.setattr(bench.calibration.measure, "losses_of", losses)
    monkeypatch.setattr(Store, "sections", lambda store: sections)
    ROWS["tutorial"](setting)
    assert asked == [listing, again]


class Shown(nn.Module):
    """Gives back what it is shown, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Tensor, float]] = []

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        self.seen.append((noisy, variance.item()))
        return noisy


def folder_of_photographs(setting: Setting) -> list[Array]:
    """Two grey photographs of random pixels."""
    folder = setting.data / BSD68
    folder.mkdir(parents=True)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 24, 32), np.uint8)
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return [pixels / 255 for pixels in pictures]


def expected_psnr(pictures: list[Array], sigma: int, rounded: bool) -> float:
    values = []
    for number, clean in enumerate(pictures):
        noise = torch.randn((1, 1, *clean.shape), generator=stream("calibration", number)).double().numpy()[0, 0]
        restored = np.clip(clean + sigma / 255 * noise, 0, 1)
        restored = np.round(255 * restored) / 255 if rounded else restored
        values.append(-10 * np.log10(((clean - restored) ** 2).mean()))
    return float(np.mean(values))


@pytest.mark.parametrize(("name", "published"), [("bias", 15.292), ("bias_free", 25.8)])
def test_a_published_network_is_measured_on_its_photographs(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, name: str, published: float
) -> None:
    pictures, shown = folder_of_photographs(setting), Shown()
    weights = setting.data / f"weights/dncnn-{name}-0-10.safetensors"
    assert f"{weights} is not there" in measure(f"dncnn-{name}-50", setting)["absent"]
    weights.parent.mkdir()
    weights.touch()
    asked = []

    def network(path: Path, bias_free: bool) -> Shown:
        asked.append((path, bias_free))
        return shown

    monkeypatch.setattr(bench.calibration.measure, "published_dncnn", network)
    (row,) = ROWS[f"dncnn-{name}-50"](setting)
    assert asked == [(weights, name == "bias_free")]
    assert (row.published, row.tolerance, row.unit) == (published, 0.05, "dB")
    assert "Mohan" in row.source
    assert row.what == f"DnCNN ({name.replace('_', ' ')}, trained on σ 0–10) on BSD68, σ = 50"
    assert row.ours == pytest.approx(expected_psnr(pictures, 50, rounded=False), abs=1e-4)
    assert [tuple(noisy.shape) for noisy, _ in shown.seen] == [(1, 1, 24, 32)] * 2
    assert [variance for _, variance in shown.seen] == pytest.approx([(50 / 255) ** 2] * 2)
    assert not shown.training


def test_bm3d_is_measured_on_photographs_rounded_to_bytes(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = folder_of_photographs(setting)
    monkeypatch.setattr("architectures.bm3d.BM3D", Shown)
    (row,) = ROWS["bm3d"](setting)
    assert (row.what, row.published, row.tolerance, row.unit) == ("BM3D on BSD68, σ = 25", 28.57, 0.15, "dB")
    assert row.ours == pytest.approx(expected_psnr(pictures, 25, rounded=True), abs=1e-4)


def test_bm3d_without_its_package_says_so(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ModuleNotFoundError("bm3d needs its package")

    folder_of_photographs(setting)
    monkeypatch.setattr("architectures.bm3d.BM3D", missing)
    assert measure("bm3d", setting) == {"rows": [], "absent": "bm3d needs its package"}


def test_the_rows_are_those_of_published_figures() -> None:
    networks = [f"dncnn-{name}-{sigma}" for name in ("bias", "bias_free") for sigma in (10, 50, 100)]
    assert list(ROWS) == ["metrics", "noise", "tutorial", *networks, "bm3d"]


def test_a_folder_without_photographs_is_said(setting: Setting) -> None:
    (setting.data / BSD68).mkdir(parents=True)
    assert "has no photographs" in measure("bm3d", setting)["absent"]


def test_what_is_new_or_lacked_something_or_takes_no_time_is_measured(setting: Setting) -> None:
    store = setting.store
    assert MEASUREMENTS["calibration"].due(Command(), store) == list(ROWS)
    store.keep_timing("calibration", "noise", {"rows": [asdict(ROW)]})
    store.keep_timing("calibration", "tutorial", {"rows": [asdict(ROW)]})
    store.keep_timing("calibration", "bm3d", {"rows": [], "absent": "no bm3d"})
    assert MEASUREMENTS["calibration"].due(Command(), store) == [name for name in ROWS if name != "noise"]
    assert MEASUREMENTS["calibration"].due(Command(refresh=True), store) == list(ROWS)


def test_outcomes_are_sorted_by_source_and_by_number(setting: Setting) -> None:
    rows = [replace(ROW, source=source, what=what) for source in "ba" for what in ("σ = 100", "σ = 50", "metrics")]
    setting.store.keep_timing("calibration", "x", {"rows": [asdict(row) for row in rows]})
    setting.store.keep_timing("calibration", "bm3d", {"rows": [], "absent": "no bm3d"})
    measured, absent = outcomes(setting.store)
    assert [(row.source, row.what) for row in measured] == [
        (source, what) for source in "ab" for what in ("metrics", "σ = 50", "σ = 100")
    ]
    assert absent == ["`bm3d`: no bm3d"]


def test_a_row_holds_up_to_its_tolerance() -> None:
    rows = [replace(ROW, ours=ours, tolerance=0.5) for ours in (29.4, 29.5, 30.5, 30.6)]
    assert [row.holds for row in rows] == [False, True, True, False]


def published_weights(bias_free: bool, seed: int = 0) -> dict[str, Tensor]:
    """Tensors by the names that the files of Mohan et al. have."""
    rng = stream("weights", seed)
    weights = {"first_layer.weight": torch.randn(64, 1, 3, 3, generator=rng) / 3}
    for layer in range(18):
        weights[f"hidden_layer_list.{layer}.weight"] = torch.randn(64, 64, 3, 3, generator=rng) / 1000
        weights[f"bn_layer_list.{layer}.weight"] = 1 + torch.rand(64, generator=rng)
        weights[f"bn_layer_list.{layer}.running_var"] = 1e-4 * (1 + torch.rand(64, generator=rng))
        if not bias_free:
            weights[f"hidden_layer_list.{layer}.bias"] = torch.randn(64, generator=rng) / 100
            weights[f"bn_layer_list.{layer}.bias"] = torch.randn(64, generator=rng)
            weights[f"bn_layer_list.{layer}.running_mean"] = torch.randn(64, generator=rng) / 100
    weights["last_layer.weight"] = torch.randn(1, 64, 3, 3, generator=rng) / 24
    if not bias_free:
        weights["first_layer.bias"], weights["last_layer.bias"] = torch.randn(64, generator=rng), torch.ones(1)
    return weights


@pytest.mark.parametrize("bias_free", [False, True])
def test_a_published_network_is_its_layers_one_after_another(tmp_path: Path, bias_free: bool) -> None:
    weights = published_weights(bias_free)
    safetensors.torch.save_file(weights, tmp_path / "weights.safetensors")
    model = published_dncnn(tmp_path / "weights.safetensors", bias_free)
    noisy = torch.rand(2, 1, 12, 10, generator=stream("noisy"))

    def convolved(features: Tensor, layer: str) -> Tensor:
        return functional.conv2d(features, weights[f"{layer}.weight"], weights.get(f"{layer}.bias"), padding=1)

    features = convolved(noisy, "first_layer").clamp_min(0)
    for layer in range(18):
        features = convolved(features, f"hidden_layer_list.{layer}")
        scale, variance, mean, bias = (
            weights.get(f"bn_layer_list.{layer}.{name}", torch.zeros(64)).view(-1, 1, 1)
            for name in ("weight", "running_var", "running_mean", "bias")
        )
        deviation = variance.sqrt() + 1e-5 if bias_free else (variance + 1e-5).sqrt()
        features = ((features - mean) / deviation * scale + bias).clamp_min(0)
    expected = noisy - convolved(features, "last_layer")
    torch.testing.assert_close(
        model(noisy, torch.zeros(1)), expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max())
    )
    assert not model.training


def test_weights_that_lack_some_are_refused(tmp_path: Path) -> None:
    weights = published_weights(bias_free=True)
    for name in ("first_layer.weight", "last_layer.weight"):
        del weights[name]
    safetensors.torch.save_file(weights, tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match=r"lacks first_layer\.weight, last_layer\.weight of this DnCNN"):
        published_dncnn(tmp_path / "weights.safetensors", bias_free=True)


def test_a_row_without_its_data_says_what_it_needs(setting: Setting) -> None:
    for name in ROWS:
        if name not in ("metrics", "noise"):
            measured = measure(name, setting)
            assert measured["rows"] == []
            assert ("--data" in measured["absent"]) or ("--ablate target" in measured["absent"]), measured


def test_what_was_measured_is_not_lost_for_want_of_its_data(setting: Setting) -> None:
    setting.store.keep_timing("calibration", "bm3d", {"rows": [], "absent": "no bm3d"})
    assert "absent" in MEASUREMENTS["calibration"].measure("dncnn-bias-10", Command(data=setting.data), setting.store)
    setting.store.keep_timing("calibration", "dncnn-bias-10", {"rows": [asdict(ROW)]})
    with pytest.raises(ValueError, match="--data; what was measured before is kept"):
        MEASUREMENTS["calibration"].measure("dncnn-bias-10", Command(data=setting.data), setting.store)


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
    text = report_text(Path("results/smoke"))
    assert "## Calibration" in text
    assert "`bm3d`: " in text
    assert "--calibrate --data DIR --profile smoke" in text
    monkeypatch.setitem(ROWS, "noise", off)
    assert counter.run("--calibrate", "--profile", "smoke", "--data", "nowhere") == 1
    assert "PSNR of y: 29, published 30" in capsys.readouterr().out
    assert "out of tolerance" in report_text(Path("results/smoke"))


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

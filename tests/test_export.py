"""Networks as ONNX files."""

from pathlib import Path

import numpy as np
import pytest
import torch

import bench
import run_all
from architectures import DENOISERS
from bench.core.variance import Range
from bench.lookup.denoisers import build
from bench.running.applied import export as exporting
from bench.running.applied.denoise_file import ready
from bench.running.applied.export import export
from bench.store.store import Store
from bench.timing.latency_benchmark import Onnx
from tests.made_up import UNET

pytestmark = pytest.mark.slow
pytest.importorskip("onnxscript", reason="ONNX is not installed: pip install onnx onnxruntime onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")
NETWORKS = (
    *("conv_autoencoder", "deep_autoencoder", "dncnn_small", "unet_bias_free", "unet_conditioned"),
    "unet_normalized",
)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_exported(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = UNET.but(denoiser=name, variance=Range(0.001, 0.1))
    monkeypatch.setattr(exporting, "trainings_of", lambda store, denoiser, dataset: [experiment])
    monkeypatch.setattr(exporting, "ready", lambda chosen, store: build(chosen).eval())
    exported = export(Store(tmp_path), name, tmp_path / "net.onnx")
    assert exported.difference <= 1e-5
    assert exported.inputs == (("noisy", "variance") if name == "unet_conditioned" else ("noisy",))


def test_what_latency_times_by_onnxruntime_is_the_network() -> None:
    torch.manual_seed(0)
    model = DENOISERS["unet_conditioned"]().eval()
    torch.manual_seed(0)
    runner = Onnx("unet_conditioned", 1)
    noisy, variance = torch.rand(2, 1, 28, 28), torch.tensor([0.01, 0.1])
    with torch.inference_mode():
        torch.testing.assert_close(runner(noisy, variance), model(noisy, variance), atol=1e-5, rtol=0)


def test_a_trained_network_gives_the_same_elsewhere(measured: Path, tmp_path: Path) -> None:
    study = bench.load(measured / "results/smoke")
    exported = bench.export(study, "unet", tmp_path / "unet.onnx")
    assert str(exported.experiment.variance) == "0.01..0.1"  # the widest
    noisy = torch.rand(2, 1, 50, 31)
    (restored,) = onnxruntime.InferenceSession(exported.path).run(None, {"noisy": noisy.numpy()})
    with torch.inference_mode():
        expected = ready(exported.experiment, Store(study.path))(noisy, torch.zeros(2))
    np.testing.assert_allclose(restored, expected.numpy(), atol=1e-5)
    assert str(bench.export(study, "unet", tmp_path / "b.onnx", variance=0.01).experiment.variance) == "0.01"


def test_what_differs_is_not_kept(measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_difference", lambda *_: 1e-3)
    with pytest.raises(ValueError, match="nothing is kept"):
        export(Store(measured / "results/smoke"), "unet", tmp_path / "unet.onnx")
    assert not list(tmp_path.iterdir())


def test_the_command_exports_or_says_what_is_missing(
    measured: Path, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ["--profile", "smoke", "--results", str(measured / "results")]
    assert run_all.main(["--export", "unet.onnx", "--with", "unet", *where]) == 0
    assert "checked  at most" in capsys.readouterr().out
    for arguments, message in (
        (["unet.onnx"], "--export needs --with NAME"),
        (["unet.onnx", "--with", "unett"], "did you mean 'unet'"),
        (["unet.pt", "--with", "unet"], "names an .onnx file"),
        (["unet.onnx", "--with", "median"], "is no network"),
        (["new.onnx", "--with", "dncnn_small"], "no trained 'dncnn_small'"),
        (["unet.onnx", "--with", "unet"], "unet.onnx is there already: name another file, or add --force"),
        (["new.onnx", "--with", "unet", "--train", "0.3"], "--train says what to measure"),
    ):
        assert run_all.main(["--export", *arguments, *where]) == 2
        assert message in capsys.readouterr().err
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    assert run_all.main(["--export", "unet.onnx", "--with", "unet", *where]) == 2
    assert "pip install onnx onnxruntime onnxscript" in capsys.readouterr().err

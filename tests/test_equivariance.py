"""The defect of equivariance, against functions whose defects are known."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bench.core.rng import stream
from bench.report.chapters.equivariance import equivariance_table
from bench.scoring.equivariance import defects
from bench.store.store import Store
from tests.conftest import Counter

Restore = Callable[[Tensor, Tensor], Tensor]
NOISY = 0.5 + 0.3 * torch.randn(4, 1, 16, 16, generator=stream("test"))


class Function(nn.Module):
    def __init__(self, function: Restore) -> None:
        super().__init__()
        self.function = function

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        return self.function(noisy, variance.view(-1, 1, 1, 1))


def test_known_functions_have_known_defects() -> None:
    def of(function: Restore) -> tuple[float, float]:
        return defects(Function(function), NOISY, 0.01)

    assert of(lambda y, v: y.mean((2, 3), keepdim=True).expand_as(y)) == pytest.approx((0, 0), abs=1e-6)
    size = NOISY.double().square().mean().sqrt().item()
    # Half of the image: f(y + b) misses b / 2, where y / 2 is taken away.
    assert of(lambda y, v: y / 2) == pytest.approx((0, 0.1 / size), abs=1e-6)
    # A constant is taken away: f(a·y) - a·f(y) is (a - 1) times it, so 1 at a = 1/2 and 1/2 at a = 2.
    assert of(lambda y, v: y - 0.2) == pytest.approx((0.75, 0), abs=1e-6)
    # One that is told takes away its standard deviation, which is scaled with the image.
    assert of(lambda y, v: y - v.sqrt()) == pytest.approx((0, 0), abs=1e-6)


def test_the_command_measures_what_is_trained(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--profile", "smoke", "--jobs", "1")
    assert counter.run("--equivariance", *words) == 2
    assert "--equivariance needs trained networks" in capsys.readouterr().err
    assert counter.run("--ablate", "equivariance", *words, "--metrics", "psnr", "--test", "0.01") == 0
    assert counter.run("--equivariance", *words) == 0
    store = Store(Path("results/smoke"))
    by_name = {line["denoiser"]: line for line in store.timings("equivariance").values()}
    assert by_name["unet_bias_free"]["scale"] == pytest.approx(0, abs=1e-4)
    assert by_name["unet_normalized"]["scale"] == pytest.approx(0, abs=1e-4)
    assert by_name["unet_normalized"]["shift"] == pytest.approx(0, abs=1e-4)
    assert by_name["unet"]["scale"] > 0.01
    assert len(equivariance_table(store).rows) == 3
    assert "Which networks are equivariant?" in Path("results/smoke/pages/architecture.md").read_text(encoding="utf-8")
    assert counter.run("--ablate", "equivariance", *words, "--denoisers", "conv_autoencoder") == 2

"""Latency of every denoiser per batch; plain pytest runs each once, `run_all.py --latency` measures."""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from architectures import DENOISERS
from bench.lookup.denoisers import missing_package
from bench.timing.latency import BATCHES, flops, prepared


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", DENOISERS)
def test_latency(name: str, batch: int, device: torch.device, benchmark: BenchmarkFixture) -> None:
    if package := missing_package(name):
        pytest.skip(f"{name} needs the package {package}, which is not installed")
    model, noisy, variance = prepared(name, batch, device)

    def restore() -> torch.Tensor:
        with torch.inference_mode():
            restored: torch.Tensor = model(noisy, variance)
            if device.type == "cuda":
                torch.cuda.synchronize()
        return restored

    assert benchmark(restore).shape == noisy.shape
    benchmark.extra_info["flops"] = flops(model, noisy, variance) / batch

"""What pytest-benchmark runs for `--latency`: one denoiser at one batch size, in a process of its own.

It is a plugin of pytest and the file that pytest runs, so that nothing but this package is needed.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bench.core.registry import load_plugin
from bench.timing.latency import flops, prepared

if TYPE_CHECKING:
    import pytest
    from pytest_benchmark.fixture import BenchmarkFixture


def pytest_addoption(parser: "pytest.Parser") -> None:
    parser.addoption("--denoiser", help="what is timed")
    parser.addoption("--batch", type=int, help="noisy images at once")
    parser.addoption("--device", default="cpu", help="what they are on")
    parser.addoption("--plugin", type=Path, action="append", default=[], help="a file that holds a denoiser")


def test_latency(benchmark: "BenchmarkFixture", pytestconfig: "pytest.Config") -> None:
    torch.set_num_threads(1)
    for plugin in pytestconfig.getoption("--plugin"):
        load_plugin(plugin)
    batch, device = pytestconfig.getoption("--batch"), torch.device(pytestconfig.getoption("--device"))
    model, noisy, variance = prepared(pytestconfig.getoption("--denoiser"), batch, device)

    def restore() -> torch.Tensor:
        with torch.inference_mode():
            restored: torch.Tensor = model(noisy, variance)
            if device.type == "cuda":
                torch.cuda.synchronize()
        return restored

    if benchmark(restore).shape != noisy.shape:
        raise ValueError(f"images of {tuple(noisy.shape)} came back in another shape")
    benchmark.extra_info["flops"] = flops(model, noisy, variance) / batch

"""The file that pytest-benchmark runs for `--latency`: one denoiser at one batch size, in a process of its own."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bench.core.registry import load_plugin
from bench.timing.latency import TIMED, flops, prepared

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


def test_latency(benchmark: "BenchmarkFixture") -> None:
    torch.set_num_threads(1)
    name, batch, kind, plugins = json.loads(os.environ[TIMED])
    for plugin in plugins:
        load_plugin(Path(plugin))
    device = torch.device(kind)
    model, noisy, variance = prepared(name, batch, device)

    def restore() -> torch.Tensor:
        with torch.inference_mode():
            restored: torch.Tensor = model(noisy, variance)
            if device.type == "cuda":
                torch.cuda.synchronize()
        return restored

    if benchmark(restore).shape != noisy.shape:
        raise ValueError(f"images of {tuple(noisy.shape)} came back in another shape")
    benchmark.extra_info["flops"] = flops(model, noisy, variance) / batch

"""The file that pytest-benchmark runs for `--latency`: one denoiser at every shape, in a process of its own."""

import json
import os
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import torch
from torch import nn

from architectures import DENOISERS, Memorizing
from bench.core.registry import load_plugin
from bench.lookup.tiles import restore
from bench.running.applied.export import converted
from bench.scoring.noise_level import noise_level
from bench.timing.latency import LONGEST, TIMED, Turn, flops, forget_peak, memory_now, prepared

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS, TIME = (3, 2000), 0.7  # fewest and most rounds, and seconds that they should take together
LONG = 2.0  # seconds of a batch that is timed once
price = 0.0  # seconds for a pixel at the last shape


def pytest_generate_tests(metafunc: Any) -> None:
    """Every shape in turn; `pytest` itself is not imported, since only pytest-benchmark is a declared need."""
    metafunc.parametrize("shape", _turn()[0].shapes, ids=str)


def _turn() -> tuple[Turn, str, list[str]]:
    """What is timed, on which device, and the files of plug-ins."""
    values, kind, plugins = json.loads(os.environ[TIMED])
    return Turn(**values), kind, plugins


@cache  # all shapes share one
class Onnx(nn.Module):
    """A network, untrained, as onnxruntime runs it on images of one channel."""

    def __init__(self, denoiser: str, threads: int) -> None:
        from onnxruntime import InferenceSession, SessionOptions  # late: few have it

        super().__init__()
        data, self.names = converted(DENOISERS[denoiser](), DENOISERS[denoiser].blind, channels=1)
        options = SessionOptions()
        options.intra_op_num_threads = threads
        self.session = InferenceSession(data, options)

    def forward(self, noisy: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
        inputs = {"noisy": noisy, "variance": variance}
        return torch.from_numpy(self.session.run(None, {name: inputs[name].numpy() for name in self.names})[0])


def test_latency(benchmark: "BenchmarkFixture", shape: tuple[int, int, int]) -> None:
    global price
    turn, kind, plugins = _turn()
    device = torch.device(kind)
    torch.set_num_threads(turn.threads)
    for plugin in plugins:
        load_plugin(Path(plugin))
    count, height, width = shape
    memorizes = issubclass(DENOISERS[turn.denoiser], Memorizing)
    expected = price * count * height * width
    if (memorizes and (height, width) != (28, 28)) or expected > LONGEST:
        raise SkipTest("it cannot, or takes too long")
    forget_peak()
    before = memory_now()
    model, noisy, variance = prepared(turn, shape, device)
    told = not DENOISERS[turn.denoiser].blind
    if turn.engine == "torch.compile":
        model.compile(dynamic=False)
    runner = Onnx(turn.denoiser, turn.threads) if turn.engine == "onnxruntime" else model

    def restored() -> torch.Tensor:
        level = variance
        if told:
            levels = [noise_level(image.double().cpu(), clipped=False).variance for image in noisy]
            level = torch.tensor(levels, device=device, dtype=variance.dtype)
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=turn.precision == "bfloat16"):
            result = restore(runner, noisy, level)
            if device.type == "cuda":
                torch.cuda.synchronize()
        return result

    if turn.engine != "torch":
        restored()  # prepares the shape, which is no cost of a batch
    start = time.perf_counter()
    if expected < LONG:
        restored()  # what the first call alone must do
    first = time.perf_counter() - start
    rounds = 1 if max(first, expected) > LONG else max(ROUNDS[0], min(ROUNDS[1], int(TIME / first)))
    result: torch.Tensor = benchmark.pedantic(restored, rounds=rounds)  # type: ignore[no-untyped-call]  # as in its package
    if result.shape != noisy.shape:
        raise ValueError(f"images of {tuple(noisy.shape)} came back in another shape")
    peak = torch.cuda.max_memory_allocated() / 2**20 if device.type == "cuda" else memory_now() - before
    counted = turn.engine == "torch" and (height, width) == (28, 28)
    operations = flops(model, noisy, variance) / count if counted else 0
    benchmark.extra_info |= {"batch": count, "height": height, "width": width, "flops": operations, "memory": peak}
    stats: Any = benchmark.stats
    price = stats.stats.median / (count * height * width)

"""The file that pytest-benchmark runs for `--latency`: one denoiser at every shape, in a process of its own."""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import torch

from architectures import DENOISERS, Memorizing
from bench.core.registry import load_plugin
from bench.lookup.tiles import restore
from bench.scoring.noise_level import noise_level
from bench.timing.latency import LONGEST, SHAPES, TIMED, Turn, flops, forget_peak, memory_now, prepared

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

ROUNDS, TIME = (3, 2000), 0.7  # fewest and most rounds, and seconds that they should take together
LONG = 2.0  # seconds of a batch that is timed once
price = 0.0  # seconds for a pixel at the last shape


def pytest_generate_tests(metafunc: Any) -> None:
    """Every shape in turn; `pytest` itself is not imported, since only pytest-benchmark is a declared need."""
    metafunc.parametrize("shape", SHAPES, ids=str)


def test_latency(benchmark: "BenchmarkFixture", shape: tuple[int, int, int]) -> None:
    global price
    values, kind, plugins = json.loads(os.environ[TIMED])
    turn, device = Turn(**values), torch.device(kind)
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

    def restored() -> torch.Tensor:
        level = variance
        if told:
            levels = [noise_level(image.double().cpu(), clipped=False).variance for image in noisy]
            level = torch.tensor(levels, device=device, dtype=variance.dtype)
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=turn.precision == "bfloat16"):
            result = restore(model, noisy, level)
            if device.type == "cuda":
                torch.cuda.synchronize()
        return result

    start = time.perf_counter()
    if expected < LONG:
        restored()  # what the first call alone must do
    first = time.perf_counter() - start
    rounds = 1 if max(first, expected) > LONG else max(ROUNDS[0], min(ROUNDS[1], int(TIME / first)))
    result: torch.Tensor = benchmark.pedantic(restored, rounds=rounds)  # type: ignore[no-untyped-call]  # as in its package
    if result.shape != noisy.shape:
        raise ValueError(f"images of {tuple(noisy.shape)} came back in another shape")
    peak = torch.cuda.max_memory_allocated() / 2**20 if device.type == "cuda" else memory_now() - before
    operations = flops(model, noisy, variance) / count if (height, width) == (28, 28) else 0
    benchmark.extra_info |= {"batch": count, "height": height, "width": width, "flops": operations, "memory": peak}
    stats: Any = benchmark.stats
    price = stats.stats.median / (count * height * width)

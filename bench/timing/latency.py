"""Per-batch latency: pytest-benchmark measures, and its JSON becomes rows with their conditions."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from architectures import DENOISERS, Memorizing
from bench.core.conditions import Conditions, conditions
from bench.core.experiment import Protocol
from bench.core.images import one_size
from bench.core.program import environment
from bench.core.registry import load_plugin
from bench.lookup.denoisers import parameters, place
from bench.lookup.images import images_of, split
from bench.running.workers import pool
from bench.scoring.score import corrupt
from bench.store.store import Store

BATCHES = (1, 8, 64, 256)
VARIANCE = 0.01
PARTS = 5  # that the rounds of a row are cut into, to see whether the machine was steady
UNSTEADY = 0.1
MEMORIZED = 48000  # images of a denoiser that memorizes, as many as MNIST trains on
ATTEMPTS = 3  # at a steady row
TIMED = "DESRUIDO_TIMED"  # variable that tells what is timed: denoiser, batch size, device and plug-ins, as JSON
PYTEST = (
    *("-q", "--tb=line", "-Wdefault", "--noconftest", "-pno:cacheprovider", "-ppytest_benchmark.plugin"),
    *("--benchmark-enable", "--benchmark-disable-gc", "--benchmark-warmup=on", "--benchmark-max-time=1.5"),
    *("--benchmark-min-rounds=10", "--benchmark-save-data", str(Path(__file__).with_name("latency_benchmark.py"))),
)


@dataclass(frozen=True)
class Latency:
    """One denoiser at one batch size of 28×28 images.

    Attributes:
        median, low, high: seconds for a batch: the median of all rounds, and their quartiles.
        drift: how far the medians of five successive parts of the rounds lie apart, as a share of the median.
        flops: floating-point operations of one image in convolutions and matrix products; 0 where there are none.
        memory: most MiB that a fresh process held, imported libraries included.
        conditions: machine, threads and versions.
    """

    denoiser: str
    batch: int
    median: float
    low: float
    high: float
    drift: float
    rounds: int
    parameters: int
    flops: float
    memory: float
    conditions: Conditions

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `as_json`."""
        return cls(**values | {"conditions": Conditions.from_json(values["conditions"])})

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"conditions": self.conditions.as_json()}

    @property
    def steady(self) -> bool:
        """Whether it can be ranked."""
        return self.drift <= UNSTEADY


def _built(name: str, memory: Callable[[], Tensor], device: torch.device) -> nn.Module:
    """An untrained denoiser in the layout of scoring; one that memorizes images gets `memory`, uint8 (N, 1, 28, 28)."""
    model = DENOISERS[name]()
    if isinstance(model, Memorizing):
        model.fit(memory())
    return place(model, device).eval()


def prepared(name: str, batch: int, device: torch.device) -> tuple[nn.Module, Tensor, Tensor]:
    """An untrained denoiser in the layout of scoring, noisy MNIST images, and their variances."""
    model = _built(name, lambda: one_size(split(images_of("mnist").train, "mnist")[0]), device)
    clean = one_size(images_of("mnist").test)[:batch].float() / 255
    noisy = corrupt(clean, VARIANCE, Protocol("mnist", "gaussian", (VARIANCE,), (), batch), range(batch)).to(device)
    return model, noisy, torch.full((batch,), VARIANCE, device=device)


def flops(model: nn.Module, noisy: Tensor, variance: Tensor) -> int:
    """What torch's counter finds; multiplying and adding are two operations."""
    from torch.utils.flop_counter import FlopCounterMode  # late: it takes a second

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(noisy, variance)
    return int(counter.get_total_flops())


def measure(name: str, device: str, plugins: Sequence[Path]) -> list[Latency]:
    """Measures one denoiser at every batch size, in processes of one thread.

    A row that is unsteady is measured again, and the steadiest one is kept.

    Raises:
        RuntimeError: the test failed; the message holds what it printed last.
    """
    steadiest: dict[int, Latency] = {}
    for _ in range(ATTEMPTS):
        for batch in [batch for batch in BATCHES if batch not in steadiest or not steadiest[batch].steady]:
            row = _measure(name, batch, device, plugins)
            steadiest[batch] = min(steadiest.get(batch, row), row, key=lambda row: row.drift)
    return list(steadiest.values())


def _measure(name: str, batch: int, device: str, plugins: Sequence[Path]) -> Latency:
    with tempfile.TemporaryDirectory() as folder:
        output, settings = Path(folder) / "benchmark.json", Path(folder) / "pytest.ini"
        settings.write_text("[pytest]\n", encoding="utf-8")  # else pytest takes those of the folders above
        command = [sys.executable, "-m", "pytest", f"-c{settings}", *PYTEST, f"--benchmark-json={output}"]
        timed = json.dumps([name, batch, device, [str(path.resolve()) for path in plugins]])
        variables = environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", TIMED: timed}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=variables, check=False)
        if done.returncode:
            raise RuntimeError("its test failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-8:]))
        (entry,) = json.loads(output.read_text(encoding="utf-8"))["benchmarks"]
    with pool(1, keep=False) as executor:
        memory = executor.submit(_memory, name, batch, device, tuple(plugins)).result()
    seconds = np.array(entry["stats"]["data"])
    low, median, high = np.quantile(seconds, (0.25, 0.5, 0.75)).tolist()
    medians = [float(np.median(part)) for part in np.array_split(seconds, PARTS)]
    return Latency(
        denoiser=name,
        batch=batch,
        median=median,
        low=low,
        high=high,
        drift=(max(medians) - min(medians)) / median,
        rounds=len(seconds),
        parameters=parameters(name, ()),
        flops=entry["extra_info"]["flops"],
        memory=memory,
        conditions=conditions(device, 1),
    )


def _memory(name: str, batch: int, device: str, plugins: Sequence[Path]) -> float:
    """Peak memory in MiB of a fresh process that restores one batch: of the process, or of the accelerator."""
    for plugin in plugins:
        load_plugin(plugin)
    # Neither the images of a dataset nor their checksums, which would hide what the denoiser needs.
    model = _built(name, lambda: torch.zeros(MEMORIZED, 1, 28, 28, dtype=torch.uint8), torch.device(device))
    with torch.inference_mode():
        model(torch.rand(batch, 1, 28, 28, device=device), torch.full((batch,), VARIANCE, device=device))
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path("/proc/self/status")
    if not status.exists():  # which includes what its parent held when it was born
        import resource  # late: not every system has it

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**10


def latencies(store: Store) -> list[Latency]:
    """All rows that were measured, the denoiser first that is fastest at its largest batch."""
    timed_rows = [Latency.from_json(row) for values in store.timings("latency").values() for row in values["rows"]]
    at_largest = {row.denoiser: row.median / row.batch for row in sorted(timed_rows, key=lambda row: row.batch)}
    return sorted(timed_rows, key=lambda row: (at_largest[row.denoiser], row.denoiser, row.batch))

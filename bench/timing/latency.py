"""What restoring an image takes, measured by pytest-benchmark in fresh processes."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from architectures import DENOISERS, Memorizing
from bench.core.conditions import conditions, cores
from bench.core.experiment import Protocol
from bench.core.images import one_size
from bench.core.program import environment
from bench.lookup.denoisers import parameters, place
from bench.lookup.images import images_of, split
from bench.running.applied.export import missing_packages
from bench.scoring.score import corrupt

SHAPES = ((1, 28, 28), (64, 28, 28), (1, 256, 256), (1, 1024, 1024), (1, 3000, 4000))  # images, height, width
ENGINE_SHAPES = ((1, 28, 28), (1, 256, 256), (1, 1024, 1024))  # for engines that prepare each shape, which takes long
VARIANCE = 0.01
LONGEST = 10.0  # seconds that a batch may take; larger ones are left out
TIMED = "DESRUIDO_TIMED"  # variable that tells what is timed, as JSON: a `Turn`, the device and plug-ins
PYTEST = (
    *("-q", "--tb=line", "-Wdefault", "--noconftest", "-pno:cacheprovider", "-ppytest_benchmark.plugin"),
    *("--benchmark-enable", "--benchmark-disable-gc", str(Path(__file__).with_name("latency_benchmark.py"))),
)


@dataclass(frozen=True)
class Turn:
    """One process that times one denoiser at every shape.

    Attributes:
        precision: "float32", or "bfloat16" where the processor has it.
        number: counts the processes of a denoiser, from 1 on.
        engine: what runs it: "torch", "torch.compile" or "onnxruntime".
    """

    denoiser: str
    threads: int
    precision: str
    number: int
    engine: str = "torch"

    @property
    def name(self) -> str:
        how = self.precision if self.engine == "torch" else self.engine
        return f"{self.denoiser}-{self.threads}-{how}-{self.number}"

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """What it is timed at."""
        return SHAPES if self.engine == "torch" else ENGINE_SHAPES


def turns(names: Sequence[str], device: str, processes: int) -> list[Turn]:
    """All processes, in rounds of random order, so that no denoiser has a better hour than another."""
    draw, rounds = random.Random(0), []
    threads = [1] if device == "cuda" else sorted({1, cores()})
    networks = [name for name in names if parameters(name, ())]
    for number in range(1, processes + 1):
        of_round = [Turn(name, count, "float32", number) for name in names for count in threads]
        if device == "cuda" or any(has for name, has in torch.cpu.get_capabilities().items() if name.endswith("bf16")):
            of_round += [Turn(name, 1, "bfloat16", number) for name in networks]
        of_round += [Turn(name, 1, "float32", number, engine) for name in networks for engine in engines(device)]
        draw.shuffle(of_round)
        rounds += of_round
    return rounds


def engines(device: str) -> list[str]:
    """What else than torch alone runs a network here: compiling needs a C++ compiler, ONNX its packages."""
    if device != "cpu":
        return []
    compiler = shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")
    return ["torch.compile"] * bool(compiler) + ["onnxruntime"] * (not missing_packages())


def prepared(turn: Turn, shape: tuple[int, int, int], device: torch.device) -> tuple[nn.Module, Tensor, Tensor]:
    """An untrained denoiser in the layout of scoring, noisy images, and their variances.

    Images of 28×28 are digits. Larger ones are a photograph, repeated as in a mirror.
    """
    count, height, width = shape
    model = DENOISERS[turn.denoiser]()
    if isinstance(model, Memorizing):
        model.fit(one_size(split(images_of("mnist").train, "mnist")[0]))
    if (height, width) == (28, 28):
        clean = one_size(images_of("mnist").test)[:count].float() / 255
    else:
        picture = images_of("photos").test[0].numpy()
        after = ((0, 0), (0, max(0, height - picture.shape[1])), (0, max(0, width - picture.shape[2])))
        clean = torch.from_numpy(np.pad(picture, after, "symmetric")[None, :, :height, :width]).float() / 255
    noisy = corrupt(clean, VARIANCE, Protocol("mnist", "gaussian", (VARIANCE,), (), count), range(count)).to(device)
    return place(model, device).eval(), noisy, torch.full((count,), VARIANCE, device=device)


def flops(model: nn.Module, noisy: Tensor, variance: Tensor) -> int:
    """What torch's counter finds; multiplying and adding are two operations."""
    from torch.utils.flop_counter import FlopCounterMode  # late: it takes a second

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(noisy, variance)
    return int(counter.get_total_flops())


def measure(turn: Turn, device: str, plugins: Sequence[Path]) -> list[dict[str, Any]]:
    """Times one denoiser at every shape in a process of its own; JSON values, one for each shape.

    Raises:
        RuntimeError: the test failed; the message holds what it printed last.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, settings = Path(folder) / "benchmark.json", Path(folder) / "pytest.ini"
        settings.write_text("[pytest]\n", encoding="utf-8")  # else pytest takes those of the folders above
        command = [sys.executable, "-m", "pytest", f"-c{settings}", *PYTEST, f"--benchmark-json={output}"]
        timed = json.dumps([vars(turn), device, [str(path.resolve()) for path in plugins]])
        inherited = {name: value for name, value in environment().items() if not name.startswith("PYTEST_XDIST")}
        variables = inherited | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", TIMED: timed}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=variables, check=False)
        if done.returncode:
            raise RuntimeError("its test failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-8:]))
        entries = json.loads(output.read_text(encoding="utf-8"))["benchmarks"]
    about: dict[str, Any] = {"denoiser": turn.denoiser, "engine": turn.engine, "precision": turn.precision}
    about["parameters"] = parameters(turn.denoiser, ())
    about["conditions"] = conditions(device, turn.threads).as_json()
    return [
        about | entry["extra_info"] | {"seconds": entry["stats"]["median"], "rounds": entry["stats"]["rounds"]}
        for entry in entries
    ]


def memory_now() -> float:
    """MiB that this process holds at most since `forget_peak`, or since it began where the system cannot forget."""
    status = Path("/proc/self/status")
    if not status.exists():
        import resource  # late: not every system has it

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**10


def forget_peak() -> None:
    """Lets `memory_now` begin anew, where the system can."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5")

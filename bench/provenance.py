"""Where a number came from: versions, device, seconds, and the sources that decide it."""

import ast
import hashlib
import json
import os
import platform
import sys
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

import bench.device
import bench.evaluate
import bench.layers
import bench.muon
import bench.patches
import bench.rng
import bench.stacks
import bench.tiles
import bench.train
import bench.tuning
from architectures import DENOISERS
from bench.datasets import function_of
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.plan import parameters
from bench.task import Task

FILES = {"bench.datasets.folder", "bench.pixels", "bench.sources"}  # by which images are read from files
CONDITIONS = ("python", "torch", "device", "threads")  # that move the last bits of a number


def provenance(task: Task, device: torch.device, seconds: dict[str, float]) -> dict[str, Any]:
    """The conditions of a measurement as plain JSON values; the values themselves are in the experiment."""
    experiment = task.experiment
    return {
        **versions(device),
        "threads": torch.get_num_threads(),
        "parameters": parameters(experiment.denoiser, experiment.options),
        "blind": getattr(DENOISERS[experiment.denoiser], "blind", True),
        "kin": getattr(DENOISERS[experiment.denoiser], "kin", experiment.denoiser),
        "seconds": {step: round(value, 2) for step, value in seconds.items()},
        "sources": {module: source_digest(module) for module in modules_of(task)},
    }


def joined(before: dict[str, Any], now: dict[str, Any], trained: bool) -> dict[str, Any]:
    """What is known of an experiment that is measured piece by piece.

    Its conditions are those under which it was trained or tuned; "elsewhere" has any others under
    which it was scored.

    Args:
        before: empty if nothing was.
        trained: whether `now` is of a training or tuning, too.
    """
    if not before:
        return now
    first, second = (now, before) if trained else (before, now)
    here, *others = ({name: each.get(name) for name in CONDITIONS} for each in (first, second))
    elsewhere = [other for other in [*before.get("elsewhere", []), *others] if other != here]
    seconds = dict(before.get("seconds", {}))
    for step, value in now.get("seconds", {}).items():
        seconds[step] = round(value + (0 if step == "training" else seconds.get(step, 0)), 2)
    found = first | {"sources": second.get("sources", {}) | first.get("sources", {}), "seconds": seconds}
    unique = [each for index, each in enumerate(elsewhere) if each not in elsewhere[:index]]
    return found | ({"elsewhere": unique} if unique else {})


def versions(device: torch.device) -> dict[str, str]:
    """Python, torch and the device, as far as they move the last bits of a number."""
    names = [torch.cuda.get_device_name(device)] if device.type == "cuda" else []
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": f"{device.type} ({', '.join([*names, processor(), torch.backends.cpu.get_cpu_capability()])})",
    }


def conditions(device: str, threads: int) -> dict[str, Any]:
    """What moves a timing: the machine, its libraries and the threads used."""
    libraries = {name: metadata.version(name) for name in ("numpy", "scipy", "scikit-image")}
    return versions(torch.device(device)) | {"cores": cores(), "threads": threads} | libraries


def processor() -> str:
    """Its name, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> int:
    """Cores this process may use; not every system tells, and then all there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stale(conditions: dict[str, Any]) -> bool:
    """Whether a measurement was made by other code than there is now."""
    sources: dict[str, str] = conditions.get("sources", {})
    return any(source_digest(module) != digest for module, digest in sources.items())


def modules_of(task: Task) -> list[str]:
    """The modules that decide the numbers of a task."""
    experiment, protocols = task.experiment, [request.protocol for request in task.requests]
    modules = {module.__name__ for module in (bench.rng, bench.device, bench.evaluate, bench.stacks, bench.tiles)}
    modules |= {DENOISERS[experiment.denoiser].__module__}
    modules |= {METRICS[metric].function.__module__ for request in task.requests for _, metric in request.cells}
    datasets = experiment.dataset, *(protocol.dataset for protocol in protocols)
    modules |= {function_of(name).__module__ for name in datasets if name}
    modules |= {NOISES[name].__module__ for name in (experiment.noise, *(p.noise for p in protocols)) if name}
    if any(":" in name for name in datasets if name):
        modules |= FILES
    if experiment.dataset is not None:
        modules |= {bench.train.__name__}  # which splits its images, also those to be memorized
    if experiment.recipe is not None:
        modules |= {bench.layers.__name__, bench.muon.__name__}
        modules |= {bench.patches.__name__} if experiment.recipe.patch else set()
    if experiment.tuned:
        modules |= {bench.tuning.__name__}
    return sorted(modules)


@cache
def source_digest(module: str) -> str:
    """A digest of a module's syntax tree without docstrings, so that no comment changes it.

    Empty if the module cannot be found, as with a plug-in that is not loaded.
    """
    try:
        spec = sys.modules[module].__spec__ if module in sys.modules else find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        return ""
    tree = _plain(ast.parse(Path(spec.origin).read_bytes()))
    return hashlib.sha256(json.dumps(tree).encode()).hexdigest()[:10]


def _plain(node: Any) -> Any:
    """A syntax tree as lists of text; fields left empty are left out, since every Python has others."""
    if isinstance(node, list):
        return [_plain(entry) for entry in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
        node.body = node.body[1:]
    fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
    return [type(node).__name__, *([name, _plain(value)] for name, value in fields)]

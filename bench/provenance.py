"""Where a number came from: versions, device, seconds, and the sources that decide it."""

import ast
import hashlib
import platform
import sys
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

import bench.evaluate
import bench.muon
import bench.rng
import bench.train
from architectures import DENOISERS
from bench.datasets import DATASETS
from bench.experiment import Experiment
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.plan import parameters


def provenance(
    experiment: Experiment, metrics: Iterable[str], device: torch.device, seconds: dict[str, float]
) -> dict[str, Any]:
    """The conditions of a measurement as plain JSON values; the values themselves are in the experiment."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": f"{device.type} ({name}, {torch.backends.cpu.get_cpu_capability()})",
        "threads": torch.get_num_threads(),
        "parameters": parameters(experiment.denoiser, experiment.options),
        "blind": getattr(DENOISERS[experiment.denoiser], "blind", True),
        "seconds": {step: round(value, 2) for step, value in seconds.items()},
        "sources": {module: source_digest(module) for module in _modules(experiment, metrics)},
    }


def stale(conditions: dict[str, Any]) -> bool:
    """Whether a measurement was made by other code than there is now."""
    sources: dict[str, str] = conditions.get("sources", {})
    return any(source_digest(module) != digest for module, digest in sources.items())


def _modules(experiment: Experiment, metrics: Iterable[str]) -> list[str]:
    """The modules that decide the numbers of an experiment."""
    modules = [module.__name__ for module in (bench.train, bench.muon, bench.rng, bench.evaluate)]
    modules.append(DENOISERS[experiment.denoiser].__module__)
    modules += [METRICS[metric].function.__module__ for metric in metrics]
    if experiment.dataset and experiment.noise:
        modules += [DATASETS[experiment.dataset].__module__, NOISES[experiment.noise].__module__]
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
    tree = ast.parse(Path(spec.origin).read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:10]

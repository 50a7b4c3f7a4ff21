"""Desruido: what does a denoiser cost at the noise variances it was not trained for?

In a notebook, `import bench` and use the names below; `bench.api` has their documentation. They are
looked up at first use, so that `import bench` takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from architectures import Denoiser, denoiser
    from bench.ablations import ablation
    from bench.api import Study, ablate, choose, denoise, evaluate, export, load, run
    from bench.core.experiment import Experiment, Protocol
    from bench.core.recipes import Recipe
    from bench.core.variance import Range
    from bench.datasets import dataset
    from bench.metrics import metric
    from bench.noises import noise

__all__ = [
    "Denoiser",
    "Experiment",
    "Protocol",
    "Range",
    "Recipe",
    "Study",
    "ablate",
    "ablation",
    "choose",
    "dataset",
    "denoise",
    "denoiser",
    "evaluate",
    "export",
    "load",
    "metric",
    "noise",
    "run",
]

_MODULES = {
    **dict.fromkeys(("Study", "ablate", "choose", "denoise", "evaluate", "export", "load", "run"), "bench.api"),
    **dict.fromkeys(("Denoiser", "denoiser"), "architectures"),
    **dict.fromkeys(("Experiment", "Protocol"), "bench.core.experiment"),
    **{"Range": "bench.core.variance", "Recipe": "bench.core.recipes"},
    **{name: f"bench.{name}s" for name in ("ablation", "dataset", "metric", "noise")},
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'bench' has no attribute {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__

"""The search for a recipe that learns most in one epoch."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench.ablations import ablation, require_muon
from bench.core.experiment import Experiment

CHANGES: tuple[dict[str, Any], ...] = (
    {},
    *({"warm_up": share} for share in (0.05, 0.15, 0.5)),
    *({"batch": images} for images in (16, 64)),
    *({"lr": rate} for rate in (0.015, 0.06)),
    *({"lr_vectors": rate} for rate in (0.005, 0.05)),
    *({"optimizer": "adam", "lr": rate, "lr_vectors": 0.0} for rate in (0.01, 0.04)),
)


@ablation()
def schedule(base: Experiment) -> Iterator[Experiment]:
    """Schedule: one epoch under `fast`, and with one value of it changed at a time."""
    if base.recipe is not None:
        require_muon(base.recipe)
        start = replace(base.recipe, epochs=1, warm_up=0.3)
        for change in CHANGES:
            yield base.but(recipe=replace(start, **change))

"""In what precision to train: float32, or bfloat16 by autocast."""

from collections.abc import Iterator
from dataclasses import replace

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation()
def precision(base: Experiment) -> Iterator[Experiment]:
    """Precision: float32, and bfloat16 by autocast in the forward pass."""
    for name in ("float32", "bfloat16"):
        yield base.but(recipe=base.recipe and replace(base.recipe, precision=name))

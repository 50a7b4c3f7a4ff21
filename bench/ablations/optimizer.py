"""What to minimize with: Muon, or Adam at three rates."""

from collections.abc import Iterator
from dataclasses import replace

from bench.ablations import ablation, require_muon
from bench.core.experiment import Experiment


@ablation()
def optimizer(base: Experiment) -> Iterator[Experiment]:
    """Optimizer: Muon, and Adam with peak rates of 0.001, 0.01 and 0.04, at equal epochs and schedule."""
    require_muon(base.recipe)
    yield base
    for rate in (0.001, 0.01, 0.04):
        yield base.but(recipe=base.recipe and replace(base.recipe, optimizer="adam", lr=rate, lr_vectors=0.0))

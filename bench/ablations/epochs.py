"""How long to train."""

from collections.abc import Iterator
from dataclasses import replace

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation()
def epochs(base: Experiment) -> Iterator[Experiment]:
    """Epochs: 4, 1, 2 and 8, each with a schedule of its own."""
    for epochs in (4, 1, 2, 8):
        yield base.but(recipe=base.recipe and replace(base.recipe, epochs=epochs))

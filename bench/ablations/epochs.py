"""How long to train."""

from collections.abc import Iterator
from dataclasses import replace

from bench.ablations import ablation
from bench.experiment import Experiment


@ablation()
def epochs(base: Experiment) -> Iterator[Experiment]:
    """Epochs: 1, 2, 4 and 8, each with a schedule of its own."""
    for epochs in (1, 2, 4, 8):
        yield base.but(recipe=base.recipe and replace(base.recipe, epochs=epochs))

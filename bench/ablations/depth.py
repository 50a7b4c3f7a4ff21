"""How deep a network is: the tutorial's second exercise."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation(of="deep_autoencoder", page="architecture")
def depth(base: Experiment) -> Iterator[Experiment]:
    """Depth: 9, 7 and 13 layers, those beyond 7 at a quarter of the size."""
    for layers in (9, 7, 13):
        yield base.but(options={"depth": layers})

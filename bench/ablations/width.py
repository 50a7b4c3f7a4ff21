"""How wide a network is."""

from collections.abc import Iterator

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation(page="architecture")
def width(base: Experiment) -> Iterator[Experiment]:
    """Width: once, half and twice the channels of the tutorial's network."""
    for channels in (8, 4, 16):
        yield base.but(options={"width": channels})

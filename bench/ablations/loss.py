"""What to minimize."""

from collections.abc import Iterator
from dataclasses import replace

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation()
def loss(base: Experiment) -> Iterator[Experiment]:
    """Loss: PSNR of each image, squared, absolute, and Charbonnier differences."""
    for name in ("psnr", "mse", "l1", "charbonnier"):
        yield base.but(recipe=base.recipe and replace(base.recipe, loss=name))

"""How fast to learn: one small search, the same for every network."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from bench.ablations import ablation, require_muon
from bench.core.experiment import Experiment


@ablation()
def learning_rate(base: Experiment) -> Iterator[Experiment]:
    """Learning rates: those of kernels and of all other parameters, half, as they are and twice; nine pairs."""
    recipe = base.recipe
    if recipe is None:
        return
    require_muon(recipe)
    for kernels, vectors in product((1, 0.5, 2), repeat=2):
        yield base.but(recipe=replace(recipe, lr=kernels * recipe.lr, lr_vectors=vectors * recipe.lr_vectors))

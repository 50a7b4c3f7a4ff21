"""What it costs to have no clean images to learn from."""

from collections.abc import Iterator
from dataclasses import replace

from bench.ablations import ablation
from bench.core.experiment import Experiment
from bench.core.recipes import ONE_DRAW


@ablation(page="data")
def no_clean_images(base: Experiment) -> Iterator[Experiment]:
    """No clean images: fresh noise on input and target (renoised), or one noisy image, variance told (sure) or not."""
    recipe = base.recipe
    if recipe and recipe.patch:
        raise ValueError("the ablation 'no_clean_images' trains on whole images; leave out --recipe")
    for target in ("clean", "renoised", *ONE_DRAW, "noisy"):
        yield base.but(recipe=recipe and replace(recipe, target=target, loss="mse"))

"""How many images it takes to learn, at equal numbers of steps."""

from collections.abc import Iterator
from dataclasses import replace

from bench.ablations import ablation
from bench.core.experiment import Experiment


@ablation(page="data")
def train_images(base: Experiment) -> Iterator[Experiment]:
    """Training images: all, then fewer and fewer, at equal numbers of steps; `memorizer` remembers the same images."""
    recipe = base.recipe
    if recipe and recipe.patch:
        raise ValueError("the ablation 'train_images' trains on whole images; leave out --recipe")
    counts = [count for count in (10_000, 1_000, 100, 32) if not recipe or count >= recipe.batch]
    yield base.but(recipe=recipe and replace(recipe, train_images=0))
    for count in counts:
        yield base.but(recipe=recipe and replace(recipe, train_images=count, repeat=True))
    if dict(base.options).get("channels", 1) == 1:
        for count in (0, *counts):
            yield base.but(denoiser="memorizer", options={"train_images": count})

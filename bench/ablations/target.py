"""The tutorial, exactly: what its listing compares the output with, and what that costs."""

from collections.abc import Iterator
from dataclasses import replace

from bench.ablations import ablation
from bench.core.experiment import Experiment
from bench.core.recipes import TUTORIAL


@ablation()
def target(base: Experiment) -> Iterator[Experiment]:
    """Target: the clean image, the noisy one itself (the tutorial as printed), or a second noisy draw (Noise2Noise)."""
    if base.recipe and base.recipe.patch:
        raise ValueError("the ablation 'target' trains as the tutorial does, on whole images; leave out --recipe")
    for name in ("clean", "noisy", "renoised"):
        yield base.but(recipe=replace(TUTORIAL, target=name))

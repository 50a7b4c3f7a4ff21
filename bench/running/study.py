"""What a command asks of experiments: a protocol, a recipe, seeds, images to train on, and ranges."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from bench.core.experiment import Protocol
from bench.core.recipes import Recipe
from bench.core.tasks import Source
from bench.core.variance import Range
from bench.lookup.images import identified, images_of, source_of, training_of
from bench.metrics import METRICS
from bench.running.command import Command
from bench.running.profiles import PROFILES, Profile


class Study(NamedTuple):
    """What every experiment of a command has in common, as `bench.running.plan` takes it."""

    protocol: Protocol
    recipe: Recipe
    seeds: int
    source: Source | None


def profile_of(command: Command) -> Profile:
    return PROFILES[command.profile or "quick"]


def study_of(command: Command) -> Study:
    """Names and variances are looked up; raises ValueError or OSError for what cannot be."""
    profile = profile_of(command)
    recipe, images = profile.recipe(command.recipe), profile.images
    dataset, source = command.dataset or profile.dataset, None
    if command.train_data or dataset != profile.dataset:
        dataset, train = identified(dataset), identified(command.train_data) if command.train_data else None
        source = source_of(dataset, train)
        # The profile was made for its own dataset; another may be smaller.
        images = min(images, len(images_of(dataset).test))
        available = len(training_of(source.training)) * 4 // 5 if source.training else 0
        recipe = replace(recipe, train_images=recipe.train_images if recipe.train_images < available else 0)
    metrics = command.metrics or sorted(METRICS, key=lambda name: (METRICS[name].better != "higher", name))
    protocol = Protocol(dataset, command.noise, _test_variances(command), tuple(metrics), images)
    return Study(protocol, recipe, command.seeds or profile.seeds, source)


def _test_variances(command: Command) -> tuple[float, ...]:
    variances = [Range.parse(text) for text in command.test or map(str, profile_of(command).test)]
    if wide := [variance for variance in variances if not variance.fixed]:
        raise ValueError(f"a test variance is one number, got the range {wide[0]}")
    return tuple(variance.low for variance in variances)


def ranges_of(command: Command, denoisers: Iterable[str]) -> dict[str, list[Range]]:
    """The training ranges of each denoiser."""
    profile = profile_of(command)
    return {
        name: [Range.parse(text, command.law) for text in command.train or profile.fewer.get(name, profile.train)]
        for name in denoisers
    }

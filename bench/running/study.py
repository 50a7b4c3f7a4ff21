"""What a command asks of experiments: a protocol, a recipe, seeds, images to train on, and ranges."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from bench.core.dataset_names import full_name
from bench.core.experiment import ESTIMATE, RECORDED, Protocol
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
        available = len(training_of(source.training)) * 4 // 5 if source.training else 0
        recipe = replace(recipe, train_images=recipe.train_images if recipe.train_images < available else 0)
    images = min(images, len(images_of(dataset).test))  # the profile may have been made for a larger dataset
    metrics = command.metrics or sorted(METRICS, key=lambda name: (METRICS[name].better != "higher", name))
    protocol = Protocol(dataset, command.noise, _test_variances(command), tuple(metrics), images)
    if dataset != profile.dataset and len(images_of(dataset).recorded):
        protocol = _recorded(command, protocol)
    return Study(protocol, recipe, command.seeds or profile.seeds, source)


def _recorded(command: Command, protocol: Protocol) -> Protocol:
    """The same with the noise of the images: its variance is measured, and denoisers that are told one estimate it."""
    if command.test or command.noise != "gaussian":
        raise ValueError(
            f"the images of {full_name(protocol.dataset)} have a noise of their own: leave out --test and --noise"
        )
    images = images_of(protocol.dataset)
    squares = [
        ((noisy.double() - clean.double()) / 255).square().mean().item()
        for noisy, clean in zip(images.recorded, images.test, strict=True)
    ]
    measured = float(f"{sum(squares) / len(squares):.3g}")
    return replace(protocol, noise=RECORDED, variances=(measured,), told=ESTIMATE)


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

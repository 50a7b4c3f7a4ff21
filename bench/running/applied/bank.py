"""A bank of specialists: estimate the noise of each image, then take the network that was trained nearest to it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from architectures import DENOISERS
from bench.analysis.intervals import Sample, mean_of
from bench.analysis.rows import METRIC
from bench.core.dataset_names import dataset_title
from bench.core.experiment import Experiment, Protocol
from bench.core.images import batches
from bench.core.recipes import recipe_name
from bench.core.results import Array, block_means
from bench.core.values import digest
from bench.core.variance import Range, written
from bench.lookup.images import images_of
from bench.scoring.noise_level import NoiseLevel, noise_level
from bench.scoring.score import corrupt
from bench.store.store import Store

Trainings = dict[int, Experiment]  # by seed


@dataclass(frozen=True)
class Bank:
    """Trainings of one network, alike but for their noise: at single variances inside a range, and on that range.

    Attributes:
        protocol: with the test variances that all of them were scored at.
        specialists: by the variance each was trained at, two or more.
    """

    protocol: Protocol
    specialists: dict[float, Trainings]
    ranged: Trainings

    @property
    def key(self) -> str:
        """Tells it from all others; it stays the same with further seeds and specialists."""
        first = next(iter(self.ranged.values())).but(seed=0)
        return f"{first.denoiser} on {dataset_title(self.protocol.dataset)} {digest((self.protocol.digest, first))}"

    @property
    def seeds(self) -> list[int]:
        """Those with which all of it was trained."""
        return [seed for seed in self.ranged if all(seed in trainings for trainings in self.specialists.values())]

    @property
    def title(self) -> str:
        first = next(iter(self.ranged.values()))
        options = "".join(f", {option}={value}" for option, value in first.options)
        return f"{first.denoiser} on {dataset_title(self.protocol.dataset)}{options}"


def banks(store: Store) -> dict[str, Bank]:
    """All that a store has the PSNR of every test image for, by key."""
    found: dict[str, Bank] = {}
    for section in store.sections():
        protocol = section.protocol
        if section.name != "grid" or protocol.noise != "gaussian" or protocol.told != 1:
            continue
        networks: dict[Experiment, list[Experiment]] = {}
        for experiment in filter(_blind, section.experiments):
            networks.setdefault(experiment.but(variance=None, seed=0), []).append(experiment)
        for trainings in networks.values():
            scored = {experiment: _tested(store, experiment, protocol) for experiment in trainings}
            for wide in dict.fromkeys(e.variance for e in trainings if e.variance and not e.variance.fixed):
                if bank := _bank(protocol, {e: tested for e, tested in scored.items() if tested}, wide):
                    found[bank.key] = bank
    return found


def _tested(store: Store, experiment: Experiment, protocol: Protocol) -> set[float]:
    """The test variances at which the PSNR of every image is kept."""
    kept = store.images(experiment, protocol)
    return {variance for variance in protocol.variances if f"{METRIC} {variance}" in kept}


def _bank(protocol: Protocol, scored: Mapping[Experiment, set[float]], wide: Range) -> Bank | None:
    ranged = {e.seed: e for e in scored if e.variance == wide}
    inside: dict[float, Trainings] = {}
    for e in scored:
        if e.variance and e.variance.fixed and e.variance.low in wide:
            inside.setdefault(e.variance.low, {})[e.seed] = e
    members = [*ranged.values(), *(e for trainings in inside.values() for e in trainings.values())]
    shared = set.intersection(*(scored[e] for e in members)) if members else set()
    bank = Bank(replace(protocol, variances=tuple(shared)), dict(sorted(inside.items())), ranged) if shared else None
    return bank if bank and len(inside) > 1 and ranged and bank.seeds else None


def _blind(experiment: Experiment) -> bool:
    """Whether it is a network that was scored without being told the truth, which nobody tells a bank."""
    return experiment.recipe is not None and experiment.denoiser in DENOISERS and DENOISERS[experiment.denoiser].blind


def priced(bank: Bank, store: Store) -> dict[str, Any]:
    """What a bank reaches at each test variance, against the network of the range and the true specialist.

    Whatever the bank chooses for an image, that network's PSNR of this image under this noise is in the store: nothing
    is restored again. Differences are paired by seed and block of test images, each with half of its 95 % interval.
    """
    seeds = bank.seeds
    rows, inside = [], []
    for variance in bank.protocol.variances:
        chosen = _nearest(estimates(bank.protocol, variance), list(bank.specialists))
        by_training = {
            trained: _sample(store, bank, trainings, seeds, variance) for trained, trainings in bank.specialists.items()
        }
        stacked = np.stack(list(by_training.values()))  # trainings, seeds, images
        of_bank = stacked[chosen, :, np.arange(len(chosen))].T
        ranged = _sample(store, bank, bank.ranged, seeds, variance)
        bank_sample, ranged_sample = _blocked(of_bank, seeds), _blocked(ranged, seeds)
        specialist = _blocked(by_training[variance], seeds) if variance in by_training else None
        gains = {"range": bank_sample.minus(ranged_sample), "specialist": specialist and bank_sample.minus(specialist)}
        right = float((np.array(list(by_training))[chosen] == variance).mean()) if specialist else None
        row = {"variance": variance, "test": written(variance), "bank": list(bank_sample.estimate), "right": right}
        row |= {name: list(gain.estimate) if gain else None for name, gain in gains.items()}
        rows.append(row)
        if specialist:
            inside.append(gains)
    means = {name: mean_of([sample for gain in inside if (sample := gain[name])]) for name in ("range", "specialist")}
    return {
        "title": bank.title,
        "rows": rows,
        "inside": {name: list(mean.estimate) if mean else None for name, mean in means.items()},
        **counts(bank),
        "images": bank.protocol.images,
        "recipe": recipe_name(next(iter(bank.ranged.values())).recipe),
        "range": str(next(iter(bank.ranged.values())).variance),
    }


def counts(bank: Bank) -> dict[str, Any]:
    """What grows with further trainings and tests, so that it is priced again."""
    trained, tested = (
        [written(variance) for variance in all_of] for all_of in (bank.specialists, bank.protocol.variances)
    )
    return {"seeds": len(bank.seeds), "trained": trained, "tested": tested}


def _sample(store: Store, bank: Bank, trainings: Trainings, seeds: list[int], variance: float) -> Array:
    """PSNR by seed and image, (S, N)."""
    return np.stack([store.images(trainings[seed], bank.protocol)[f"{METRIC} {variance}"] for seed in seeds])


def _blocked(values: Array, seeds: list[int]) -> Sample:
    return Sample(np.array([block_means(of_seed) for of_seed in values]), tuple(seeds))


def _nearest(variances: Array, trained: list[float]) -> Array:
    """For each variance the number of the training nearest to it by their ratio, (N,)."""
    distances = np.abs(np.log(np.maximum(variances, 1e-12))[:, None] - np.log(trained)[None])
    nearest: Array = distances.argmin(1)
    return nearest


def estimates(protocol: Protocol, variance: float) -> Array:
    """The estimated variance of each noisy test image, (N,); 0 for one without any detail."""
    return np.array([0.0 if math.isnan(level.variance) else level.variance for level in levels(protocol, variance)])


@cache
def levels(protocol: Protocol, variance: float) -> tuple[NoiseLevel, ...]:
    """The estimated noise level of each noisy test image."""
    found: dict[int, NoiseLevel] = {}
    for numbers, images in batches(images_of(protocol.dataset).test[: protocol.images]):
        noisy = corrupt(images.float() / 255, variance, protocol, numbers.tolist())
        found |= {n: noise_level(image, clipped=False) for n, image in zip(numbers.tolist(), noisy, strict=True)}
    return tuple(found[number] for number in sorted(found))

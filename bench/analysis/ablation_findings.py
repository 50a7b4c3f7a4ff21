"""Finds what single ablations say beyond their table: the slip of the tutorial, seeds, noise distributions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bench.analysis.facts import NoiseMismatch, OtherNoises, SeedDeviation, TargetSlip
from bench.analysis.intervals import Sample, mean_of
from bench.analysis.rows import METRIC, Row
from bench.core.experiment import Experiment


def target_slips(rows: Sequence[Row]) -> Iterator[TargetSlip]:
    """For each network that was trained with both targets."""
    networks: dict[Experiment, dict[str, Sample]] = {}
    for row in rows:
        experiment, variance = row.experiment, row.experiment.variance
        if experiment.recipe and variance and (sample := row.samples.get((variance.low, METRIC))):
            base = experiment.but(seed=0, recipe=replace(experiment.recipe, target="clean"))
            networks.setdefault(base, {})[experiment.recipe.target] = sample
    for base, samples in networks.items():
        if (
            base.variance
            and {"noisy", "clean"} <= samples.keys()
            and (slip := samples["clean"].minus(samples["noisy"]))
        ):
            noisy, clean = (samples[target].over(slip.seeds).mean for target in ("noisy", "clean"))
            second = samples["clean"].minus(samples["renoised"]) if "renoised" in samples else None
            less = second.estimate if second else None
            yield TargetSlip(base.denoiser, base.variance.low, slip.estimate, noisy, clean, less)


def seed_deviations(rows: Sequence[Row]) -> Iterator[SeedDeviation]:
    """For each network that was trained more than once, of rows that are single trainings."""
    for alike in dict.fromkeys(row.experiment.but(seed=0) for row in rows):
        own = [row for row in rows if row.experiment.but(seed=0) == alike and row.means]
        deviations = {}
        for variance in dict.fromkeys(variance for row in own for variance, metric in row.means if metric == METRIC):
            values = [row.means[variance, METRIC] for row in own if (variance, METRIC) in row.means]
            if len(values) > 1 and np.isfinite(values).all():
                deviations[variance] = float(np.std(values, ddof=1))
        if deviations:
            yield SeedDeviation(own[0].subject, str(alike.variance), len(own), deviations)


def noise_mismatches(rows: Mapping[str, Sequence[Row]], variance: float) -> Iterator[NoiseMismatch]:
    """For each network, from the training noise that costs least to the one that costs most.

    Args:
        rows: by the noise they were tested with.
    """
    networks: dict[tuple[str, Experiment], dict[tuple[str, str], Sample]] = {}  # by the noises of training and test
    for tested, scored in rows.items():
        for row in scored:
            sample, trained = row.samples.get((variance, METRIC)), row.experiment.noise
            if sample is not None and sample.finite and trained is not None:
                alike = row.subject, row.experiment.but(noise="", seed=0)
                networks.setdefault(alike, {})[trained, tested] = sample
    for (subject, experiment), samples in networks.items():
        noises = []
        for trained in sorted({trained for trained, _ in samples}):
            others = [n for n in rows if n != trained and {(trained, n), (n, n)} <= samples.keys()]
            gains = [samples[trained, noise].minus(samples[noise, noise]) for noise in others]
            if mean := mean_of([gain for gain in gains if gain]):
                noises.append(OtherNoises(trained, mean.estimate, len(others)))
        if len(noises) > 1:
            ordered = sorted(noises, key=lambda other: -other.gain.mean)
            yield NoiseMismatch(subject, str(experiment.variance), variance, tuple(ordered))

"""Finds what single ablations say beyond their table: the slip of the tutorial, seeds, noise distributions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.findings.facts import NoiseMismatch, OtherNoises, SeedDeviation, TargetSlip, WrongVariance
from bench.analysis.intervals import Estimate, Sample, mean_of
from bench.analysis.rows import METRIC, Row
from bench.core.experiment import Experiment
from bench.core.recipes import ONE_DRAW, family_of


def target_slips(rows: Sequence[Row]) -> Iterator[TargetSlip]:
    """For each network that was trained with both targets."""
    networks: dict[Experiment, dict[str, Sample]] = {}
    for row in rows:
        recipe, variance = row.experiment.recipe, row.experiment.variance
        if recipe and variance and (sample := row.samples.get((variance.low, METRIC))):
            base = row.experiment.but(seed=0, recipe=replace(recipe, target="clean"))
            networks.setdefault(base, {})[recipe.target] = sample
    for base, samples in networks.items():
        clean, noisy = samples.get("clean"), samples.get("noisy")
        if base.variance and clean and noisy and (slip := clean.minus(noisy)):
            psnr = noisy.over(slip.seeds).mean, clean.over(slip.seeds).mean
            losses = {target: loss.estimate for target in samples if (loss := clean.minus(samples[target]))}
            one_draw = {target: losses[target] for target in ONE_DRAW if target in losses}
            listing = base.recipe is not None and family_of(base.recipe) == "tutorial"
            about = base.denoiser, base.variance.low, slip.estimate
            yield TargetSlip(*about, *psnr, losses.get("renoised"), one_draw, listing)


def seed_deviations(rows: Sequence[Row]) -> Iterator[SeedDeviation]:
    """For each network that was trained more than once, of rows that are single trainings."""
    networks: dict[Experiment, list[Row]] = {}
    for row in (row for row in rows if row.means):
        networks.setdefault(row.experiment.but(seed=0), []).append(row)
    for network, trainings in networks.items():
        psnr = pd.DataFrame([{v: mean for (v, metric), mean in r.means.items() if metric == METRIC} for r in trainings])
        deviations: dict[Any, float] = {v: float(std) for v, std in psnr.std().items() if np.isfinite(std)}
        if deviations:
            yield SeedDeviation(trainings[0].subject, str(network.variance), len(trainings), deviations)


def noise_mismatches(rows: Mapping[str, Sequence[Row]], variance: float) -> Iterator[NoiseMismatch]:
    """For each network, from the training noise that costs least to the one that costs most.

    Args:
        rows: by the noise they were tested with.
    """
    networks: dict[tuple[str, Experiment], dict[tuple[str, str], Sample]] = {}  # by the noises of training and test
    for tested, scored in rows.items():
        for row in scored:
            if (sample := row.psnr_at(variance)) and row.experiment.noise is not None:
                network = row.subject, row.experiment.but(noise="", seed=0)
                networks.setdefault(network, {})[row.experiment.noise, tested] = sample
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


def wrong_variances(frame: pd.DataFrame) -> Iterator[WrongVariance]:
    """For each denoiser, what it loses at each factor; `frame` is that of `bench.analysis.effects.told_frame`."""
    for denoiser, of_denoiser in frame.groupby("denoiser", sort=False):
        losses = zip(of_denoiser.factor, map(Estimate, of_denoiser["mean"], of_denoiser.half_width), strict=True)
        yield WrongVariance(str(denoiser), tuple(losses))

"""What single ablations say beyond their table: the losses and the slip of the tutorial, noises, seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bench.ablations import by_seed
from bench.analysis.intervals import Sample, mean_of
from bench.analysis.rows import METRIC, Row
from bench.analysis.tutorial_losses import PRINTED, agreement, is_printed, losses_of, prediction
from bench.core.experiment import Experiment
from bench.core.tasks import Section
from bench.core.variance import written
from bench.report.tables.table import Table, margin, signed
from bench.store.store import Store


def remarks(store: Store, section: Section, rows: Sequence[Row]) -> Iterator[str]:
    """What the tutorial's slip costs, its printed losses beside ours, and how seeds differ, where rows tell."""
    for sentence in slips(rows):
        yield sentence + "\n"
    for row in rows:
        if is_printed(row.experiment):
            yield from _losses(store, row)
    if by_seed(section.name):
        yield from seeds(rows)


def slips(rows: Sequence[Row]) -> Iterator[str]:
    """What it costs to compare with the noisy image, in words, for each network that was trained both ways."""
    for base in dict.fromkeys(_without_target(row.experiment) for row in rows):
        found = {_target(row.experiment): row for row in rows if _without_target(row.experiment) == base}
        trained = base.variance
        cell = (trained.low if trained else 0.0), METRIC
        there = {name: row.samples[cell] for name, row in found.items() if cell in row.samples}
        if {"noisy", "clean"} <= there.keys() and (slip := there["clean"].minus(there["noisy"])):
            printed, clean = (there[name].over(slip.seeds).mean for name in ("noisy", "clean"))
            text = (
                f"The tutorial's listing compares the output with the noisy batch it came from, and so never sees a "
                f"clean image. At variance {written(cell[0])} that slip costs `{base.denoiser}` {slip.mean:.2f}"
                f"{margin(slip.half_width)} dB: {printed:.2f} dB as printed, {clean:.2f} dB "
                "with the clean target."
            )
            if (second := there.get("renoised")) and (less := there["clean"].minus(second)):
                text += (
                    " A second, independent noisy draw as the target (Noise2Noise) needs no clean image either, and "
                    f"is {abs(less.mean):.2f}{margin(less.half_width)} dB {'below' if less.mean >= 0 else 'above'} "
                    "the clean target."
                )
            yield text


def _target(experiment: Experiment) -> str:
    return experiment.recipe.target if experiment.recipe is not None else ""


def _without_target(experiment: Experiment) -> Experiment:
    recipe = experiment.recipe
    return experiment.but(seed=0, recipe=replace(recipe, target="clean") if recipe is not None else None)


def _losses(store: Store, row: Row) -> Iterator[str]:
    """The printed losses beside those of the same listing here."""
    found = losses_of(store, row.experiments)
    seeds = len(found["training"])
    if not seeds:
        return
    lines, agrees = [], agreement(found)
    for epoch in range(len(PRINTED["training"])):
        cells: list[str] = []
        for name, printed in PRINTED.items():
            mean, reach = prediction(found[name][:, epoch])
            shown = f"{mean:.5f}" + (f" ±{reach:.5f}" if seeds > 1 else "")
            off = signed(printed[epoch] - mean, 5)
            told = "–" if seeds == 1 else "yes" if agrees[name][epoch] else f"no ({off})"
            cells += [f"{printed[epoch]:.5f}", shown, told]
        lines.append((f"{epoch + 1}", *cells))
    header = ("epoch", *(text for name in PRINTED for text in (f"{name}, printed", "here", "agrees")))
    trainings = "one training" if seeds == 1 else f"{seeds} trainings"
    text = f"Losses of the listing as printed, against the noisy target, beside {trainings} of it here"
    if seeds > 1:
        inside = sum(map(sum, agrees.values()))
        text += f": {inside} of {2 * len(lines)} agree, that is, lie where 95 % of further trainings would"
    yield f"{text}.\n\n{Table('', header, tuple(lines)).markdown()}\n"


def seeds(rows: Sequence[Row]) -> Iterator[str]:
    """How far trainings lie apart that differ in nothing but the seed."""
    for alike in dict.fromkeys(row.experiment.but(seed=0) for row in rows):
        own = [row for row in rows if row.experiment.but(seed=0) == alike and row.means]
        parts = []
        for variance in dict.fromkeys(variance for row in own for variance, metric in row.means if metric == METRIC):
            values = [row.means[variance, METRIC] for row in own if (variance, METRIC) in row.means]
            if len(values) > 1 and np.isfinite(values).all():
                parts.append(f"{np.std(values, ddof=1):.3f} at {written(variance)}")
        if parts:
            yield (
                f"Standard deviation between the {len(own)} trainings of `{own[0].subject}` on {alike.variance}, in "
                f"dB by test variance: {', '.join(parts)}.\n"
            )


def law_losses(rows: dict[str, list[Row]], variance: float) -> Iterator[str]:
    """What it costs to have trained with another noise than that of the test, in words, for each network.

    Args:
        rows: by the noise they were tested with.
    """
    found: dict[tuple[str, Experiment], dict[tuple[str, str], Sample]] = {}  # by the noises of training and test
    for tested, each in rows.items():
        for row in each:
            sample, trained = row.samples.get((variance, METRIC)), row.experiment.noise
            if sample is not None and sample.finite and trained is not None:
                alike = row.subject, row.experiment.but(noise="", seed=0)
                found.setdefault(alike, {})[trained, tested] = sample
    for (subject, experiment), samples in found.items():
        losses = {}
        for trained in sorted({trained for trained, _ in samples}):
            both = {noise: {(trained, noise), (noise, noise)} for noise in rows if noise != trained}
            others = [noise for noise, needed in both.items() if needed <= samples.keys()]
            lost = [samples[noise, noise].minus(samples[trained, noise]) for noise in others]
            if mean := mean_of([sample for sample in lost if sample]):
                losses[trained] = mean, len(others)
        if len(losses) > 1:
            order = sorted(losses.items(), key=lambda item: item[1][0].mean)
            cost = [f"{signed(-mean.mean)}{margin(mean.half_width)} dB ({noise}, {n})" for noise, (mean, n) in order]
            yield (
                f"`{subject}` trained on {experiment.variance} with one noise and tested at {written(variance)} with "
                "the others, against the same network trained with the noise of the test (in brackets the noise of "
                f"training, and over how many others that is the mean): {', '.join(cost)}.\n"
            )

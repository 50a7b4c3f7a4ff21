"""What single ablations say beyond their table: the tutorial's losses, the price of its slip, laws of noise, seeds."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from bench.comparisons import leaders_of, trainings_of
from bench.experiment import Experiment, Range, written
from bench.recipes import TUTORIAL
from bench.rows import Row
from bench.statistics import CONFIDENCE, Sample, half_width, half_widths, mean_of
from bench.store import Store
from bench.tables import Table, margin, marks, signed, title
from bench.train import ROWS
from bench.transfer import METRIC

Array = npt.NDArray[np.floating[Any]]

# What the tutorial prints after each of its ten epochs.
PRINTED = {
    "training": (0.02538, 0.00976, 0.00827, 0.00706, 0.00631, 0.00577, 0.00557, 0.00549, 0.00544, 0.00540),
    "validation": (0.01088, 0.00898, 0.00753, 0.00666, 0.00596, 0.00560, 0.00549, 0.00544, 0.00542, 0.00536),
}


def target(store: Store, rows: Sequence[Row]) -> Iterator[str]:
    """What the slip costs; of the tutorial itself, also its losses beside ours."""
    for sentence in slips(rows):
        yield sentence + "\n"
    for row in rows:
        if is_printed(row.experiment):
            yield from _losses(store, row)


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
                f"{margin(half_width(slip))} dB: {printed:.2f} dB as printed, {clean:.2f} dB "
                "with the clean target."
            )
            if (second := there.get("renoised")) and (less := there["clean"].minus(second)):
                text += (
                    " A second, independent noisy draw as the target (Noise2Noise) needs no clean image either, and "
                    f"is {abs(less.mean):.2f}{margin(half_width(less))} dB {'below' if less.mean >= 0 else 'above'} "
                    "the clean target."
                )
            yield text


def is_printed(experiment: Experiment) -> bool:
    """Whether it is the tutorial as printed, whose losses are known."""
    network = experiment.denoiser, experiment.options, experiment.dataset, experiment.noise, experiment.variance
    recipe = replace(TUTORIAL, target="noisy")
    return network == ("conv_autoencoder", (), "mnist", "gaussian", Range(0.01, 0.01)) and experiment.recipe == recipe


def _target(experiment: Experiment) -> str:
    return experiment.recipe.target if experiment.recipe is not None else ""


def _without_target(experiment: Experiment) -> Experiment:
    recipe = experiment.recipe
    return experiment.but(seed=0, recipe=replace(recipe, target="clean") if recipe is not None else None)


def losses_of(store: Store, experiments: Sequence[Experiment]) -> dict[str, Array]:
    """Training and validation losses after each epoch, (seeds, epochs), of the trainings that have ten."""
    kinds: dict[str, list[list[float]]] = {name: [] for name in PRINTED}
    for experiment in experiments:
        history = store.history(experiment)
        epochs = [history[start : start + ROWS] for start in range(0, len(history), ROWS)]
        if len(epochs) == len(PRINTED["training"]):
            kinds["training"].append([float(np.mean([each.training for each in epoch])) for epoch in epochs])
            kinds["validation"].append([epoch[-1].validation or math.nan for epoch in epochs])
    return {name: np.array(losses) for name, losses in kinds.items()}


def prediction(values: Array) -> tuple[float, float]:
    """Mean of some seeds, and how far from it 95 % of further trainings lie; NaN for a single one."""
    count = len(values)
    if count < 2:
        return float(values.mean()), math.nan
    tail = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2))
    return float(values.mean()), float(tail * values.std(ddof=1) * (1 + 1 / count) ** 0.5)


def agreement(found: dict[str, Array]) -> dict[str, list[bool]]:
    """Whether each printed loss lies where 95 % of further trainings would; `found` is that of `losses_of`."""
    inside: dict[str, list[bool]] = {}
    for name, printed in PRINTED.items():
        predicted = [prediction(found[name][:, epoch]) for epoch in range(len(printed))]
        inside[name] = [abs(loss - mean) <= reach for loss, (mean, reach) in zip(printed, predicted, strict=True)]
    return inside


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


def seeds(store: Store, rows: Sequence[Row]) -> Iterator[str]:
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


MORE: dict[str, Callable[[Store, Sequence[Row]], Iterator[str]]] = {"target": target, "seeds": seeds}


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
            cost = [f"{signed(-mean.mean)}{margin(half_width(mean))} dB ({noise}, {n})" for noise, (mean, n) in order]
            yield (
                f"`{subject}` trained on {experiment.variance} with one noise and tested at {written(variance)} with "
                "the others, against the same network trained with the noise of the test (in brackets the noise of "
                f"training, and over how many others that is the mean): {', '.join(cost)}.\n"
            )


def laws_table(rows: dict[str, list[Row]], variance: float) -> Table:
    """Trained with one noise, tested with another, at one variance.

    Args:
        rows: by the noise they were tested with.
    """
    tested = sorted(rows)
    first = {row.experiment: row for each in rows.values() for row in each}
    samples = {noise: {row.experiment: row.samples.get((variance, METRIC)) for row in rows[noise]} for noise in tested}
    columns = []
    for noise in tested:
        own = [samples[noise].get(each) for each in first]
        columns.append((own, trainings_of(own, [each.noise == noise for each in first])))
    best = dict(zip(tested, leaders_of(columns, "higher"), strict=True))
    half_widths([sample for own, _ in columns for sample in own if sample])  # all at once, for those below
    lines = []
    for index, (experiment, row) in enumerate(first.items()):
        cells = []
        for noise in tested:
            sample = samples[noise].get(experiment)
            text = "–" if sample is None else f"{sample.mean:.2f}{margin(half_width(sample))}"
            if sample is not None and index in best[noise]:
                text = f"**{text}**" if len(best[noise]) == 1 else f"≈{text}"
            cells.append(text)
        lines.append((row.subject, f"{experiment.variance} ({experiment.noise})", *cells))
    return Table(
        f"{title(METRIC)} by the noise of training and of test, at test variance {written(variance)}",
        ("denoiser", "trained on", *tested),
        tuple(lines),
        f"a column for each noise it was tested with; {marks(list(first.values()))}",
    )

"""What single ablations say beyond their table: the tutorial's losses, the price of its slip, laws of noise, seeds."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from bench.experiment import Experiment, written
from bench.statistics import CONFIDENCE, half_width, leaders
from bench.store import Store
from bench.tables import Row, Table, title
from bench.train import ROWS
from bench.transfer import METRIC

Array = npt.NDArray[np.floating[Any]]

# What the tutorial prints after each of its ten epochs.
PRINTED = {
    "training": (0.02538, 0.00976, 0.00827, 0.00706, 0.00631, 0.00577, 0.00557, 0.00549, 0.00544, 0.00540),
    "validation": (0.01088, 0.00898, 0.00753, 0.00666, 0.00596, 0.00560, 0.00549, 0.00544, 0.00542, 0.00536),
}


def target(store: Store, rows: Sequence[Row]) -> Iterator[str]:
    """The tutorial: what it costs to compare with the noisy image, and its losses beside ours."""
    found = {row.experiment.recipe.target: row for row in rows if row.experiment.recipe is not None}
    trained = next((row.experiment.variance for row in rows), None)
    cell = (trained.low if trained else 0.0), METRIC
    there = {name: row.samples[cell] for name, row in found.items() if cell in row.samples}
    if {"noisy", "clean"} <= there.keys() and (slip := there["clean"].minus(there["noisy"])):
        text = (
            f"The tutorial's listing compares the output with the noisy batch it came from, and so never sees a clean "
            f"image. At variance {written(cell[0])} that slip costs {slip.mean:.2f} ±{half_width(slip):.2f} dB: "
            f"{there['noisy'].mean:.2f} dB as printed, {there['clean'].mean:.2f} dB with the clean target."
        )
        if (second := there.get("renoised")) and (less := there["clean"].minus(second)):
            text += (
                f" A second, independent noisy draw as the target (Noise2Noise) needs no clean image either, and is "
                f"{less.mean:.2f} ±{half_width(less):.2f} dB below the clean target."
            )
        yield text + "\n"
    if "noisy" in found:
        yield from _losses(store, found["noisy"])


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
            cells += [f"{printed[epoch]:.5f}", shown, "yes" if agrees[name][epoch] else f"{printed[epoch] - mean:+.5f}"]
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
    for subject in dict.fromkeys(row.subject for row in rows):
        own = [row for row in rows if row.subject == subject]
        parts = []
        for variance in dict.fromkeys(variance for row in own for variance, metric in row.means if metric == METRIC):
            values = [row.means[variance, METRIC] for row in own if (variance, METRIC) in row.means]
            if len(values) > 1 and np.isfinite(values).all():
                parts.append(f"{np.std(values, ddof=1):.3f} at {written(variance)}")
        if parts:
            yield (
                f"Standard deviation between the {len(own)} trainings of `{subject}`, in dB by test variance: "
                f"{', '.join(parts)}.\n"
            )


MORE: dict[str, Callable[[Store, Sequence[Row]], Iterator[str]]] = {"target": target, "seeds": seeds}


def laws_table(rows: dict[str, list[Row]], variance: float) -> Table:
    """Trained with one noise, tested with another, at one variance.

    Args:
        rows: by the noise they were tested with.
    """
    tested = list(rows)
    columns = {noise: [row.samples.get((variance, METRIC)) for row in rows[noise]] for noise in tested}
    best = {noise: leaders(column, "higher") for noise, column in columns.items()}
    lines = []
    for index, row in enumerate(rows[tested[0]]):
        cells = []
        for noise in tested:
            sample = columns[noise][index]
            text = "–" if sample is None else f"{sample.mean:.2f} ±{half_width(sample):.2f}"
            if sample is not None and index in best[noise]:
                text = f"**{text}**" if len(best[noise]) == 1 else f"≈{text}"
            cells.append(text)
        lines.append((row.name, row.experiment.noise or "–", *cells))
    note = (
        f"both of variance {written(variance)}; **better** than every other row of its column; "
        "≈ not distinguishable from the best"
    )
    return Table(
        f"{title(METRIC)} by the noise of training and of test",
        ("denoiser", "trained with", *tested),
        tuple(lines),
        note,
    )

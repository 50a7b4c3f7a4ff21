"""Ablations as data: what each change of one factor does to PSNR, and what another seed does."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.ablations import by_seed
from bench.analysis.comparisons import Column, holm, leaders_of, p_values, trainings_of
from bench.analysis.intervals import Sample
from bench.analysis.regret import differences
from bench.analysis.rows import METRIC, Row
from bench.core.recipes import changed
from bench.core.tasks import Section

SIDES = ("inside", "below", "above")  # the training range


@dataclass(frozen=True)
class Effect:
    """A change of one factor against its base: PSNR differences by side, each with the number of variances."""

    ablation: str
    base: Row
    change: str
    sides: dict[str, tuple[Sample, int]]
    seeds: int


def effects_frame(ablations: Iterable[tuple[Section, Sequence[Row]]]) -> pd.DataFrame:
    """PSNR of each changed network minus that of its base, in dB, averaged over the test variances of a side.

    Columns: ablation, trained_on, base, recipe (of the base), change, side (inside, below or above the training
    range), mean, half_width (of the 95 % interval), significant (Holm over the whole frame), variances, seeds. A
    line with `change` "another seed" has a missing mean and the standard deviation between seeds in `deviation`.
    """
    effects: list[Effect] = []
    seeds: list[tuple[object, ...]] = []
    for section, rows in ablations:
        effects += list(_effects(section, rows))
        if by_seed(section.name):
            seeds += list(_seeds(section, rows))
    cells = [(effect, side, *difference) for effect in effects for side, difference in effect.sides.items()]
    kinds = [((effect.base.experiment.denoiser, effect.base.recipe), side) for effect, side, _, _ in cells]
    significant = holm(p_values([sample for _, _, sample, _ in cells], kinds))
    records: list[tuple[object, ...]] = [
        (
            *(*_about(effect.ablation, effect.base), effect.change, side),
            *(sample.mean, sample.half_width, told, variances, effect.seeds, None),
        )
        for (effect, side, sample, variances), told in zip(cells, significant, strict=True)
    ]
    names = ["ablation", "trained_on", "base", "recipe", "change", "side", "mean", "half_width", "significant"]
    frame = pd.DataFrame.from_records(records + seeds, columns=[*names, "variances", "seeds", "deviation"])
    return frame.astype({"mean": float, "half_width": float, "deviation": float})


def _effects(section: Section, rows: Sequence[Row]) -> Iterator[Effect]:
    for row in rows:
        base = _base(section, rows, row)
        if base and (sides := differences(row, base, section.protocol.variances)):
            yield Effect(section.name, base, ", ".join(_changes(row, base)), sides, min(row.seeds, base.seeds))


def _seeds(section: Section, rows: Sequence[Row]) -> Iterator[tuple[object, ...]]:
    """The standard deviation between trainings that differ in their seed alone."""
    for base in (row for row in rows if row.experiment in section.bases):
        alike = [row for row in rows if row.experiment.but(seed=0) == base.experiment]
        off = [sides for row in alike if (sides := differences(row, base, section.protocol.variances))]
        for side in SIDES if len(off) > 1 else ():
            measured = all(side in sides for sides in off)
            deviation = float(np.std([sides[side][0].mean for sides in off], ddof=1)) if measured else None
            about = (*_about(section.name, base), "another seed", side, None, None, False)
            yield *about, off[0][side][1] if measured else 0, len(off), deviation


def _about(ablation: str, base: Row) -> tuple[str, str, str, str]:
    return ablation, str(base.experiment.variance), base.name, base.recipe


def _base(section: Section, rows: Sequence[Row], row: Row) -> Row | None:
    """What a row is compared with: the base of its denoiser, or of the one it varies, trained on the same range."""
    plain = row.experiment.but(seed=0)
    if plain in section.bases:
        return None
    bases = [other for other in rows if other.experiment.but(seed=0) in section.bases]
    bases = [base for base in bases if base.experiment.variance == plain.variance]
    for name in (plain.denoiser, row.kin):
        if named := [base for base in bases if base.experiment.denoiser == name]:
            return min(named, key=lambda base: len(_changes(row, base)))  # several commands may have given several
    return None


def _changes(row: Row, base: Row) -> list[str]:
    """In what a row differs from its base: another denoiser, options, fields of the recipe."""
    one, two = row.experiment, base.experiment
    changes = [f"`{one.denoiser}`"] if one.denoiser != two.denoiser else []
    options, before = {**row.options, **dict(one.options)}, {**base.options, **dict(two.options)}
    changes += [f"{name}={value}" for name, value in sorted(options.items()) if before.get(name) != value]
    if one.recipe and two.recipe:
        changes += [f"{name}={value}" for name, value in changed(one.recipe, two.recipe).items()]
    return changes


def noise_frame(rows: dict[str, list[Row]], variance: float) -> pd.DataFrame:
    """PSNR in dB of networks trained with one noise and tested with another, at one test variance.

    Columns: row (position among the trainings), denoiser, trained_on, trained_noise, noise (of the test), mean,
    half_width, and the flags best and tied, as in `scores_frame`.

    Args:
        rows: by the noise they were tested with.
    """
    first = {row.experiment: row for tested in rows.values() for row in tested}
    columns: list[Column] = []
    for noise in sorted(rows):
        by_experiment = {row.experiment: row.samples.get((variance, METRIC)) for row in rows[noise]}
        samples = [by_experiment.get(experiment) for experiment in first]
        columns.append((samples, trainings_of(samples, [experiment.noise == noise for experiment in first])))
    records = [
        (
            *(index, row.subject, str(experiment.variance), experiment.noise, noise),
            *(sample.mean, sample.half_width, index in leading, len(leading) > 1),
        )
        for noise, (samples, _), leading in zip(sorted(rows), columns, leaders_of(columns, "higher"), strict=True)
        for index, (sample, (experiment, row)) in enumerate(zip(samples, first.items(), strict=True))
        if sample is not None
    ]
    names = ["row", "denoiser", "trained_on", "trained_noise", "noise", "mean", "half_width", "best", "tied"]
    return pd.DataFrame.from_records(records, columns=names)

"""Ablations as data: what each change of one factor does to PSNR, and what another seed does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bench.ablations import by_seed
from bench.analysis.comparisons import holm, p_values, standings
from bench.analysis.intervals import Sample, mean_of
from bench.analysis.regret import differences
from bench.analysis.rows import METRIC, Row
from bench.core.recipes import changed
from bench.core.tasks import Section

SIDES = ("inside", "below", "above")  # the training range


def effects_frame(ablations: Iterable[tuple[Section, Sequence[Row]]]) -> pd.DataFrame:
    """PSNR of each changed network minus that of its base, in dB, averaged over the test variances of a side.

    Columns: ablation, trained_on, base, recipe (of the base), change, side (inside, below or above the training
    range), mean, half_width (of the 95 % interval), significant (Holm over its ablation), variances, seeds,
    deviation, exchanged (the denoiser with which `change` begins where it is another one than the base, else empty).
    A line with `change` "another seed" has a missing mean and the standard deviation between seeds in `deviation`.
    """
    ablations = list(ablations)
    effects = [effect for section, rows in ablations for effect in _effects(section, rows)]
    levels = p_values([sample for sample, _ in effects])
    significant = [False] * len(effects)
    for name in dict.fromkeys(line["ablation"] for _, line in effects):
        places = [i for i, (_, line) in enumerate(effects) if line["ablation"] == name]
        for i, told in zip(places, holm([levels[i] for i in places]), strict=True):
            significant[i] = told
    lines = [line | {"significant": told} for (_, line), told in zip(effects, significant, strict=True)]
    lines += [line for section, rows in ablations if by_seed(section.name) for line in _seeds(section, rows)]
    names = ["ablation", "trained_on", "base", "recipe", "change", "side", "mean", "half_width", "significant"]
    frame = pd.DataFrame(lines, columns=[*names, "variances", "seeds", "deviation", "exchanged"])
    return frame.astype({"mean": float, "half_width": float, "deviation": float})


def _effects(section: Section, rows: Sequence[Row]) -> Iterator[tuple[Sample, dict[str, Any]]]:
    """For each changed network and side the differences from its base, and the line of the frame."""
    for row in rows:
        if base := _base(section, rows, row):
            changes, exchanged = _changes(row, base), row.experiment.denoiser != base.experiment.denoiser
            about = _about(section, base) | {"change": ", ".join(changes), "seeds": min(row.seeds, base.seeds)}
            about["exchanged"] = row.experiment.denoiser if exchanged else ""
            for side, (sample, count) in differences(row, base, section.protocol.variances).items():
                numbers = {"mean": sample.mean, "half_width": sample.half_width, "variances": count}
                yield sample, about | {"side": side} | numbers


def _seeds(section: Section, rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """The standard deviation between trainings that differ in their seed alone."""
    for base in (row for row in rows if row.experiment in section.bases):
        alike = [row for row in rows if row.experiment.but(seed=0) == base.experiment]
        off = [sides for row in alike if (sides := differences(row, base, section.protocol.variances))]
        about = _about(section, base) | {"change": "another seed", "seeds": len(off), "exchanged": ""}
        for side in SIDES if len(off) > 1 else ():
            line = about | {"side": side, "significant": False, "variances": 0}
            if all(side in sides for sides in off):
                line["deviation"] = float(np.std([sides[side][0].mean for sides in off], ddof=1))
                line["variances"] = off[0][side][1]
            yield line


def _about(section: Section, base: Row) -> dict[str, Any]:
    variance = str(base.experiment.variance)
    return {"ablation": section.name, "trained_on": variance, "base": base.name, "recipe": base.recipe}


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
    changes = [one.denoiser] if one.denoiser != two.denoiser else []
    options, before = {**row.options, **dict(one.options)}, {**base.options, **dict(two.options)}
    changes += [f"{name}={value}" for name, value in sorted(options.items()) if before.get(name) != value]
    if one.recipe and two.recipe:
        changes += [f"{name}={value}" for name, value in changed(one.recipe, two.recipe).items()]
    return changes


def noise_frame(rows: dict[str, list[Row]], variance: float) -> pd.DataFrame:
    """PSNR in dB of networks trained with one noise and tested with another, at one test variance.

    Columns: row (position among the trainings), denoiser, trained_on, noise (of the test), mean, half_width, and
    state, as in `scores_frame`.

    Args:
        rows: by the noise they were tested with.
    """
    first = {row.experiment: row for tested in rows.values() for row in tested}
    noises = sorted(rows)
    columns = []
    for noise in noises:
        samples_by_training = {row.experiment: row.samples.get((variance, METRIC)) for row in rows[noise]}
        columns.append([samples_by_training.get(experiment) for experiment in first])
    records = [
        (
            *(i, row.subject, f"{row.experiment.variance} ({row.experiment.noise})", noise),
            *(sample.mean, sample.half_width, states[i]),
        )
        for noise, column, states in zip(noises, columns, standings(columns), strict=True)
        for i, (sample, row) in enumerate(zip(column, first.values(), strict=True))
        if sample is not None
    ]
    names = ["row", "denoiser", "trained_on", "noise", "mean", "half_width", "state"]
    return pd.DataFrame.from_records(records, columns=names)


def told_frame(rows: Mapping[float | str, Sequence[Row]]) -> pd.DataFrame:
    """PSNR in dB that denoisers lose where they are told a wrong variance, on average over the test variances.

    Columns: denoiser, trained_on, factor (of the variance that is told, or "estimate"), mean, half_width, variances
    (how many).

    Args:
        rows: by the factor.
    """
    by_factor = {factor: {row.experiment: row for row in of_factor} for factor, of_factor in rows.items()}
    records = []
    for experiment, right in by_factor.get(1.0, {}).items():
        for factor in sorted(by_factor, key=lambda factor: (isinstance(factor, str), factor)):
            wrong = by_factor[factor].get(experiment)
            lost = [right.samples[cell].minus(wrong.samples[cell]) for cell in _shared(right, wrong)] if wrong else []
            if factor != 1 and (mean := mean_of([sample for sample in lost if sample])):
                records.append((right.subject, right.training, factor, mean.mean, mean.half_width, len(lost)))
    names = ["denoiser", "trained_on", "factor", "mean", "half_width", "variances"]
    return pd.DataFrame.from_records(records, columns=names)


def _shared(row: Row, other: Row) -> list[tuple[float, str]]:
    """Cells of PSNR that both have."""
    return [(v, name) for v, name in row.samples if name == METRIC and row.psnr_at(v) and other.psnr_at(v)]

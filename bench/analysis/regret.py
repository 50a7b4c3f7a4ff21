"""How denoisers do at noise variances they were not trained for: what each loses against a specialist."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.analysis.intervals import Sample, mean_of
from bench.analysis.rows import METRIC, Row, is_for


@dataclass(frozen=True)
class Regret:
    """What a row loses at one test variance against the specialist for it, in dB; negative where it gains.

    Attributes:
        specialist: the same denoiser, or else the one it is made from, trained at exactly that variance; where
            neither is, the best training of the same denoiser there.
        exact: whether it is the former.
        sample: paired differences, specialist less row.
    """

    row: Row
    variance: float
    specialist: Row
    exact: bool
    sample: Sample

    @property
    def inside(self) -> bool:
        trained = self.row.experiment.variance
        return trained is not None and self.variance in trained

    @property
    def own(self) -> bool:
        """Whether the row is its own specialist."""
        return self.row is self.specialist


def regrets(rows: Sequence[Row], variances: Sequence[float]) -> dict[int, list[Regret]]:
    """By position of the row; rows without kin have none, nor have cells without a finite number."""
    families: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row.experiment.variance is not None:
            families.setdefault(_family(row), []).append(row)
    specialists: dict[tuple[Any, ...], tuple[Row, bool] | None] = {}  # alike for all rows of a network
    found: dict[int, list[Regret]] = {}
    for index, row in enumerate(rows):
        found[index] = []
        for variance in variances:
            which = _family(row), row.experiment.denoiser, row.kin, row.experiment.dataset, variance
            if which not in specialists:
                specialists[which] = _specialist(row, families.get(_family(row), []), variance)
            if (chosen := specialists[which]) and (sample := _lost(row, chosen[0], variance)):
                found[index].append(Regret(row, variance, *chosen, sample))
    return found


def _family(row: Row) -> tuple[Any, ...]:
    """Rows that differ in their training noise alone; one that names its kin belongs to theirs."""
    experiment = row.experiment
    return row.kin or experiment.denoiser, experiment.options, experiment.recipe


def _specialist(row: Row, kin: Sequence[Row], variance: float) -> tuple[Row, bool] | None:
    """What a row is measured against at a variance, and whether it was trained for it."""
    cell = variance, METRIC
    same = [other for other in kin if row.experiment.dataset in (None, other.experiment.dataset)]
    there = [other for other in same if cell in other.samples and other.samples[cell].finite]
    own = [other for other in there if other.experiment.denoiser == row.experiment.denoiser]
    base = [other for other in there if other.experiment.denoiser == row.kin]
    exact = [other for other in [*own, *base] if is_for(other, variance)]
    if exact:
        return exact[0], True
    return (max(own, key=lambda other: other.means[cell]), False) if own else None


def _lost(row: Row, specialist: Row, variance: float) -> Sample | None:
    cell = variance, METRIC
    if cell not in row.samples or not row.samples[cell].finite:
        return None
    return specialist.samples[cell].minus(row.samples[cell])


def differences(row: Row, other: Row, variances: Iterable[float]) -> dict[str, tuple[Sample, int]]:
    """Row minus other, two that were trained on one range: "inside" it, "below" and "above".

    Each is the mean over the test variances there, with their number; none where nothing can be said.
    """
    trained = row.experiment.variance
    if trained is None:
        return {}
    found: dict[str, list[Sample]] = {"inside": [], "below": [], "above": []}
    for variance in variances:
        one, two = row.samples.get((variance, METRIC)), other.samples.get((variance, METRIC))
        if one is not None and two is not None and (sample := one.minus(two)) and sample.finite:
            found["inside" if variance in trained else "below" if variance < trained.low else "above"].append(sample)
    return {where: (mean, len(own)) for where, own in found.items() if own and (mean := mean_of(own))}


@dataclass(frozen=True)
class Summary:
    """Regrets of a row over several test variances: their mean, and the worst.

    Attributes:
        count, of: how many test variances that is, of how many there are beside those it was trained at.
        exact: whether there is a specialist at all of them; else there is at none.
        of_kin: at how many of them that is another network, the one it is made from.
    """

    mean: Sample
    worst: Regret
    count: int
    of: int
    exact: bool
    of_kin: int


def summary(found: Iterable[Regret], inside: bool) -> Summary | None:
    """Over the test variances inside the training range, or outside, where the row is not its own measure.

    Those that have a specialist count alone, if there are any. None where nothing can be said.
    """
    there = [regret for regret in found if regret.inside == inside and not (regret.own and regret.exact)]
    others = [regret for regret in there if not regret.own]
    chosen = [regret for regret in others if regret.exact] or others
    mean = mean_of([regret.sample for regret in chosen]) if chosen else None
    if mean is None:
        return None
    worst = max(chosen, key=lambda regret: regret.sample.mean)
    of_kin = sum(each.specialist.experiment.denoiser != each.row.experiment.denoiser for each in chosen)
    return Summary(mean, worst, len(chosen), len(there), chosen[0].exact, of_kin)


def regret_frame(rows: Sequence[Row], variances: Sequence[float]) -> pd.DataFrame:
    """Regret of each row at each test variance, in dB; a row without any specialist has no line.

    Columns: row (its position), denoiser, trained_on, trained_low, trained_high, variance, mean, half_width (of the
    95 % interval), specialist (its training), specialist_denoiser, and the flags exact (the specialist was trained
    at exactly that variance), inside (the training range) and own (the row is its own specialist).
    """
    records = [
        (
            *(index, row.subject, row.training, trained.low if trained else None, trained.high if trained else None),
            *(regret.variance, regret.sample.mean, regret.sample.half_width, regret.specialist.training),
            *(regret.specialist.experiment.denoiser, regret.exact, regret.inside, regret.own),
        )
        for index, (row, found) in enumerate(zip(rows, regrets(rows, variances).values(), strict=True))
        for trained in [row.experiment.variance]
        for regret in found
    ]
    names = ["row", "denoiser", "trained_on", "trained_low", "trained_high", "variance", "mean", "half_width"]
    names += ["specialist", "specialist_denoiser", "exact", "inside", "own"]
    return pd.DataFrame.from_records(records, columns=names)


def summary_frame(rows: Sequence[Row], variances: Sequence[float]) -> pd.DataFrame:
    """Regret of trained rows over the test variances inside and outside their training range, in dB.

    Columns: row (its position), denoiser, trained_on, inside (which of the two), mean, half_width, worst,
    worst_variance, count (variances averaged over), of (candidates), exact (all have a specialist; else none has).
    """
    records = [
        (
            *(index, row.subject, row.training, inside, side.mean.mean, side.mean.half_width),
            *(side.worst.sample.mean, side.worst.variance, side.count, side.of, side.exact),
        )
        for index, (row, found) in enumerate(zip(rows, regrets(rows, variances).values(), strict=True))
        for inside in (True, False)
        if row.learned and (side := summary(found, inside))
    ]
    names = ["row", "denoiser", "trained_on", "inside", "mean", "half_width", "worst", "worst_variance"]
    return pd.DataFrame.from_records(records, columns=[*names, "count", "of", "exact"])

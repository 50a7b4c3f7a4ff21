"""How denoisers do at noise variances they were not trained for: what each loses against a specialist."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.analysis.intervals import Sample, mean_of
from bench.analysis.rows import METRIC, Row
from bench.store.frames import OF_TRAINING, training_columns


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


def regrets(rows: Sequence[Row], variances: Sequence[float]) -> list[list[Regret]]:
    """For each row in turn; rows without kin have none, nor have cells without a finite number."""
    families: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row.experiment.variance is not None:
            families.setdefault(_family(row), []).append(row)
    return [
        [regret for variance in variances if (regret := _regret(row, families.get(_family(row), []), variance))]
        for row in rows
    ]


def _family(row: Row) -> tuple[Any, ...]:
    """Rows that differ in their training noise alone; one that names its kin belongs to theirs."""
    experiment = row.experiment
    return row.kin or experiment.denoiser, experiment.options, experiment.recipe


def _regret(row: Row, family: Sequence[Row], variance: float) -> Regret | None:
    dataset, sample = row.experiment.dataset, row.psnr_at(variance)
    if sample is None:
        return None
    trained = [other for other in family if dataset in (None, other.experiment.dataset) and other.psnr_at(variance)]
    same = [other for other in trained if other.experiment.denoiser == row.experiment.denoiser]
    base = [other for other in trained if other.experiment.denoiser == row.kin]
    exact = next((other for other in [*same, *base] if other.fixed == variance), None)
    specialist = exact or max(same, key=lambda other: other.means[variance, METRIC], default=None)
    lost = specialist.samples[variance, METRIC].minus(sample) if specialist else None
    return Regret(row, variance, specialist, exact is not None, lost) if specialist and lost else None


def with_kin(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Networks with the one that each varies, trained alike."""
    for row in rows:
        if row.learned and row.kin not in ("", row.experiment.denoiser):
            for other in rows:
                if other.experiment.but(seed=0) == row.experiment.but(denoiser=row.kin, seed=0):
                    yield row, other


def differences(row: Row, other: Row, variances: Iterable[float]) -> dict[str, tuple[Sample, int]]:
    """Row minus other, two that were trained on one range: "inside" it, "below" and "above".

    Each is the mean over the test variances there, with their number; none where nothing can be said.
    """
    trained = row.experiment.variance
    if trained is None:
        return {}
    samples: dict[str, list[Sample]] = {"inside": [], "below": [], "above": []}
    for variance in variances:
        one, two = row.psnr_at(variance), other.psnr_at(variance)
        if one and two and (difference := one.minus(two)):
            side = "inside" if variance in trained else "below" if variance < trained.low else "above"
            samples[side].append(difference)
    return {side: (mean, len(on_side)) for side, on_side in samples.items() if (mean := mean_of(on_side))}


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


def summary(of_row: Iterable[Regret], inside: bool) -> Summary | None:
    """Over the test variances inside the training range, or outside, where the row is not its own measure.

    Those that have a specialist count alone, if there are any. None where nothing can be said.
    """
    on_side = [regret for regret in of_row if regret.inside == inside and not (regret.own and regret.exact)]
    others = [regret for regret in on_side if not regret.own]
    chosen = [regret for regret in others if regret.exact] or others
    mean = mean_of([regret.sample for regret in chosen])
    if mean is None:
        return None
    worst = max(chosen, key=lambda regret: regret.sample.mean)
    of_kin = sum(regret.specialist.experiment.denoiser != regret.row.experiment.denoiser for regret in chosen)
    return Summary(mean, worst, len(chosen), len(on_side), chosen[0].exact, of_kin)


def regret_frame(rows: Sequence[Row], variances: Sequence[float]) -> pd.DataFrame:
    """Regret of each row at each test variance, in dB; a row without any specialist has no line.

    Columns: those of `bench.store.frames.OF_TRAINING`, variance, mean, half_width (of the 95 % interval), specialist
    (its training), specialist_denoiser, and the flags exact (the specialist was trained at exactly that variance),
    inside (the training range) and own (the row is its own specialist).
    """
    records = [
        training_columns(regret.row.experiment)
        | {"variance": regret.variance, "mean": regret.sample.mean, "half_width": regret.sample.half_width}
        | {"specialist": regret.specialist.training, "specialist_denoiser": regret.specialist.experiment.denoiser}
        | {"exact": regret.exact, "inside": regret.inside, "own": regret.own}
        for of_row in regrets(rows, variances)
        for regret in of_row
    ]
    names = ["variance", "mean", "half_width", "specialist", "specialist_denoiser", "exact", "inside", "own"]
    return pd.DataFrame(records, columns=[*OF_TRAINING, *names])

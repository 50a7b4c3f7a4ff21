"""Where denoisers break down: between which noise variances they are better than what costs nothing."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bench.analysis.rows import METRIC, Row

MARGIN = 0.05  # dB by which a floor must be beaten; what is less nobody sees


class Floor(NamedTuple):
    """What nobody should fall below: a denoiser as it is, or tuned. They sort from the mildest to the strictest."""

    tuned: bool
    denoiser: str

    @property
    def name(self) -> str:
        return f"tuned {self.denoiser}" if self.tuned else self.denoiser


@dataclass(frozen=True)
class Reach:
    """The variances around its best in which a row is better than a floor, by interpolation between test variances.

    Attributes:
        low, high: the ends.
        open_low, open_high: whether it is still better at the least and at the largest variance it was tested
            at, which then is the end.
    """

    low: float
    high: float
    open_low: bool
    open_high: bool


def reach(row: Row, floor: dict[float, float], variances: Sequence[float]) -> Reach | None:
    """Where a row beats a floor, PSNR in dB by test variance, by more than `MARGIN`; None where it does nowhere."""
    return _ends({variance: row.means[variance, METRIC] for variance in _both(row, floor, variances)}, floor)


def reaches(row: Row, floor: dict[float, float], variances: Sequence[float]) -> list[Reach | None]:
    """The same of each training by itself, of those that were tested wherever the row was."""
    samples = {variance: row.samples[variance, METRIC] for variance in _both(row, floor, variances)}
    tested = [set(sample.seeds) for sample in samples.values()]
    seeds = sorted(set.intersection(*tested)) if tested else []
    return [
        _ends({variance: sample.over([seed]).mean for variance, sample in samples.items()}, floor) for seed in seeds
    ]


def _both(row: Row, floor: dict[float, float], variances: Sequence[float]) -> list[float]:
    return [variance for variance in variances if variance in floor and (variance, METRIC) in row.means]


def _ends(psnr: dict[float, float], floor: dict[float, float]) -> Reach | None:
    leads = {variance: value - floor[variance] - MARGIN for variance, value in psnr.items()}
    leads = {variance: lead for variance, lead in leads.items() if not math.isnan(lead)}  # as of two infinite ones
    cells, lead = list(leads), list(leads.values())
    if not any(value > 0 for value in lead):
        return None
    first = last = int(np.argmax(lead))
    while first > 0 and lead[first - 1] > 0:
        first -= 1
    while last < len(lead) - 1 and lead[last + 1] > 0:
        last += 1
    open_low, open_high = first == 0, last == len(lead) - 1
    low = cells[0] if open_low else _crossing(cells[first - 1 : first + 1], lead[first - 1 : first + 1])
    high = cells[-1] if open_high else _crossing(cells[last : last + 2], lead[last : last + 2])
    return Reach(low, high, open_low, open_high)


def _crossing(cells: Sequence[float], lead: Sequence[float]) -> float:
    """Where a straight line between two leads crosses zero, over the logarithm of the variance."""
    if cells[0] <= 0 or math.isinf(lead[0]):
        return cells[1]
    if math.isinf(lead[1]):
        return cells[0]
    share = lead[0] / (lead[0] - lead[1])
    return math.exp(math.log(cells[0]) + share * math.log(cells[1] / cells[0]))


def floors(rows: Sequence[Row], variances: Iterable[float]) -> dict[Floor, dict[float, float]]:
    """What nobody should fall below, PSNR in dB by test variance: the clipped input, and the tuned median filter."""
    levels: dict[Floor, dict[float, float]] = {}
    rows_of = [(Floor(row.experiment.tuned, row.experiment.denoiser), row) for row in rows if row.floor]
    for floor in sorted({floor for floor, _ in rows_of}):
        for variance in variances:
            measured = [row for of, row in rows_of if of == floor and (variance, METRIC) in row.means]
            if fitting := [row for row in measured if row.fixed == variance] or measured:
                levels.setdefault(floor, {})[variance] = max(row.means[variance, METRIC] for row in fitting)
    return levels


def breakdown_frame(
    rows: Sequence[Row], below: dict[Floor, dict[float, float]], variances: Sequence[float]
) -> pd.DataFrame:
    """Between which noise variances a row beats each of the floors `below`.

    Columns: row (its position), denoiser, trained_on, floor (its name), the interval low..high around the greatest
    lead (missing if there is no lead), the flags open_low and open_high (still ahead at the smallest or largest tested
    variance), everywhere (also in each single training), seeds, seeds_ahead (somewhere), and the ends in single
    trainings: low_min, low_max, high_min, high_max with flags low_min_open and so on.
    """
    everywhere = Reach(variances[0], variances[-1], open_low=True, open_high=True)
    records: list[dict[str, Any]] = []
    for i, row in enumerate(rows):
        if row.contract.floor or row.experiment.tuned or not any(metric == METRIC for _, metric in row.means):
            continue
        for floor, levels in below.items():
            whole, single = reach(row, levels, variances), reaches(row, levels, variances)
            ahead = [in_training for in_training in single if in_training is not None]
            record = {"row": i, "denoiser": row.subject, "trained_on": row.training, "floor": floor.name}
            record |= asdict(whole) if whole else {}
            record["everywhere"] = whole == everywhere and all(in_training == everywhere for in_training in single)
            record |= {"seeds": len(single), "seeds_ahead": len(ahead)}
            lows = sorted(ahead, key=lambda ends: (ends.low, not ends.open_low))
            highs = sorted(ahead, key=lambda ends: (ends.high, ends.open_high))
            for which, place in (("min", 0), ("max", -1)) if ahead else ():
                record |= {f"low_{which}": lows[place].low, f"low_{which}_open": lows[place].open_low}
                record |= {f"high_{which}": highs[place].high, f"high_{which}_open": highs[place].open_high}
            records.append(record)
    flags = [f"{end}_{which}{part}" for end in ("low", "high") for which in ("min", "max") for part in ("", "_open")]
    names = ["row", "denoiser", "trained_on", "floor", "low", "high", "open_low", "open_high", "everywhere"]
    return pd.DataFrame(records, columns=[*names, "seeds", "seeds_ahead", *flags])

"""Where denoisers break down: between which noise variances they are better than what costs nothing."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.rows import METRIC, Row, is_for

TUNED_MEDIAN = "tuned median"


MARGIN = 0.05  # dB by which a floor must be beaten; what is less nobody sees


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
    there = _both(row, floor, variances)
    tested = [set(row.samples[variance, METRIC].seeds) for variance in there]
    seeds = sorted(set.intersection(*tested)) if tested else []
    return [
        _ends({variance: row.samples[variance, METRIC].over([seed]).mean for variance in there}, floor)
        for seed in seeds
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


def floors(rows: Sequence[Row], variances: Iterable[float]) -> dict[str, dict[float, float]]:
    """What nobody should fall below, PSNR in dB by test variance: the clipped input, and the tuned median filter."""
    levels: dict[str, dict[float, float]] = {}
    named = [(_floor_name(row), row) for row in rows if row.floor]
    for name in sorted({name for name, _ in named}):
        for variance in variances:
            measured = [row for known, row in named if known == name and (variance, METRIC) in row.means]
            if fitting := [row for row in measured if is_for(row, variance)] or measured:
                levels.setdefault(name, {})[variance] = max(row.means[variance, METRIC] for row in fitting)
    return levels


def _floor_name(row: Row) -> str:
    return ("tuned " if row.experiment.tuned else "") + row.experiment.denoiser


def breakdown_frame(rows: Sequence[Row], variances: Sequence[float]) -> pd.DataFrame:
    """Between which noise variances a row beats the clipped input, and the tuned median filter.

    Columns: row (its position), denoiser, trained_on, floor, the interval low..high around the greatest lead (missing
    if there is no lead), the flags open_low and open_high (still ahead at the smallest or largest tested variance),
    everywhere (also in each single training), seeds, seeds_ahead (somewhere), and the ends in single trainings:
    low_min, low_max, high_min, high_max with flags low_min_open and so on.
    """
    below = floors(rows, variances)
    everywhere = Reach(variances[0], variances[-1], open_low=True, open_high=True)
    records: list[dict[str, Any]] = []
    for index, row in enumerate(rows):
        plain = row.contract.floor or row.experiment.tuned
        if plain or not any(metric == METRIC for _, metric in row.means):
            continue
        for name, floor in below.items():
            whole, single = reach(row, floor, variances), reaches(row, floor, variances)
            ahead = [reached for reached in single if reached is not None]
            record: dict[str, Any] = {"row": index, "denoiser": row.subject, "trained_on": row.training, "floor": name}
            record |= asdict(whole) if whole else {}
            record["everywhere"] = whole == everywhere and all(reached == everywhere for reached in single)
            record |= {"seeds": len(single), "seeds_ahead": len(ahead)}
            lows = sorted((reached.low, not reached.open_low) for reached in ahead)
            highs = sorted((reached.high, reached.open_high) for reached in ahead)
            for end, values, flip in (("low", lows, True), ("high", highs, False)):
                for which, place in (("min", 0), ("max", -1)):
                    if values:
                        value, flag = values[place]
                        record |= {f"{end}_{which}": value, f"{end}_{which}_open": flag != flip}
            records.append(record)
    flags = [f"{end}_{which}{part}" for end in ("low", "high") for which in ("min", "max") for part in ("", "_open")]
    names = ["row", "denoiser", "trained_on", "floor", "low", "high", "open_low", "open_high", "everywhere"]
    return pd.DataFrame(records, columns=[*names, "seeds", "seeds_ahead", *flags])

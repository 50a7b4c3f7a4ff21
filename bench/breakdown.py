"""Where denoisers break down: between which noise variances they are better than what costs nothing."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.experiment import written
from bench.rows import Row
from bench.tables import Table
from bench.transfer import METRIC, is_for

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
    found: dict[str, dict[float, float]] = {"clip": {}, TUNED_MEDIAN: {}}
    medians = [row for row in rows if row.experiment.denoiser == "median" and row.experiment.tuned]
    for variance in variances:
        cell = variance, METRIC
        for row in rows:
            if row.experiment.denoiser == "clip" and cell in row.means:
                found["clip"][variance] = row.means[cell]
        tuned = [row for row in medians if cell in row.means]
        if tuned := [row for row in tuned if is_for(row, variance)] or tuned:
            found[TUNED_MEDIAN][variance] = max(row.means[cell] for row in tuned)
    return {name: floor for name, floor in found.items() if floor}


def breakdown_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """Between which noise variances a row beats the clipped input, and the tuned median filter."""
    below = floors(rows, variances)
    lines = []
    for row in rows:
        itself = row.experiment.denoiser in ("noisy", "clip", "median")
        if itself or row.experiment.tuned or not below or not any(metric == METRIC for _, metric in row.means):
            continue
        cells = (
            _cell(reach(row, each, variances), reaches(row, each, variances), variances) for each in below.values()
        )
        lines.append((row.subject, row.training, *cells))
    header = ("denoiser", "trained on", *(f"better than {name}" for name in below))
    note = (
        f"by more than {MARGIN:g} dB, at noise variances around that of the greatest lead; ends by straight lines over "
        "the logarithm of the variance; ≤ and ≥: still ahead at the least and at the largest variance tested"
    )
    if any("(" in cell for line in lines for cell in line[2:]):
        note += "; in brackets between which values an end lies in single trainings"
    if TUNED_MEDIAN in below:
        note += "; a median of size 1 leaves the image as it is, so that at little noise this floor is that of `clip`"
        medians = [row for row in rows if row.experiment.denoiser == "median" and row.experiment.tuned]
        if not all(any(is_for(row, variance) for row in medians) for variance in below[TUNED_MEDIAN]):
            note += "; where none was tuned for a test variance, the best tuned one stands for it"
    return Table("Where denoisers break down", header, tuple(lines), note)


def _cell(found: Reach | None, single: Sequence[Reach | None], variances: Sequence[float]) -> str:
    """Where a row is ahead, and between which values the ends lie in its single trainings."""
    everywhere = Reach(variances[0], variances[-1], open_low=True, open_high=True)
    if found == everywhere and all(each == everywhere for each in single):
        return "everywhere"
    there = [each for each in single if each is not None]
    if found is None:
        return f"nowhere; somewhere in {len(there)} of {len(single)} trainings" if there else "nowhere"
    lows = [_low(each, variances) for each in sorted(there, key=lambda each: (each.low, not each.open_low))]
    highs = [_high(each, variances) for each in sorted(there, key=lambda each: (each.high, each.open_high))]
    text = f"{_low(found, variances)}{_between(lows)} … {_high(found, variances)}{_between(highs)}"
    missing = len(single) - len(there)
    return f"{text}; nowhere in {missing} of {len(single)} trainings" if missing else text


def _low(found: Reach, variances: Sequence[float]) -> str:
    return f"≤ {written(found.low)}" if found.open_low else _near(found.low, variances)


def _high(found: Reach, variances: Sequence[float]) -> str:
    return f"≥ {written(found.high)}" if found.open_high else _near(found.high, variances)


def _near(variance: float, variances: Sequence[float]) -> str:
    """A variance to two digits, as σ where all test variances are written so."""
    in_sigma = all(written(each).startswith("σ") for each in variances)
    return f"σ={255 * math.sqrt(variance):.0f}" if in_sigma else f"{variance:.2g}"


def _between(ends: Sequence[str]) -> str:
    """The first and the last of several values, in brackets; nothing where all are one."""
    return f" ({ends[0]} to {ends[-1]})" if len(set(ends)) > 1 else ""


def carried(
    subject: str, own: Sequence[Row], below: dict[str, dict[float, float]], variances: Sequence[float]
) -> Iterator[str]:
    """How far from the single variance that a network was trained at it is ahead of the floors, in words.

    Args:
        own: all rows of the network.
        below: floors, from the mildest to the strictest.
    """
    fixed = [row for row in own if row.experiment.variance and row.experiment.variance.fixed]
    said = []
    for name, upwards in ((next(reversed(below), ""), True), (next(iter(below), ""), False)):
        ahead = {row.training: (row, reach(row, below[name], variances)) for row in fixed} if name else {}
        factors, still, nowhere = [], [], []
        for training, (row, found) in ahead.items():
            trained = row.experiment.variance.low if row.experiment.variance else 0.0
            if found is None or not trained or not found.low <= trained <= found.high:
                nowhere.append(training)
            elif found.open_high if upwards else found.open_low:
                still.append(training)
            else:
                factors.append(found.high / trained if upwards else trained / found.low)
        if factors and len(ahead) > 1:
            floor = f"the {name}" if name == TUNED_MEDIAN else f"`{name}`"
            span = f"up to {_span(factors)} times" if upwards else f"down to {_span(factors, '1/')} of"
            end = "largest" if upwards else "least"
            rest = [f"trained at {', '.join(still)} to the {end} tested"] if still else []
            rest += [f"trained at {', '.join(nowhere)} not even there"] if nowhere else []
            said.append(f"of {floor} {span} that variance" + (f" ({'; '.join(rest)})" if rest else ""))
    if said:
        yield f"`{subject}` trained at one variance is ahead {', and '.join(said)}."


def _span(values: Sequence[float], before: str = "") -> str:
    """The least and the largest of some values, of two digits: "6.5–25"."""
    ends = dict.fromkeys(f"{before}{value:.2g}" for value in sorted((min(values), max(values)), reverse=bool(before)))
    return "–".join(ends)

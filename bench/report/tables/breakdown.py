"""Between which noise variances a row beats what costs nothing."""

import math
from collections.abc import Sequence

from bench.analysis.breakdown import MARGIN, TUNED_MEDIAN, Reach, floors, reach, reaches
from bench.analysis.rows import METRIC, Row, is_for
from bench.core.variance import written
from bench.report.tables.table import Table


def breakdown_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """Between which noise variances a row beats the clipped input, and the tuned median filter."""
    below = floors(rows, variances)
    lines = []
    for row in rows:
        itself = row.contract.floor or row.experiment.tuned
        if itself or not below or not any(metric == METRIC for _, metric in row.means):
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

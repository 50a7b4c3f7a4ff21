"""Between which noise variances a row beats what costs nothing."""

import math
from collections.abc import Sequence
from typing import Any

from bench.analysis.breakdown import MARGIN, TUNED_MEDIAN, breakdown_frame, floors
from bench.analysis.rows import Row, is_for
from bench.core.variance import written
from bench.report.tables.table import Column, Table, lines_of, texts


def breakdown_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """Between which noise variances a row beats the clipped input, and the tuned median filter."""
    frame, below = breakdown_frame(rows, variances), floors(rows, variances)
    in_sigma = all(written(variance).startswith("σ") for variance in variances)
    cells, bracketed = {}, False
    bounded = set() if in_sigma else set(frame.floor[~frame.everywhere & frame.low.notna()])
    for reached in lines_of(frame):
        low, high = _ends(reached, "low", "≤", in_sigma), _ends(reached, "high", "≥", in_sigma)
        bracketed |= not math.isnan(reached.low) and not reached.everywhere and max(len(low), len(high)) > 1
        cells[reached.row, reached.floor] = _cell(reached, low, high)
    lines = list(frame.row.unique())
    columns = [
        Column(f"better than {name}", tuple(cells[row, name] for row in lines), name in bounded) for name in below
    ]
    note = (
        f"by more than {MARGIN:g} dB, at noise variances around that of the greatest lead; ends by straight lines over "
        "the logarithm of the variance; ≤ and ≥: still ahead at the least and at the largest variance tested"
    )
    if bracketed:
        note += "; in brackets between which values an end lies in single trainings"
    if TUNED_MEDIAN in below:
        note += "; a median of size 1 leaves the image as it is, so that at little noise this floor is that of `clip`"
        medians = [row for row in rows if row.experiment.denoiser == "median" and row.experiment.tuned]
        if not all(any(is_for(row, variance) for row in medians) for variance in below[TUNED_MEDIAN]):
            note += "; where none was tuned for a test variance, the best tuned one stands for it"
    names = [
        texts("denoiser", (rows[i].subject for i in lines)),
        texts("trained on", (rows[i].training for i in lines)),
    ]
    return Table.of("Where denoisers break down", [*names, *columns], note)


def _cell(reached: Any, low: Sequence[str], high: Sequence[str]) -> str:
    """Where a row is ahead; in brackets between which values the ends lie in single trainings."""
    if reached.everywhere:
        return "everywhere"
    if math.isnan(reached.low):
        some = f"; somewhere in {reached.seeds_ahead} of {reached.seeds} trainings" if reached.seeds_ahead else ""
        return f"nowhere{some}"
    text = " … ".join(f"{end[0]} ({end[1]} to {end[2]})" if len(end) > 1 else end[0] for end in (low, high))
    missing = reached.seeds - reached.seeds_ahead
    return f"{text}; nowhere in {missing} of {reached.seeds} trainings" if missing else text


def _ends(reached: Any, end: str, sign: str, in_sigma: bool) -> list[str]:
    """One end of the interval; behind it the least and the most of single trainings, if their texts differ."""

    def text(value: float, still_ahead: bool) -> str:
        """To two digits, as σ if all test variances are written so; exactly where it is a test variance."""
        if still_ahead:
            return f"{sign} {written(value)}"
        return f"σ={255 * math.sqrt(value):.0f}" if in_sigma else f"{value:.2g}"

    if math.isnan(reached.low):
        return []
    whole = text(getattr(reached, end), getattr(reached, f"open_{end}"))
    if not reached.seeds_ahead:
        return [whole]
    single = [
        text(getattr(reached, f"{end}_{which}"), getattr(reached, f"{end}_{which}_open")) for which in ("min", "max")
    ]
    return [whole, *single] if single[0] != single[1] else [whole]

"""Between which noise variances a row beats what costs nothing."""

import math
from collections.abc import Sequence
from typing import Any

from bench.analysis.breakdown import MARGIN, Floor, breakdown_frame, floors
from bench.analysis.rows import Row
from bench.core.variance import in_sigma, written
from bench.report.tables.table import Column, Table, labels, lines_of, pivoted

TUNED_MEDIAN = Floor(tuned=True, denoiser="median")


def breakdown_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """Between which noise variances a row beats the clipped input, and the tuned median filter."""
    below = floors(rows, variances)
    frame, sigma = breakdown_frame(rows, below, variances), all(map(in_sigma, variances))
    cells = pivoted(frame, ["row", "denoiser", "trained_on"], "floor", lambda reached: _cell(reached, sigma))
    bounded = set() if sigma else set(frame.floor[~frame.everywhere & frame.low.notna()])
    columns = [
        Column(f"better than {floor.name}", tuple(cells.get(floor.name, ())), floor.name in bounded) for floor in below
    ]
    note = (
        f"by more than {MARGIN:g} dB, at noise variances around that of the greatest lead; ends by straight lines over "
        "the logarithm of the variance; ≤ and ≥: still ahead at the least and at the largest variance tested"
    )
    if any(len(_ends(line, end, sigma)) > 1 for line in lines_of(frame[~frame.everywhere]) for end in ("low", "high")):
        note += "; in brackets between which values an end lies in single trainings"
    if TUNED_MEDIAN in below:
        note += "; a median of size 1 leaves the image as it is, so that at little noise this floor is that of `clip`"
        tuned_for = {row.fixed for row in rows if row.experiment.denoiser == "median" and row.experiment.tuned}
        if not tuned_for.issuperset(below[TUNED_MEDIAN]):
            note += "; where none was tuned for a test variance, the best tuned one stands for it"
    return Table.of("Where denoisers break down", [*labels(cells), *columns], note)


def _cell(reached: Any, sigma: bool) -> str:
    """Where a row is ahead; in brackets between which values the ends lie in single trainings."""
    if reached.everywhere:
        return "everywhere"
    if math.isnan(reached.low):
        some = f"; somewhere in {reached.seeds_ahead} of {reached.seeds} trainings" if reached.seeds_ahead else ""
        return f"nowhere{some}"
    ends = _ends(reached, "low", sigma), _ends(reached, "high", sigma)
    text = " … ".join(f"{end[0]} ({end[1]} to {end[2]})" if len(end) > 1 else end[0] for end in ends)
    missing = reached.seeds - reached.seeds_ahead
    return f"{text}; nowhere in {missing} of {reached.seeds} trainings" if missing else text


def _ends(reached: Any, end: str, sigma: bool) -> list[str]:
    """One end of the interval; behind it the least and the most of single trainings, if their texts differ."""

    def text(value: float, still_ahead: bool) -> str:
        """To two digits, as σ if all test variances are written so; exactly where it is a test variance."""
        if still_ahead:
            return f"{'≤' if end == 'low' else '≥'} {written(value)}"
        return f"σ={255 * math.sqrt(value):.0f}" if sigma else f"{value:.2g}"

    if math.isnan(reached.low):
        return []
    whole = text(getattr(reached, end), getattr(reached, f"open_{end}"))
    if not reached.seeds_ahead:
        return [whole]
    single = [
        text(getattr(reached, f"{end}_{which}"), getattr(reached, f"{end}_{which}_open")) for which in ("min", "max")
    ]
    return [whole, *single] if single[0] != single[1] else [whole]

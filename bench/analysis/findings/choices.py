"""Which denoiser to take, in four situations."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.findings.answers import widest
from bench.analysis.rows import METRIC, Row

MOST = 0.5  # dB that the fastest network may be below the best blind one


@dataclass(frozen=True)
class Choice:
    """A situation, the row to take, what it reaches on average, and what it loses against the best at each variance."""

    situation: str
    row: Row
    low: float
    high: float
    psnr: float
    lost: float
    worst: float
    seconds: float | None


def decisions(rows: Sequence[Row], variances: Sequence[float], seconds: Mapping[str, float]) -> list[Choice]:
    """What to take in four situations; none where no network was trained on a range.

    Args:
        seconds: for a million pixels, by denoiser, where that is known.
    """
    wide, tested = widest(rows), [v for v in variances if v > 0]
    whole = [row for row in rows if all(row.psnr_at(v) for v in tested) and not row.untouched]
    blind = [row for row in whole if row.blind]
    if wide is None or not blind:
        return []
    inside = [v for v in tested if v in wide] or tested
    best = {v: max(row.means[v, METRIC] for row in rows if row.psnr_at(v)) for v in tested}

    def mean(row: Row, at: Sequence[float]) -> float:
        return sum(row.means[v, METRIC] for v in at) / len(at)

    def worst(row: Row, at: Sequence[float]) -> float:
        return max(best[v] - row.means[v, METRIC] for v in at)

    def choice(situation: str, row: Row, at: Sequence[float]) -> Choice:
        psnr = mean(row, at)
        lost = sum(best[v] for v in at) / len(at) - psnr
        return Choice(situation, row, at[0], at[-1], psnr, lost, worst(row, at), seconds.get(row.experiment.denoiser))

    unknown = max(blind, key=lambda row: mean(row, inside))
    safe = min(blind, key=lambda row: worst(row, tested))
    middle = min(tested, key=lambda v: abs(math.log10(v) + 2))
    known = max((row for row in rows if row.psnr_at(middle)), key=lambda row: row.means[middle, METRIC])
    chosen = [
        choice("The variance is unknown, inside the training range", unknown, inside),
        choice("It may also lie outside that range", safe, tested),
        choice("The variance is known exactly", known, [middle]),
    ]
    quick = [row for row in blind if row.learned and row.experiment.denoiser in seconds]
    near = [row for row in quick if mean(row, inside) >= mean(unknown, inside) - MOST]
    if near:
        fastest = min(near, key=lambda row: (seconds[row.experiment.denoiser], -mean(row, inside)))
        chosen.append(choice(f"Time counts: the fastest within {MOST:g} dB of the first", fastest, inside))
    return chosen

"""Sentences made from numbers, so that they cannot go stale."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bench.statistics import half_width
from bench.tables import Row


class Loss(NamedTuple):
    """What one training costs at one test variance against the specialist, the same denoiser trained right there.

    In dB of PSNR, with half of the paired 95 % interval.
    """

    row: Row
    variance: float
    cost: float
    width: float

    @property
    def inside(self) -> bool:
        trained = self.row.experiment.variance
        return trained is not None and self.variance in trained


def findings(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[str]:
    """For each network its largest loss between fixed variances, and what training on a range costs inside."""
    plain = [row for row in rows if not row.learned and row.experiment.denoiser != "noisy"]
    for subject in dict.fromkeys(row.subject for row in rows if row.learned):
        own = [row for row in rows if row.subject == subject]
        fixed = [row for row in own if row.experiment.variance and row.experiment.variance.fixed]
        specialists = {row.experiment.variance.low: row for row in fixed if row.experiment.variance}
        losses = {row.training: list(_losses(row, specialists, variances)) for row in own}
        if elsewhere := [loss for row in fixed for loss in losses[row.training]]:
            yield _elsewhere(max(elsewhere, key=lambda loss: loss.cost), plain)
        for row in own:  # a fixed variance has none inside but its own
            if inside := [loss for loss in losses[row.training] if loss.inside]:
                yield _inside(inside)


def _losses(row: Row, specialists: Mapping[float, Row], variances: Sequence[float]) -> Iterator[Loss]:
    """Of one row against the specialists among its kin, wherever both have finite numbers."""
    for variance in variances:
        cell, other = (variance, "psnr"), specialists.get(variance, row)
        if other is not row and cell in row.blocks and cell in other.blocks:
            with np.errstate(invalid="ignore"):  # infinite against infinite
                difference = other.blocks[cell] - row.blocks[cell]
            if np.isfinite(difference).all():
                yield Loss(row, variance, float(difference.mean()), half_width(difference))


def _elsewhere(loss: Loss, plain: Sequence[Row]) -> str:
    reached = loss.row.means[loss.variance, "psnr"]
    better = [row for row in plain if row.means.get((loss.variance, "psnr"), reached) > reached]
    beaten = f"; {' and '.join(f'`{row.name}`' for row in better)} would have done better" if better else ""
    return (
        f"`{loss.row.subject}` trained at {loss.row.training} and tested at {loss.variance:g} reaches "
        f"{reached:.2f} dB, {loss.cost:.2f} ±{loss.width:.2f} dB less than the same network trained there. It is the "
        f"largest loss between its fixed variances{beaten}."
    )


def _inside(losses: Sequence[Loss]) -> str:
    worst = max(losses, key=lambda loss: loss.cost)
    mean = sum(loss.cost for loss in losses) / len(losses)
    count = f"{len(losses)} test variances" if len(losses) > 1 else "one test variance"
    return (
        f"`{worst.row.subject}` trained on {worst.row.training} {'loses' if mean >= 0 else 'gains'} {abs(mean):.2f} dB "
        f"against specialists, on average over the {count} inside that have one; its largest loss is "
        f"{worst.cost:.2f} ±{worst.width:.2f} dB, at {worst.variance:g}."
    )

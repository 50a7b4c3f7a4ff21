"""How far the best of our networks is from those of others."""

from collections.abc import Iterator, Sequence

from bench.analysis.rows import METRIC, Row
from bench.calibration.published_numbers import Curve
from bench.core.variance import written


def distances(rows: Sequence[Row], published: Sequence[Curve]) -> Iterator[str]:
    """How far the best of our networks is from each of others that was trained at one variance, and is tested there."""
    for curve in published:
        variance = curve.trained.low if curve.trained and curve.trained.fixed else None
        if variance is None or variance not in curve.psnr:
            continue
        ours = [row for row in rows if row.experiment.variance == curve.trained and row.learned]
        ours = [row for row in ours if (variance, METRIC) in row.means]
        if not ours:
            continue
        best = max(ours, key=lambda row: row.means[variance, METRIC])
        reached, parameters = best.means[variance, METRIC], f"{best.parameters:,} parameters"
        yield (
            f"`{best.name}` ({parameters}) trained at {written(variance)} and tested there reaches {reached:.2f} dB, "
            f"{abs(reached - curve.psnr[variance]):.2f} dB {'below' if reached < curve.psnr[variance] else 'above'} "
            f"{curve.name}, {curve.psnr[variance]:.2f} dB."
        )

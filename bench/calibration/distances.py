"""How far the best of our networks is from those of others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.findings.facts import Finding
from bench.analysis.rows import METRIC, Row
from bench.calibration.published_numbers import Curve


@dataclass(frozen=True)
class PublishedDistance(Finding):
    """The best of our networks trained at one variance, tested there, beside one of others; PSNR in dB."""

    name: str
    parameters: int
    variance: float
    psnr: float
    published: str
    psnr_published: float

    @property
    def distance(self) -> float:
        return self.psnr - self.psnr_published


def distances(rows: Sequence[Row], published: Sequence[Curve]) -> Iterator[PublishedDistance]:
    """From each of those that were trained at one variance, and tested there."""
    for curve in published:
        variance = curve.trained.low if curve.trained and curve.trained.fixed else None
        if variance is None or variance not in curve.psnr:
            continue
        ours = [row for row in rows if row.experiment.variance == curve.trained and row.learned]
        ours = [row for row in ours if (variance, METRIC) in row.means]
        if best := max(ours, key=lambda row: row.means[variance, METRIC], default=None):
            psnr = best.means[variance, METRIC]
            yield PublishedDistance(best.name, best.parameters, variance, psnr, curve.name, curve.psnr[variance])

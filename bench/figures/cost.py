"""Which figures of cost there are, and what each shows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.costs import Latency
from bench.analysis.findings.answers import widest
from bench.analysis.rows import METRIC, Row
from bench.figures.drawing import Drawing, later
from bench.lookup.denoisers import untouched

QUALITY = (0.01, 0.1)  # its test variances


@dataclass(frozen=True)
class Point:
    """Quality and cost of a denoiser: seconds for a megapixel (least, median, most) and PSNR in dB."""

    name: str
    learned: bool
    steady: bool
    seconds: tuple[float, float, float]
    psnr: float
    width: float


def drawings_of(rows: Sequence[Latency], measured: Sequence[Row]) -> Iterator[Drawing]:
    """Price against the size of the image, and quality against price, as far as they were measured."""
    rows = [row for row in rows if row.plain and not untouched(row.denoiser)]  # the input itself restores nothing
    if len({row.pixels for row in rows}) > 1:
        data = tuple((row.denoiser, row.pixels, row.seconds, row.low, row.high, row.parameters) for row in rows)
        caption = "Seconds per megapixel against the size of the image: median, least and most of the processes."
        yield Drawing("size", "", caption, data, later("cost_curves.price", rows), section="latency")
    panels = {variance: points for variance in QUALITY if (points := list(_points(rows, measured, variance)))}
    if panels:
        caption = (
            "Price and quality, all networks trained on the range. PSNR with its 95 % interval against the time for a "
            "megapixel on one thread, at the timed size nearest to it. Nothing timed is both faster and better "
            "than what lies on the line; open markers were too unsteady to rank."
        )
        inputs, draw = (tuple(panels.items()),), later("cost_curves.quality", panels)
        yield Drawing("quality", "", caption, inputs, draw, section="latency")


def _points(rows: Sequence[Latency], measured: Sequence[Row], variance: float) -> Iterator[Point]:
    cell, wide = (variance, METRIC), widest(measured)
    nearest = {row.denoiser: row for row in sorted(rows, key=lambda row: -abs(math.log(row.pixels / 1e6)))}
    for latency in nearest.values():
        timed = [row for row in measured if _is_timed(row, latency) and cell in row.means]
        alike = [row for row in timed if not row.learned or wide in (None, row.experiment.variance)]
        if best := max(alike, key=lambda row: row.means[cell], default=None):
            ends = latency.low, latency.seconds, latency.high
            low, middle, high = (latency.per_megapixel * end / latency.seconds for end in ends)
            name, width = latency.denoiser + ("" if best.blind else " †"), best.samples[cell].half_width
            yield Point(name, best.learned, latency.steady, (low, middle, high), best.means[cell], width)


def _is_timed(row: Row, latency: Latency) -> bool:
    """Whether a latency is of what was scored: defaults were timed, and another option may cost another time."""
    options = dict(row.experiment.options).keys() - {"channels"}
    return row.experiment.denoiser == latency.denoiser and not row.experiment.tuned and not options

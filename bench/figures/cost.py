"""Which figures of cost there are, and what each shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.analysis.answers import widest
from bench.analysis.rows import METRIC, Row
from bench.figures.drawing import Drawing, later
from bench.lookup.denoisers import untouched
from bench.timing.latency import Latency

PIXELS = 28**2  # of the images that are timed
QUALITY = (0.01, 0.1)  # its test variances


@dataclass(frozen=True)
class Point:
    """Quality and cost of a denoiser: seconds for a megapixel (quartile, median, quartile) and PSNR in dB."""

    name: str
    learned: bool
    steady: bool
    seconds: tuple[float, float, float]
    psnr: float
    width: float


def drawings_of(rows: Sequence[Latency], measured: Sequence[Row]) -> Iterator[Drawing]:
    """Latency against batch size, and quality against latency as far as it was measured."""
    rows = [row for row in rows if not untouched(row.denoiser)]  # the input itself costs nothing, and restores nothing
    if not rows:
        return
    data = tuple((row.denoiser, row.batch, row.median, row.low, row.high, row.parameters) for row in rows)
    caption = "Time for one image against batch size: median and quartiles."
    yield Drawing("batch", "", caption, data, later("cost_curves.latency", rows), section="latency")
    panels = {variance: points for variance in QUALITY if (points := list(_points(rows, measured, variance)))}
    if panels:
        caption = (
            "Price and quality, all networks trained on the range. PSNR with its 95 % interval against the time for a "
            "megapixel at batch 1, with quartiles, scaled from 28×28 pixels. Nothing timed is both faster and better "
            "than what lies on the line; open markers were too unsteady to rank."
        )
        inputs, draw = (tuple(panels.items()),), later("cost_curves.quality", panels)
        yield Drawing("quality", "", caption, inputs, draw, section="latency")


def _points(rows: Sequence[Latency], measured: Sequence[Row], variance: float) -> Iterator[Point]:
    cell, wide = (variance, METRIC), widest(measured)
    for latency in (row for row in rows if row.batch == 1):
        timed = [row for row in measured if _is_timed(row, latency) and cell in row.means]
        alike = [row for row in timed if not row.learned or wide in (None, row.experiment.variance)]
        if best := max(alike, key=lambda row: row.means[cell], default=None):
            low, middle, high = (value * 1e6 / PIXELS for value in (latency.low, latency.median, latency.high))
            name, width = latency.denoiser + ("" if best.blind else " †"), best.samples[cell].half_width
            yield Point(name, best.learned, latency.steady, (low, middle, high), best.means[cell], width)


def _is_timed(row: Row, latency: Latency) -> bool:
    """Whether a latency is of what was scored: defaults were timed, and another option may cost another time."""
    options = dict(row.experiment.options).keys() - {"channels"}
    return row.experiment.denoiser == latency.denoiser and not row.experiment.tuned and not options

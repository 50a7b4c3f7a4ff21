"""Which figures of cost there are, and what each shows."""

from collections.abc import Iterator, Sequence
from functools import partial

from bench.analysis.rows import Row
from bench.figures import cost_curves
from bench.figures.cost_curves import Point
from bench.figures.drawing import Drawing
from bench.lookup.denoisers import untouched
from bench.timing.latency import Latency

AT_BATCH = 64  # of the picture of quality against cost


QUALITY = (0.01, 0.1)  # its test variances


def drawings_of(rows: Sequence[Latency], measured: Sequence[Row]) -> Iterator[Drawing]:
    """Latency against batch size, and quality against latency as far as it was measured."""
    rows = [row for row in rows if not untouched(row.denoiser)]  # the input itself costs nothing, and restores nothing
    if not rows:
        return
    data = tuple((row.denoiser, row.batch, row.median, row.low, row.high, row.parameters) for row in rows)
    caption = "Time for one image against batch size: median and quartiles."
    yield Drawing("latency", "batch", "", caption, data, partial(cost_curves.latency, rows))
    panels = {variance: points for variance in QUALITY if (points := list(_points(rows, measured, variance)))}
    if panels:
        caption = (
            f"PSNR (95 % interval) against time for one image at batch {AT_BATCH} (quartiles); each denoiser with its "
            "defaults, and the training that scores best at that test variance. The line is the Pareto front: of what "
            "was timed, nothing is both faster and better; open markers were too unsteady to rank and are not on it."
        )
        yield Drawing("latency", "quality", "", caption, (tuple(panels.items()),), partial(cost_curves.quality, panels))


def _points(rows: Sequence[Latency], measured: Sequence[Row], variance: float) -> Iterator[Point]:
    cell = variance, "psnr"
    for latency in rows:
        own = [row for row in measured if _is_timed(row, latency) and cell in row.means]
        if latency.batch != AT_BATCH or not own:
            continue
        best = max(own, key=lambda row: row.means[cell])
        low, middle, high = (value / latency.batch for value in (latency.low, latency.median, latency.high))
        name = latency.denoiser + ("" if best.blind else " †")
        yield Point(
            name, best.learned, latency.steady, (low, middle, high), best.means[cell], best.samples[cell].half_width
        )


def _is_timed(row: Row, latency: Latency) -> bool:
    """Whether a latency is of what was scored: defaults were timed, and another option may cost another time."""
    options = dict(row.experiment.options).keys() - {"channels"}
    return row.experiment.denoiser == latency.denoiser and not row.experiment.tuned and not options

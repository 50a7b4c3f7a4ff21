"""What restoring an image takes: the medians of processes become rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Self

import numpy as np

from bench.core.conditions import Conditions
from bench.store.store import Store

UNSTEADY = 0.1  # share of the median by which processes may differ


@dataclass(frozen=True)
class Latency:
    """One denoiser at one shape of images: a batch of some images of some size.

    Attributes:
        engine: what ran it: "torch", "torch.compile" or "onnxruntime".
        seconds: for a batch: the median over processes of the median of each. One that is told the variance
            estimates it first.
        low, high: the least and the largest median of a process; in older results the quartiles of one.
        spread: how far the medians of processes lie apart, as a share of the median; in older results those of
            successive parts of one process.
        processes: how many there were.
        flops: floating-point operations of one image of 28×28 in convolutions and matrix products; 0 where there
            are none.
        memory: most MiB that a process held beyond what it held before the denoiser was built; in older results,
            imported libraries included.
        conditions: machine, threads and versions.
    """

    denoiser: str
    batch: int
    height: int
    width: int
    precision: str
    engine: str
    seconds: float
    low: float
    high: float
    spread: float
    processes: int
    parameters: int
    flops: float
    memory: float
    conditions: Conditions

    @property
    def steady(self) -> bool:
        """Whether it can be ranked."""
        return self.spread <= UNSTEADY

    @property
    def pixels(self) -> int:
        """Of one image."""
        return self.height * self.width

    @property
    def shape(self) -> tuple[str, int, int, int, str, str]:
        """What was timed: denoiser, images, pixels of each, threads, precision, engine."""
        return self.denoiser, self.batch, self.pixels, self.conditions.threads, self.precision, self.engine

    @property
    def per_megapixel(self) -> float:
        """Seconds for a million pixels in such batches."""
        return self.seconds / (self.batch * self.pixels) * 1e6

    @property
    def plain(self) -> bool:
        """Whether it is of one image on one thread, in full precision by torch alone."""
        return (self.batch, self.conditions.threads, self.precision, self.engine) == (1, 1, "float32", "torch")

    @classmethod
    def of(cls, runs: Sequence[dict[str, Any]]) -> Self:
        """Of the values of some processes that `bench.timing.latency` measured, all of one denoiser and shape."""
        first, medians = runs[0], sorted(run["seconds"] for run in runs)
        middle = median(medians)
        names = ("denoiser", "batch", "height", "width", "precision", "engine", "parameters", "flops")
        return cls(
            **{name: first[name] for name in names},
            seconds=middle,
            low=medians[0],
            high=medians[-1],
            spread=first.get("drift", (medians[-1] - medians[0]) / middle),
            processes=len(runs),
            memory=median(run["memory"] for run in runs),
            conditions=Conditions.from_json(first["conditions"]),
        )


def latencies(store: Store) -> list[Latency]:
    """All that was timed: the cheapest denoiser first; then by engine, precision and size."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for values in store.timings("latency").values():
        for row in map(_as_now, values["rows"]):
            by = (row[name] for name in ("denoiser", "engine", "precision", "batch", "height", "width"))
            groups.setdefault((*by, json.dumps(row["conditions"])), []).append(row)
    rows = [Latency.of(runs) for runs in groups.values()]
    price = seconds_for(rows, 1e6)
    return sorted(
        rows,
        key=lambda row: (
            *(price.get(row.denoiser, 0.0), row.denoiser, row.engine, row.precision != "float32"),
            *(row.conditions.threads, row.pixels, row.batch),
        ),
    )


def _as_now(row: dict[str, Any]) -> dict[str, Any]:
    """A row as `bench.timing.latency` gives it; those of earlier versions are of one process and of 28×28 pixels."""
    row = {"engine": "torch"} | row
    if "height" in row:
        return row
    return row | {"height": 28, "width": 28, "precision": "float32", "seconds": row["median"]}


def seconds_for(rows: Sequence[Latency], pixels: float) -> dict[str, float]:
    """Seconds for one image of some pixels on one thread, by denoiser: the price at the size nearest to it."""
    nearest = sorted(
        (row for row in rows if row.plain), key=lambda row: abs(np.log(row.pixels / max(pixels, 1))), reverse=True
    )
    return {row.denoiser: row.per_megapixel * pixels / 1e6 for row in nearest}

"""What the harness promises about its speed: each figure, how it is computed from two measurements, its limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Self

import pandas as pd

from bench.core.conditions import Conditions
from bench.store.store import Store


@dataclass(frozen=True)
class Claim:
    """One figure that must be reached.

    Attributes:
        ours, other: what is measured, in words; `other` is empty if nothing is compared.
        value: "ours / other", "other / ours", "ours - other" or "ours".
        unit: of the two measurements, and of the figure unless it is a ratio.
        limit, at_least: the figure must be at least the limit if `at_least`, else at most.
    """

    figure: str
    ours: str
    other: str
    unit: str
    value: str
    limit: float
    at_least: bool = False

    def of(self, ours: float, other: float) -> float:
        """The figure that one pair of measurements makes."""
        if self.value == "ours / other":
            return ours / other
        if self.value == "other / ours":
            return other / ours
        return ours - other if self.value == "ours - other" else ours

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    @property
    def ratio(self) -> bool:
        return "/" in self.value


@dataclass(frozen=True)
class Speed:
    """One measure of the harness: by claim, what ours and the other gave in each run."""

    pairs: Mapping[str, tuple[tuple[float, float], ...]]
    conditions: Conditions

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `as_json`."""
        pairs = {claim: tuple((ours, other) for ours, other in runs) for claim, runs in values["pairs"].items()}
        return cls(pairs, Conditions.from_json(values["conditions"]))

    def as_json(self) -> dict[str, Any]:
        return {"pairs": dict(self.pairs), "conditions": self.conditions.as_json()}


def speeds(store: Store) -> list[Speed]:
    """All measures that were taken, by name."""
    return [Speed.from_json(values) for values in store.timings("speed").values()]


LOOP = "the tutorial's loop"
IMAGES = 32000  # with which one epoch of ours reaches the PSNR of the tutorial; found by trial

CLAIMS = {
    "train": Claim(
        "training, one process", "two threads", f"{LOOP}, two threads", "images/s", "ours / other", 1.6, at_least=True
    ),
    "pool": Claim(
        "training, all workers",
        "a worker for each core",
        f"{LOOP}, two threads",
        "images/s",
        "ours / other",
        2.8,
        at_least=True,
    ),
    "wall": Claim(
        "to the tutorial's test PSNR",
        f"`fast` on {IMAGES:,} images, two threads",
        f"{LOOP}, ten epochs",
        "s",
        "other / ours",
        15,
        at_least=True,
    ),
    "psnr": Claim("test PSNR reached there", "the same", LOOP, "dB", "ours - other", 0, at_least=True),
    "step": Claim(
        "a step of training",
        "with noise, schedule and all",
        "bare forward, backward and optimizer",
        "ms",
        "ours / other",
        1.05,
    ),
    "ssim": Claim(
        "SSIM of 1,000 images", "all at once", "scikit-image, one by one", "ms", "other / ours", 8, at_least=True
    ),
    "scoring": Claim(
        "scoring of 1,000 images", "MSE, PSNR and SSIM", "the U-Net's forward", "ms", "ours / other", 0.15
    ),
    "workers": Claim("the `quick` grid", "two workers", "one worker", "s", "ours / other", 0.58),
    "help": Claim("`--help`", "the command", "", "s", "ours", 0.5),
    "idle": Claim("`full` with nothing to do", "the command", '`python -c "import torch"`', "s", "ours - other", 2),
    "report": Claim("`--report`, time", "of 10,000 experiments", "of 1,000 experiments", "s", "ours", 30),
    "growth": Claim("`--report`, growth", "of 10,000 experiments", "of 1,000 experiments", "s", "ours / other", 10),
    "memory": Claim("`--report`, memory", "of 10,000 experiments", "of 1,000 experiments", "MiB", "ours", 1024),
}


def speed_frame(measured: Sequence[Speed]) -> pd.DataFrame:
    """What was measured of the claims.

    Columns: claim, figure, ours and theirs (in words), unit, ratio (whether the value is one), median_ours,
    median_theirs, value (median over runs), least and most (over runs), runs, limit, at_least, reached.
    """
    pairs = {name: runs for speed in measured for name, runs in speed.pairs.items()}
    records = []
    for name, claim in CLAIMS.items():
        if runs := pairs.get(name):
            figures = [claim.of(*pair) for pair in runs]
            ours, theirs = (median(side) for side in zip(*runs, strict=True))
            about = (name, claim.figure, claim.ours, claim.other, claim.unit, claim.ratio, ours, theirs)
            value = (median(figures), min(figures), max(figures), len(runs))
            records.append((*about, *value, claim.limit, claim.at_least, claim.holds(median(figures))))
    names = ["claim", "figure", "ours", "theirs", "unit", "ratio", "median_ours", "median_theirs"]
    names += ["value", "least", "most", "runs", "limit", "at_least", "reached"]
    return pd.DataFrame.from_records(records, columns=names)

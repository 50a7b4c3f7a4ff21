"""Metrics: one file each, holding a function decorated by `@metric(better=..., unit=...)`.

`(clean, restored) -> (N,)` compares images, (N, C, H, W) float in [0, 1], each alone, and returns
one float64 value for each image. Averages are taken elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from bench.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Metric:
    """A metric with what tables and figures must know of it.

    Attributes:
        better: which direction is the better one, "higher" or "lower".
        unit: printed behind the name; empty for a pure number.
        scale: how many units are one, so that small numbers can be read: 1000 for "10⁻³".
        digits: how many digits behind the point a table shows.
    """

    function: Callable[[Tensor, Tensor], Tensor]
    better: Literal["higher", "lower"]
    unit: str
    scale: float
    digits: int

    def __call__(self, clean: Tensor, restored: Tensor) -> Tensor:
        return self.function(clean, restored)


METRICS: Registry[Metric] = Registry("metric", __name__)

Function = TypeVar("Function", bound=Callable[..., "Tensor"])


def metric(
    *, better: Literal["higher", "lower"], unit: str = "", scale: float = 1.0, digits: int = 3
) -> Callable[[Function], Function]:
    """Registers a metric under the name of its file."""

    def register(function: Function) -> Function:
        METRICS.register(function.__module__, Metric(function, better, unit, scale, digits))
        return function

    return register


def metric_title(name: str) -> str:
    """A metric's name with its unit: "PSNR (dB)"."""
    unit = METRICS[name].unit
    return name.upper() + (f" ({unit})" if unit else "")

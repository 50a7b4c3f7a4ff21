"""A figure before it is drawn: what it shows, in a digest, and how to draw it, late."""

import hashlib
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure to be made: its section and kind, what it says, all that it shows, and how to draw it."""

    section: str
    kind: str
    caption: str
    inputs: tuple[Any, ...]
    draw: Callable[[], "Figure"]

    @property
    def name(self) -> str:
        """Also that of its file, so without what a dataset's path may bring into it."""
        return re.sub(r"[^\w.-]+", "-", f"{self.section}-{self.kind}".replace("σ=", "sigma-"), flags=re.ASCII)

    @property
    def digest(self) -> str:
        """Of what the figure shows and of the code that draws it."""
        return hashlib.sha256((repr(self.inputs) + _code()).encode()).hexdigest()[:16]


@cache
def _code() -> str:
    specs = map(importlib.util.find_spec, ("bench.figures", "bench.heatmaps", "bench.style"))
    return "".join(Path(spec.origin).read_text() for spec in specs if spec and spec.origin)


def later(name: str, *shown: Any) -> "Callable[[], Figure]":
    """Calls that function of `figures` or `heatmaps`, but only when the figure is wanted: its imports take seconds."""

    def draw() -> "Figure":
        from bench import figures, heatmaps

        figure: Figure = getattr(heatmaps if hasattr(heatmaps, name) else figures, name)(*shown)
        return figure

    return draw

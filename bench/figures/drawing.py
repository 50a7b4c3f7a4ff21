"""A figure before it is drawn: what it shows, in a digest, and the function that draws it."""

import ast
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.running.provenance import plain_tree

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def later(function: str, *arguments: Any) -> Callable[[], "Figure"]:
    """What draws a figure, such as "curves.strip"; it takes a second to import, and most reports draw nothing anew."""
    module, name = function.split(".")
    return lambda: getattr(import_module(f"bench.figures.{module}"), name)(*arguments)


@dataclass(frozen=True)
class Drawing:
    """A figure to be made: its kind, what it says, all that it shows, and how to draw it.

    Attributes:
        of: which of several of a kind, such as the metric; empty where there is one.
        title: what it is called where it is folded; its caption goes on with `more`.
        section: of the report, with which the name of its file begins.
    """

    kind: str
    of: str
    title: str
    inputs: tuple[Any, ...]
    draw: Callable[[], "Figure"]
    more: str = ""
    section: str = ""

    @property
    def caption(self) -> str:
        return self.title + self.more

    @property
    def alt(self) -> str:
        """The first sentence, for who does not see it."""
        return self.title.partition(". ")[0].rstrip(".")

    @property
    def name(self) -> str:
        """Also that of its file, so without what a dataset's path may bring into it."""
        parts = "-".join(filter(None, (self.section, self.kind, self.of)))
        return re.sub(r"[^\w.-]+", "-", parts.replace("σ=", "sigma-"), flags=re.ASCII)

    @property
    def digest(self) -> str:
        """Of what the figure shows and of the code that draws it."""
        return hashlib.sha256((repr(self.inputs) + _code()).encode()).hexdigest()[:16]


@cache
def _code() -> str:
    """The syntax trees of this room, so that no comment has every figure drawn again."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return repr([plain_tree(ast.parse(file.read_bytes())) for file in files if file.stem not in ("choose", "drawing")])

"""A chapter of the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.analysis.facts import Finding
from bench.analysis.rows import Row
from bench.figures.drawing import Drawing
from bench.store.store import Store


@dataclass(frozen=True)
class Chapter:
    """What stands under a heading, and what it adds elsewhere.

    Attributes:
        label: what the list of contents calls it, if not as its heading does.
        short: findings for the beginning of the report, about the dataset `about`.
        appendix: what the appendix has of it, folded.
        drawings: the figures that it shows.
        action: the options that measure it again, such as "--latency".
    """

    heading: str
    text: str
    label: str = ""
    about: str = ""
    short: Sequence[Finding] = ()
    appendix: str = ""
    drawings: Sequence[Drawing] = ()
    action: str = ""


# Takes the store, the folder of the figures as the report names it, and the rows of the first grid; None where
# nothing was measured.
MakeChapter = Callable[[Store, str, Sequence[Row]], Chapter | None]

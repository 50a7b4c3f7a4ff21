"""A chapter of the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.analysis.rows import Row
from bench.figures.drawing import Drawing
from bench.store.store import Store

# The topic pages, in their order.
PAGES = {
    "digits": "Digits",
    "photographs": "Photographs",
    "images": "Other images",
    "architecture": "Architecture",
    "training": "Training",
    "data": "What networks learn from",
    "noise": "Noise",
    "cost": "Cost",
    "trust": "Can the numbers be trusted?",
}


@dataclass(frozen=True)
class Chapter:
    """What stands under a heading.

    Attributes:
        page: the topic page that it stands on, one of `PAGES`.
        drawings: the figures that it shows.
        action: the options that measure it again, such as "--latency".
        incomplete: whether something was asked that is not measured.
    """

    heading: str
    text: str
    page: str = "trust"
    drawings: Sequence[Drawing] = ()
    action: str = ""
    incomplete: bool = False


# Takes the store, the folder of the figures as a page sees it, and the rows of the first grid; None where nothing
# was measured.
MakeChapter = Callable[[Store, str, Sequence[Row]], Chapter | None]

"""What one kind of measurement adds to a report, beside the sections of experiments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.analysis.rows import Row
from bench.figures.drawing import Drawing
from bench.store.store import Store


@dataclass(frozen=True)
class Chapter:
    """Empty where nothing was measured.

    Attributes:
        text: sections in Markdown.
        appendix: what the appendix has, folded.
        drawings: the figures that the text shows.
        action: the options that measure it again, such as "--latency".
    """

    text: Sequence[str] = ()
    appendix: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    action: str = ""


# Takes the store, the folder of the figures as the report names it, and the rows of the first grid.
MakeChapter = Callable[[Store, str, Sequence[Row]], Chapter]

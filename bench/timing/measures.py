"""What is measured of the harness, by name."""

from collections.abc import Callable, Iterator

from bench.timing.harness import Pairs, Setting, scoring, step, training, tutorial
from bench.timing.whole_commands import report, starting, workers

# In the order of what they take, so that the first figures come soon.
MEASURES: dict[str, Callable[[Setting], Iterator[Pairs]]] = {
    "scoring": scoring,
    "starting": starting,
    "step": step,
    "training": training,
    "report": report,
    "tutorial": tutorial,
    "workers": workers,
}

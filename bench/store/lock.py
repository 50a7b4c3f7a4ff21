"""One command at a time measures in a store, on every system."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

NAME = ".lock"


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keeps other commands from measuring below `root`.

    Two that train the same experiment would replace each other's scores.

    Raises:
        ValueError: another command measures here.
    """
    root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(root / NAME, blocking=False):
            yield
    except Timeout:
        raise ValueError(f"another command measures in {root}; wait for it, or choose another --results") from None

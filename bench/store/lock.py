"""One command at a time measures in a store, on every system."""

import os
import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from bench.core.values import Note

NAME, HOLDER = ".lock", ".lock-holder"  # the system frees the first when its process ends, however it ends


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keeps other commands from measuring below `root`; where the file system has no locks, it warns.

    Two that train the same experiment would replace each other's scores.

    Raises:
        ValueError: another command measures here; the message says which, where, and since when.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(root / NAME, blocking=False), root / HOLDER
    try:
        lock.acquire()
    except Timeout:
        who = holder.read_text(encoding="utf-8") if holder.exists() else "not known which"
        raise ValueError(
            f"another command measures in {root} ({who}): wait for it, or choose another --results"
        ) from None
    except (OSError, NotImplementedError) as error:
        warnings.warn(f"{root} cannot be locked ({error}): let no other command measure there", Note, stacklevel=3)
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        holder.write_text(f"process {os.getpid()} on {platform.node()}, since {since}", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def forget_holder(root: Path) -> None:
    """Takes away the name of a command that was killed while it measured; nothing if one measures now."""
    if (root / HOLDER).exists():
        with suppress(ValueError), alone(root):
            pass  # which takes the name away at its end

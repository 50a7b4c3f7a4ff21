"""What a report left in a store: its figures, and the state of all files after it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from bench.store import lock
from bench.store.files import write

NAME = ".reported"


def state_of(root: Path, others: Iterable[Path]) -> str:
    """A digest of the names, sizes and times of all files below `root` and of others; equal where nothing changed."""
    below = (path for path in root.rglob("*") if path.name not in (NAME, lock.NAME, lock.HOLDER) and path.is_file())
    seen = sorted((path.as_posix(), (stat := path.stat()).st_size, stat.st_mtime_ns) for path in (*below, *others))
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def is_reported(root: Path, state: str) -> bool:
    """Whether that was the state after the last report."""
    path = root / NAME
    return path.exists() and path.read_text(encoding="utf-8") == state


def keep_reported(root: Path, state: str) -> None:
    write(root / NAME, state)


def figure_path(root: Path, name: str) -> Path:
    return root / "figures" / f"{name}.png"


def has_figure(root: Path, name: str, digest: str) -> bool:
    """Whether the figure is there and shows what has this digest, which is in its metadata."""
    path = figure_path(root, name)
    return path.exists() and digest.encode() in path.read_bytes()[:1024]


def keep_figure(root: Path, name: str, png: bytes) -> None:
    write(figure_path(root, name), png)

"""Files and folders that appear whole or not at all, and that are checked when they are read.

A folder of results has a manifest, `manifest.sha256`, in the format of the command `sha256sum`: a digest and a name
in each line. A folder is replaced as a whole: the new one is made beside it, with what stays as links, and takes its
place when everything in it is on the disk.
"""

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.core.results import Array

Row = TypeVar("Row")

MANIFEST = "manifest.sha256"
NEW, OLD = ".new", ".old"  # ends of the names of folders that are being replaced


class Damaged(ValueError):
    """A file that does not check; the message says why."""


# Reading


def checked(path: Path) -> bytes | None:
    """What a file holds; None if it is not there.

    Raises:
        Damaged: it is not what the manifest of its folder says, or that does not name it.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    digests = manifest(path.parent)
    if digests and digests.get(path.name) != (actual := sha256(data)):
        what = f"its SHA-256 is {actual[:8]}…" if path.name in digests else "it is not in the manifest"
        raise Damaged(f"{what} where {MANIFEST} has {digests.get(path.name, 'no such file')[:12]}")
    return data


def manifest(folder: Path) -> dict[str, str]:
    """The digests of a folder's files by name; empty if it has no manifest, as those of earlier versions."""
    try:
        lines = (folder / MANIFEST).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    digests = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    return digests or {MANIFEST: "empty"}  # which no file matches


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def rows(text: bytes, parse: Callable[[dict[str, str]], Row]) -> list[Row]:
    """The rows of what `table_text` wrote."""
    header, *lines = _fields(text.decode())
    return [parse(dict(zip(header, line, strict=True))) for line in lines]


def _fields(text: str) -> Iterable[list[str]]:
    """The fields of each line.

    The csv module would take half of the time of a large report, so it reads only text with quotes, which stand
    around fields with commas and line ends.
    """
    if '"' in text or "\r" in text:
        return csv.reader(io.StringIO(text, newline=""))
    return (line.split(",") for line in text.removesuffix("\n").split("\n"))


def arrays(data: bytes) -> dict[str, Array]:
    """The arrays of what `packed` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


# Writing


def table_text(header: Iterable[str], table: Iterable[Iterable[object]]) -> bytes:
    """A CSV file; floats in full, so that they come back as they went."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(table)
    return text.getvalue().encode()


def packed(named: Mapping[str, Array]) -> bytes:
    """Arrays as the bytes of an npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **named)  # type: ignore[arg-type]  # its stub takes the names for options
    return buffer.getvalue()


def write(path: Path, content: str | bytes) -> None:
    """Writes a file so that it is there whole or not at all, also after a loss of power."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(beside, content.encode() if isinstance(content, str) else content)
        beside.replace(path)
        settle(path.parent)
    except OSError as error:
        raise _named(error, path) from None
    finally:
        beside.unlink(missing_ok=True)


def replace(folder: Path, files: Mapping[str, bytes], fresh: bool = False) -> None:
    """Adds files to a folder or, if it is fresh, puts them in place of all that is in it; writes its manifest.

    Raises:
        OSError: there is no room, for example; then the folder is as it was.
    """
    new, old = _beside(folder, NEW), _beside(folder, OLD)
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        digests = {} if fresh or not folder.is_dir() else _linked(folder, new, without=files)
        for name, data in files.items():
            _write(new / name, data)
            digests[name] = sha256(data)
        _write(new / MANIFEST, "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode())
        settle(new)
        if folder.is_dir():
            folder.rename(old)
        new.rename(folder)
        settle(folder.parent)
    except OSError as error:
        raise _named(error, folder) from None
    finally:
        mend(folder)


def mend(folder: Path) -> None:
    """Ends a replacement of a folder that did not end: the new one if it is whole and the old one is away."""
    new, old = _beside(folder, NEW), _beside(folder, OLD)
    if old.is_dir() and not folder.exists():
        (new if (new / MANIFEST).exists() else old).rename(folder)
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)


def unfinished(root: Path) -> list[Path]:
    """Folders below `root` whose replacement did not end."""
    left = [*root.glob(f".*{NEW}"), *root.glob(f".*{OLD}")]
    return sorted({root / path.stem.removeprefix(".") for path in left})


def sweep(folder: Path) -> None:
    """Takes away files that a command which was killed was writing into a folder."""
    for path in folder.glob(".*.*"):
        if path.suffix[1:].isdecimal() and path.is_file():
            path.unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Makes the names in a folder last over a loss of power, where the system can."""
    if _lasting() and hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _beside(folder: Path, end: str) -> Path:
    return folder.with_name(f".{folder.name}{end}")


def _linked(folder: Path, new: Path, without: Iterable[str]) -> dict[str, str]:
    """Links the files of a folder into a new one; returns their digests, which are made where there are none."""
    known, digests = manifest(folder), {}
    for path in sorted(folder.iterdir()):
        if path.name not in (MANIFEST, *without) and path.is_file():
            try:
                os.link(path, new / path.name)
            except OSError:  # a file system without links
                shutil.copyfile(path, new / path.name)
            digests[path.name] = known.get(path.name, "unknown") if known else sha256(path.read_bytes())
    return digests


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        if _lasting():
            file.flush()
            os.fsync(file.fileno())


def _lasting() -> bool:
    return os.environ.get("DESRUIDO_FSYNC") != "0"


def _named(error: OSError, path: Path) -> OSError:
    """The same error, with the path that the user knows."""
    return type(error)(error.errno, error.strerror or str(error), str(path))

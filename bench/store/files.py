"""Files that appear whole or not at all, and are read or refused by name."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bench.core.results import Array

Row = TypeVar("Row")
Value = TypeVar("Value")


class Damaged(ValueError):
    """A file of the store that cannot be read; the message names it and the way out."""


def read_rows(path: Path, parse: Callable[[dict[str, str]], Row]) -> list[Row]:
    if not path.exists():
        return []
    try:
        header, *lines = _fields(path.read_bytes().decode())
        return [parse(dict(zip(header, line, strict=True))) for line in lines]
    except Exception as error:
        raise Damaged(f"{path} is damaged ({error}); delete it to have it measured again") from None


def _fields(text: str) -> Iterable[list[str]]:
    """The fields of each line of what `table_text` wrote.

    The csv module would take half of the time of a large report, so it reads only text with quotes, which stand
    around fields with commas and line ends.
    """
    if '"' in text or "\r" in text:
        return csv.reader(io.StringIO(text, newline=""))
    return (line.split(",") for line in text.removesuffix("\n").split("\n"))


def read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise Damaged(f"{path} is damaged ({error}); delete it to have it measured again") from None


def read_as(parse: Callable[[dict[str, Any]], Value], path: Path) -> Value:
    """A JSON file as a value."""
    values = read_json(path)
    try:
        return parse(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"{path} is damaged ({error!r}); delete it to have it measured again") from None


def read_arrays(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:
        raise Damaged(f"{path} is damaged ({error}); delete it to have it measured again") from None


def table_text(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A CSV file's text; floats in full, so that they come back as they went."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def packed(arrays: dict[str, Array]) -> bytes:
    """Arrays as the bytes of an npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # its stub takes the names for options
    return buffer.getvalue()


def write(path: Path, content: str | bytes) -> None:
    """Writes a file so that it is there whole or not at all."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)

"""Stores of several machines become one. What is taken from another store is checked; what differs is named."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.running.profiles import PROFILES
from bench.store import files
from bench.store.files import MANIFEST
from bench.store.store import SCORES, Store


class Other(Store):
    """A store that is read and left as it is: what does not check is noted, not moved."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.damaged: list[str] = []

    def set_aside(self, path: Path, why: str) -> None:
        self.damaged.append(f"{path} is damaged ({why}) and was left out")


Reader = Callable[[bytes], dict[Any, Any]]
Writer = Callable[[dict[Any, Any]], bytes]


@dataclass
class Merged:
    """What became of another store.

    Attributes:
        taken: experiments that were not here.
        completed: experiments of which it had further files.
        same: experiments that are here already.
        left: what was left out, and why.
    """

    taken: int = 0
    completed: int = 0
    same: int = 0
    left: list[str] = field(default_factory=list)


def merge(store: Store, root: Path, kinds: Iterable[str]) -> Merged:
    """Takes over what another store has and this one lacks. Where both have an experiment and differ, ours stays.

    Args:
        root: the other store, such as `other/results/full`.
        kinds: of measurements that are no experiments.
    """
    other, merged = Other(root), Merged()
    for path in sorted(root.glob("*/experiment.json")):
        _take(path.parent, store.root / path.parent.name, merged)
    for section in other.sections():
        store.ask(section)
    for kind in kinds:
        ours = store.timings(kind)
        for name, values in other.timings(kind).items():
            if name not in ours:
                store.keep_timing(kind, name, values)
            elif ours[name] != values:
                merged.left.append(f"{kind} of {name} was measured here too; ours stays")
    merged.left += other.damaged
    return merged


def _take(theirs: Path, ours: Path, merged: Merged) -> None:
    """Takes over an experiment, or what of it is not here; all of it or nothing."""
    held = []
    for folder in (theirs, ours):
        try:
            held.append(_checked(folder))
        except files.Damaged as error:
            merged.left.append(f"{folder} is damaged ({error}); {theirs.name} was left out")
            return
    there, here = held
    try:
        joined = {name: _joined(name, here.get(name, data), data) for name, data in there.items()}
    except Exception as error:  # a file without a manifest that is not what its name says
        merged.left.append(f"{theirs} cannot be read ({error}) and was left out")
        return
    if not here:
        files.replace(ours, there)
        merged.taken += 1
        return
    more = {name: data for name, data in joined.items() if data is not None and data != here.get(name)}
    if differing := {name for name, data in joined.items() if data is None}:
        why = "was measured by other code than ours" if differing == {"provenance.json"} else "differs from ours"
        merged.left.append(f"{theirs.name} {why}, which stays")
    elif more:
        files.replace(ours, more)
        merged.completed += 1
    else:
        merged.same += 1


def _joined(name: str, ours: bytes, theirs: bytes) -> bytes | None:
    """What two files of one name hold together; None where they disagree."""
    form = _form(name, ours)
    if form is None:
        return ours if ours == theirs else None
    read, pack = form
    here, there = read(ours), read(theirs)
    if not all(np.array_equal(here[key], there[key]) for key in here.keys() & there.keys()):
        return None
    return pack(here | there) if there.keys() - here.keys() else ours


def _form(name: str, ours: bytes) -> tuple[Reader, Writer] | None:
    """How a file is read as parts and made of them; None for one that is whole or not at all."""

    def with_code(sources: dict[str, str]) -> bytes:
        return json.dumps(json.loads(ours) | {"sources": sources}, indent=2).encode()

    if name == "provenance.json":  # the code must be the same; seconds differ, however alike the numbers are
        return lambda data: dict(json.loads(data)["sources"]), with_code
    if name.startswith("scores-"):
        return _cells, _table
    return (files.arrays, files.packed) if name.endswith(".npz") else None


def _cells(data: bytes) -> dict[tuple[float, str], list[str]]:
    """The lines of a file of scores by test variance and metric."""
    rows = files.rows(data, lambda row: row)
    return {(float(row["variance"]), row["metric"]): list(row.values()) for row in rows}


def _table(cells: dict[tuple[float, str], list[str]]) -> bytes:
    return files.table_text(SCORES, (line for _, line in sorted(cells.items())))


def _checked(folder: Path) -> dict[str, bytes]:
    """All files of an experiment by name; raises `Damaged` if one does not check."""
    names = [path.name for path in folder.glob("[!.]*") if path.is_file() and path.name != MANIFEST]
    return {name: data for name in sorted(names) if (data := files.checked(folder / name)) is not None}


def check_other(store: Store, root: Path) -> None:
    """Raises ValueError unless another store is there, is not this one, and is not of another profile."""
    if not root.is_dir() or not (any(root.glob("section-*.json")) or any(root.glob("*/experiment.json"))):
        raise ValueError(f"{root} holds no results of a study: name the folder of one, such as {root}/results/full")
    if root.resolve().name in set(PROFILES) - {store.root.name}:
        other = root.resolve().name
        raise ValueError(f"{root} is of the profile {other!r}, and goes into {store.root}: add --profile {other}")
    if store.root.exists() and root.samefile(store.root):
        raise ValueError(f"{root} is the store to merge into: name another one")

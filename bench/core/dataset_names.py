"""Names of datasets: what a user writes, and the identity that results depend on.

A user writes `mnist`, `fashion_mnist` or `folder:PATH`. Pixels behind a path, in a cache or made by a plug-in may
change, so experiments and protocols hold their digest instead, `folder@3f2a9c01`: equal pixels are one dataset,
wherever they lie. Results of earlier versions hold the path too, `folder:PATH@3f2a9c01`.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PLACES: dict[str, str] = {}  # where pixels are on this machine: what a user writes, by the identity


class DatasetName(NamedTuple):
    """The parts of a name; `path` and `digest` are empty where it has none."""

    kind: str
    path: str
    digest: str


def parse(name: str) -> DatasetName:
    """The parts of a name of any form. Two spellings of one path give one."""
    match = re.fullmatch(r"(.*)@([0-9a-f]{8})", name)
    kind, _, path = (match[1] if match else name).partition(":")
    return DatasetName(kind, _at_home(path).as_posix() if path else "", match[2] if match else "")


def _at_home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # no home is known
        return Path(path)


def place_of(name: str) -> str:
    """What a user writes for a dataset; empty if it is not known where its pixels are."""
    kind, path, digest = parse(name)
    return f"{kind}:{path}" if path else PLACES.get(name, "") if digest else kind


def full_name(name: str) -> str:
    """A name with the path, if it is known, and the digest, if it has one."""
    digest = parse(name).digest
    return f"{place_of(name) or parse(name).kind}@{digest}" if digest else name


def dataset_title(name: str) -> str:
    """A dataset's name for readers; of a path, its last part."""
    return Path(parse(place_of(name)).path).name or parse(name).kind


def known_places(names: Iterable[str | None]) -> dict[str, str]:
    """Where the pixels of some datasets are, as far as that is known."""
    return {name: PLACES[name] for name in sorted(filter(None, names)) if name in PLACES}

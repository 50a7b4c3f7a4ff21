"""Frozen values as JSON, and the digest that names their folder."""

import hashlib
import json
from dataclasses import field, fields
from typing import Any


class Note(UserWarning):
    """What the user should know; the command line shows it as a line."""


def later(neutral: Any) -> Any:
    """Declares a field added after results were published: it stays out of the digest while it is neutral."""
    return field(default=neutral, metadata={"neutral": neutral})


def canonical(value: Any) -> Any:
    """A frozen value as plain JSON types, without later fields at their neutral value."""
    if hasattr(value, "__dataclass_fields__"):
        return {
            f.name: canonical(getattr(value, f.name))
            for f in fields(value)
            if not ("neutral" in f.metadata and getattr(value, f.name) == f.metadata["neutral"])
        }
    if isinstance(value, tuple):
        return [canonical(entry) for entry in value]
    return value


def digest(value: Any) -> str:
    """Ten hexadecimal digits of the SHA-256 of a frozen value's canonical JSON."""
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def whole(name: str, value: int, least: int) -> int:
    require(value == int(value) and value >= least, f"{name} must be a whole number of at least {least}, got {value}")
    return int(value)


def as_json(value: Any) -> str:
    """Canonical JSON to read: indented, sorted, ending in a newline."""
    return json.dumps(canonical(value), indent=2, sort_keys=True) + "\n"

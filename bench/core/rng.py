"""Randomness named by its purpose: equal names, equal draws, whatever else was drawn before."""

import hashlib
import json
from collections.abc import Iterator

import torch


def seed_of(*names: str | int) -> int:
    """A seed of 32 bits from the names of a stream; torch's CPU generator takes no more."""
    return int.from_bytes(hashlib.sha256(json.dumps(names).encode()).digest()[:4])


def stream(*names: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator of its own for one purpose: `stream("split", "mnist")`."""
    return torch.Generator(device).manual_seed(seed_of(*names))


def streams(*names: str | int, first: int, count: int) -> Iterator[torch.Generator]:
    """Yields a stream for each image from `first` on: one generator, seeded anew each time.

    Seeds are consecutive. With hashed seeds of 32 bits, two of 10,000 images might share a stream.
    """
    rng = torch.Generator()
    start = seed_of(*names)
    for index in range(first, first + count):
        yield rng.manual_seed((start + index) % 2**32)

"""Randomness named by its purpose: equal names, equal draws, whatever else was drawn before."""

import hashlib
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
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


@contextmanager
def global_streams(*names: str | int) -> Iterator[None]:
    """Names what a block draws from the global generators of torch, numpy and Python, which have no other name.

    Ordinary dropout draws from them. They are as before when the block has ended.
    """
    seed = seed_of(*names)
    # numpy's old generator is the global one, which is what this is about: hence no NPY002 here.
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]  # not annotated in torch
    with torch.random.fork_rng(range(torch.cuda.device_count()) if used else ()):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)

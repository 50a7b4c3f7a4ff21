"""Torch's settings, which a plug-in must leave as they are."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from bench.core.values import Note

SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "number of threads": (torch.get_num_threads, torch.set_num_threads),
    "deterministic mode": (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    "default device": (torch.get_default_device, torch.set_default_device),
}


@contextmanager
def settings_kept(who: str) -> Iterator[None]:
    """Undoes what a block does to torch's settings, and says in a warning that `who` did it."""
    before = {name: get() for name, (get, _) in SETTINGS.items()}
    try:
        yield
    finally:
        changed = [name for name, (get, _) in SETTINGS.items() if get() != before[name]]
        for name in changed:
            SETTINGS[name][1](before[name])
        if changed:
            warnings.warn(f"{who} changes torch's {' and '.join(changed)}, which is undone", Note, stacklevel=4)

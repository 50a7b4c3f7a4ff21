"""Ablations: one file each, holding a generator decorated by `@ablation`.

`(base) -> Iterator[Experiment]` yields experiments that differ from `base` in one factor, written as
`base.but(...)`. The first line of its docstring heads its section of the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from bench.experiment import Experiment
from bench.registry import Registry

Ablation = Callable[[Experiment], Iterator[Experiment]]

ABLATIONS: Registry[Ablation] = Registry("ablation", __name__)

Function = TypeVar("Function", bound=Ablation)


def ablation(function: Function) -> Function:
    """Registers an ablation under the name of its file."""
    ABLATIONS.register(function.__module__, function)
    return function

"""Noises: one file each, holding a function decorated by `@noise`.

`(clean, variance, rng) -> noisy` adds noise of the given variance to images, (N, C, H, W) float in
[0, 1]; `variance` is (N,), in squared pixel units: the mean of (noisy - clean)² over an image. The draw
comes from `rng` alone, on its device, and equal `rng` give the same field at every variance. Nothing is
clipped; the input stays as it is. A variance that a noise cannot reach on an image raises ValueError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from bench.core.registry import Registry

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Noise = Callable[[Tensor, Tensor, torch.Generator], Tensor]

NOISES: Registry[Noise] = Registry("noise", __name__)

Function = TypeVar("Function", bound="Noise")


def noise(function: Function) -> Function:
    """Registers a noise under the name of its file."""
    NOISES.register(function.__module__, function)
    return function

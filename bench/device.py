"""How tensors lie in memory: the layout of models, and what becomes of freed blocks."""

import ctypes
import platform

import torch
from torch import nn

# Parameters of mallopt, from <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def place(model: nn.Module, device: torch.device) -> nn.Module:
    """Moves a model to a device, channels last: the same for training and scoring, so that bits agree."""
    placed: nn.Module = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stub
    return placed


def keep_memory() -> bool:
    """Has the C library keep what is freed instead of giving it back; whether it does.

    By default glibc gets every large tensor from the system anew, which fills it with zeros page by
    page: a fifth of a training step of `conv_autoencoder`. Other C libraries are left alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return bool(library.mallopt(M_MMAP_THRESHOLD, 1 << 30) and library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1))

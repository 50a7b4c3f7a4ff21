"""Under which conditions a number was measured: machine, versions, threads."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

CONDITIONS = ("python", "torch", "device", "threads")  # that move the last bits of a number


def joined(before: dict[str, Any], now: dict[str, Any], trained: bool) -> dict[str, Any]:
    """What is known of an experiment that is measured piece by piece.

    Its conditions are those under which it was trained or tuned; "elsewhere" has any others under
    which it was scored.

    Args:
        before: empty if nothing was.
        trained: whether `now` is of a training or tuning, too.
    """
    if not before:
        return now
    first, second = (now, before) if trained else (before, now)
    here, *others = ({name: each.get(name) for name in CONDITIONS} for each in (first, second))
    elsewhere = [other for other in [*before.get("elsewhere", []), *others] if other != here]
    seconds = dict(before.get("seconds", {}))
    for step, value in now.get("seconds", {}).items():
        seconds[step] = round(value + (0 if step == "training" else seconds.get(step, 0)), 2)
    found = first | {"sources": second.get("sources", {}) | first.get("sources", {}), "seconds": seconds}
    unique = [each for index, each in enumerate(elsewhere) if each not in elsewhere[:index]]
    return found | ({"elsewhere": unique} if unique else {})


def versions(device: torch.device) -> dict[str, str]:
    """Python, torch and the device, as far as they move the last bits of a number."""
    names = [torch.cuda.get_device_name(device)] if device.type == "cuda" else []
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": f"{device.type} ({', '.join([*names, processor(), torch.backends.cpu.get_cpu_capability()])})",
    }


def conditions(device: str, threads: int) -> dict[str, Any]:
    """What moves a timing: the machine, its libraries and the threads used."""
    libraries = {name: metadata.version(name) for name in ("numpy", "scipy", "scikit-image")}
    return versions(torch.device(device)) | {"cores": cores(), "threads": threads} | libraries


def processor() -> str:
    """Its name, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> int:
    """Cores this process may use; not every system tells, and then all there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Under which conditions a number was measured: machine, versions, threads, and where its code stands."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import torch


@dataclass(frozen=True)
class Machine:
    """What moves the last bits of a number."""

    python: str
    torch: str
    device: str
    threads: int

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `as_json`; other values are ignored."""
        return cls(**{part.name: values[part.name.replace("_", "-")] for part in fields(cls)})

    def as_json(self) -> dict[str, Any]:
        return {name.replace("_", "-"): value for name, value in vars(self).items()}


@dataclass(frozen=True)
class Conditions(Machine):
    """What moves a timing."""

    cores: int
    numpy: str
    scipy: str
    scikit_image: str


@dataclass(frozen=True)
class Seconds:
    """How long an experiment took.

    Attributes:
        training: seconds of training or tuning; None if there was none.
        scoring: seconds of scoring by the digest of the protocol; by "" those of older results, for all protocols.
    """

    training: float | None = None
    scoring: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, float]) -> Self:
        """The inverse of `as_json`."""
        scoring = {step.removeprefix("scoring").lstrip(): seconds for step, seconds in values.items()}
        return cls(scoring.pop("training", None), scoring)

    def as_json(self) -> dict[str, float]:
        training = {} if self.training is None else {"training": self.training}
        return training | {f"scoring {digest}".rstrip(): seconds for digest, seconds in self.scoring.items()}

    def scored(self, digest: str) -> float:
        """Seconds of scoring under one protocol."""
        return self.scoring.get("", 0.0) + self.scoring.get(digest, 0.0)

    def and_then(self, later: Self) -> Self:
        """All seconds together; a later training replaces the earlier one."""
        training = self.training if later.training is None else round(later.training, 2)
        added = {digest: round(self.scoring.get(digest, 0) + more, 2) for digest, more in later.scoring.items()}
        return replace(self, training=training, scoring={**self.scoring, **added})


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of an experiment come from.

    Attributes:
        machine: on which it was trained or tuned; where it is neither, on which it was first scored.
        parameters: number of trainable ones.
        kin: see `architectures.Denoiser`, or the denoiser itself; empty in older results.
        sources: digests of the code by the part it plays (see `bench.running.provenance`).
        elsewhere: other machines on which it was scored.
    """

    machine: Machine
    parameters: int
    blind: bool
    kin: str
    seconds: Seconds
    sources: Mapping[str, str]
    elsewhere: tuple[Machine, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `as_json`, also of older results."""
        given = {name: values[name] for name in ("parameters", "blind", "sources")}
        others = tuple(Machine.from_json(other) for other in values.get("elsewhere", ()))
        seconds = Seconds.from_json(values["seconds"])
        return cls(Machine.from_json(values), kin=values.get("kin", ""), seconds=seconds, elsewhere=others, **given)

    def as_json(self) -> dict[str, Any]:
        values = vars(self) | {
            "seconds": self.seconds.as_json(),
            "elsewhere": [machine.as_json() for machine in self.elsewhere],
        }
        values |= values.pop("machine").as_json()
        return {name: value for name, value in values.items() if value or name not in ("kin", "elsewhere")}

    def and_then(self, later: Self, trained: bool) -> Self:
        """What is known of an experiment that is measured piece by piece.

        Args:
            trained: whether `later` is of a training or tuning, too.
        """
        first, second = (later, self) if trained else (self, later)
        machines = dict.fromkeys((*self.elsewhere, second.machine))
        return replace(
            first,
            seconds=self.seconds.and_then(later.seconds),
            sources={**second.sources, **first.sources},
            elsewhere=tuple(machine for machine in machines if machine != first.machine),
        )


def machine(device: torch.device, threads: int) -> Machine:
    """This machine, as far as it moves the last bits of a number."""
    names = [torch.cuda.get_device_name(device)] if device.type == "cuda" else []
    kind = f"{device.type} ({', '.join([*names, processor(), torch.backends.cpu.get_cpu_capability()])})"
    return Machine(platform.python_version(), torch.__version__, kind, threads)


def conditions(device: str, threads: int) -> Conditions:
    """This machine, as far as it moves a timing."""
    numpy, scipy, scikit_image = (metadata.version(name) for name in ("numpy", "scipy", "scikit-image"))
    here = vars(machine(torch.device(device), threads))
    return Conditions(**here, cores=cores(), numpy=numpy, scipy=scipy, scikit_image=scikit_image)


@cache
def processor() -> str:
    """Its name, as far as the system tells.

    Linux is read directly: that takes 0.1 ms instead of the 250 ms of py-cpuinfo, and names in old results stay.
    """
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    else:
        from cpuinfo import get_cpu_info  # late: slow

        names = [get_cpu_info().get("brand_raw", "")]
    return next(filter(None, names), "") or platform.processor() or platform.machine()


def cores() -> int:
    """Cores this process may use; not every system tells, and then all there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""What is asked and what is to be done: sections, tasks, and the result of one."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from bench.core.conditions import Provenance
from bench.core.experiment import Cell, Experiment, Protocol
from bench.core.results import Progress, Restored, Trial


@dataclass(frozen=True)
class Section:
    """A part of the report: the experiments of one question, under one protocol.

    Attributes:
        name: "grid", or the name of an ablation.
        commands: that asked for them.
        bases: of an ablation, what its other experiments are compared with: one for each denoiser and
            command, with seed 0.
    """

    name: str
    protocol: Protocol
    experiments: tuple[Experiment, ...]
    commands: tuple[str, ...] = ()
    bases: tuple[Experiment, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.name}-{self.protocol.digest}"

    @property
    def later_key(self) -> str:
        """The key of the same section under the next version of its protocol."""
        return f"{self.name}-{replace(self.protocol, version=self.protocol.version + 1).digest}"

    def joined(self, other: "Section") -> "Section":
        """Both together; the cells of a section may be filled by several commands."""
        protocol = replace(
            self.protocol,
            variances=self.protocol.variances + other.protocol.variances,
            metrics=self.protocol.metrics + other.protocol.metrics,
        )
        joined: dict[str, Any] = {
            name: tuple(dict.fromkeys(getattr(self, name) + getattr(other, name)))
            for name in ("experiments", "commands", "bases")
        }
        return replace(self, protocol=protocol, **joined)


class Source(NamedTuple):
    """What a plan must know of images: the dataset to train on, None if there is none, and the channels."""

    training: str | None
    channels: int = 1


@dataclass(frozen=True)
class Request:
    """Cells to be scored under one protocol, whatever variances and metrics that one names itself."""

    protocol: Protocol
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Task:
    """One experiment and the cells that are missing, under each protocol that asks for it.

    `weights` are safetensors bytes of an earlier training, and `trials` those of an earlier tuning;
    without them the task trains or tunes. A fresh task replaces all that the store has of its
    experiment. `places` say where the pixels of its datasets are (see `bench.core.dataset_names`).
    `checkpoint` is the last state of a training that was stopped (see `bench.training.checkpoint`).
    """

    experiment: Experiment
    requests: tuple[Request, ...]
    weights: bytes | None = None
    trials: tuple[Trial, ...] = ()
    device: str = "cpu"
    plugins: tuple[Path, ...] = ()
    fresh: bool = False
    places: tuple[tuple[str, str], ...] = ()
    checkpoint: bytes | None = None

    @property
    def cells(self) -> int:
        return sum(len(request.cells) for request in self.requests)


@dataclass
class Result:
    """What a task gave. After a failure it holds all that was finished before, and what went wrong.

    `trials` are those of a tuning that this task did; `died` tells that a worker process ended without
    a word, perhaps because of another task.
    """

    task: Task
    history: list[Progress] = field(default_factory=list)
    weights: bytes | None = None
    restored: list[tuple[Protocol, Restored]] = field(default_factory=list)
    provenance: Provenance | None = None
    trials: list[Trial] = field(default_factory=list)
    failure: str | None = None
    died: bool = False

    @property
    def diverged(self) -> bool:
        return bool(self.history) and self.history[-1].diverged

"""What is handed to a worker: one experiment, and all that is missing of it."""

from dataclasses import dataclass
from pathlib import Path

from bench.experiment import Cell, Experiment, Protocol
from bench.tuning import Trial


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
    experiment.
    """

    experiment: Experiment
    requests: tuple[Request, ...]
    weights: bytes | None = None
    trials: tuple[Trial, ...] = ()
    device: str = "cpu"
    plugins: tuple[Path, ...] = ()
    fresh: bool = False

    @property
    def cells(self) -> int:
        return sum(len(request.cells) for request in self.requests)

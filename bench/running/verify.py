"""Whether stored scores come back: some cells, drawn at random, are measured again and compared."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.core.conditions import Machine
from bench.core.dataset_names import known_places
from bench.core.experiment import Experiment, Protocol
from bench.core.results import summarize
from bench.core.tasks import Request, Result, Task
from bench.store.store import Store

TOLERANCE = 1e-4  # of a score, where the conditions are others: rounding grows in a deep network


@dataclass(frozen=True)
class Recomputed:
    """A cell that was measured again.

    Attributes:
        alike: whether machine, threads and versions are those of the first measurement, so that all bits must agree.
    """

    experiment: Experiment
    variance: float
    metric: str
    stored: float
    again: float
    alike: bool

    @property
    def agrees(self) -> bool:
        return self.stored == self.again or (
            not self.alike and abs(self.stored - self.again) <= TOLERANCE * abs(self.stored)
        )


def recompute(
    store: Store, count: int, measure: Callable[[Sequence[Task]], Iterator[Result]], draw: random.Random
) -> Iterator[Recomputed | str]:
    """Measures cells again whose denoiser needs no training here; yields what failed as text.

    Args:
        count: of cells, fewer where the store has fewer.
        measure: measures tasks, such as `bench.running.execute.run` on some workers.
    """
    cells = [
        (experiment, section.protocol, score)
        for section in store.sections()
        for experiment in section.experiments
        if experiment.recipe is None or store.weights(experiment) is not None
        for score in store.scores(experiment, section.protocol)
    ]
    chosen = draw.sample(cells, min(count, len(cells)))
    stored = {}
    wanted: dict[tuple[Experiment, Protocol], list[tuple[float, str]]] = {}
    for experiment, protocol, score in chosen:
        stored[experiment, protocol.digest, score.variance, score.metric] = score.mean
        wanted.setdefault((experiment, protocol), []).append((score.variance, score.metric))
    tasks = [
        Task(
            experiment,
            (Request(protocol, tuple(asked)),),
            store.weights(experiment),
            tuple(store.trials(experiment)),
            places=tuple(known_places([experiment.dataset, protocol.dataset]).items()),
        )
        for (experiment, protocol), asked in wanted.items()
    ]
    for task in tasks:
        for result in measure([task]):
            if result.failure is not None:
                yield f"{task.experiment.id}: {result.failure}"
            for protocol, restored in result.restored:
                for metric, values in restored.values.items():
                    before = stored[task.experiment, protocol.digest, restored.variance, metric]
                    again = summarize(restored.variance, metric, values).mean
                    alike = _machine(store.provenance(task.experiment)) == _machine(result.provenance)
                    yield Recomputed(task.experiment, restored.variance, metric, before, again, alike)


def _machine(provenance: object) -> Machine | None:
    return getattr(provenance, "machine", None)

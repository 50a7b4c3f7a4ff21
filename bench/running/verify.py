"""Whether stored scores come back: some cells, drawn at random, are measured again and compared."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from architectures import DENOISERS
from bench.core.dataset_names import known_places
from bench.core.experiment import RECORDED, Experiment, Protocol
from bench.core.registry import UnknownName
from bench.core.results import summarize
from bench.core.tasks import Request, Result, Task
from bench.lookup.images import images_of
from bench.metrics import METRICS
from bench.noises import NOISES
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
    store: Store,
    count: int,
    measure: Callable[[Sequence[Task]], Iterator[Result]],
    draw: random.Random,
    plugins: Sequence[Path] = (),
) -> Iterator[Recomputed | str]:
    """Measures cells again that need no training and whose denoiser, metric and images are here.

    Yields what failed as text.

    Args:
        count: of cells, fewer where the store has fewer.
        measure: measures tasks, such as `bench.running.execute.run` on some workers.
    """
    cells = [
        (experiment, section.protocol, score)
        for section in store.sections()
        for experiment in section.experiments
        if experiment.denoiser in DENOISERS and {experiment.noise, section.protocol.noise} <= {None, RECORDED, *NOISES}
        if experiment.recipe is None or store.weights(experiment) is not None
        if all(map(_is_here, filter(None, (experiment.dataset, section.protocol.dataset))))
        for score in store.scores(experiment, section.protocol)
        if score.metric in METRICS
    ]
    chosen = draw.sample(cells, min(count, len(cells)))
    stored = {}
    wanted: dict[tuple[Experiment, Protocol], list[tuple[float, str]]] = {}
    for experiment, protocol, score in chosen:
        stored[experiment, protocol.digest, score.variance, score.metric] = score.mean
        wanted.setdefault((experiment, protocol), []).append((score.variance, score.metric))
    for (experiment, protocol), asked in wanted.items():
        places = tuple(known_places([experiment.dataset, protocol.dataset]).items())
        request, trials = Request(protocol, tuple(asked)), tuple(store.trials(experiment))
        task = Task(experiment, (request,), store.weights(experiment), trials, plugins=tuple(plugins), places=places)
        before = store.provenance(experiment)
        for result in measure([task]):
            if result.failure is not None:
                yield f"{experiment.id}: {result.failure}"
            after = result.provenance
            alike = bool(before and after and not before.elsewhere and before.machine == after.machine)
            for _, restored in result.restored:
                for metric, values in restored.values.items():
                    mean = stored[experiment, protocol.digest, restored.variance, metric]
                    again = summarize(restored.variance, metric, values).mean
                    yield Recomputed(experiment, restored.variance, metric, mean, again, alike)


@cache
def _is_here(dataset: str) -> bool:
    """Whether the images of a dataset can be read, and are those that were measured."""
    try:
        images_of(dataset)
    except (UnknownName, ValueError, OSError):
        return False
    return True

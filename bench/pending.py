"""What a store is missing of what was asked."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.experiment import Experiment, Protocol, Task
from bench.plan import Section, order
from bench.provenance import stale
from bench.store import Store


def pending(
    store: Store, sections: Iterable[Section], device: str = "cpu", plugins: Sequence[Path] = (), refresh: bool = False
) -> list[Task]:
    """One task for each experiment that lacks cells, or that other code measured if `refresh` is set.

    They come in the order in which they should be measured.
    """
    tasks = {}
    for section in sections:
        for experiment in section.experiments:
            protocol = section.protocol
            again = refresh and stale(store.provenance(experiment))
            missing = store.missing(experiment, protocol)
            if missing or again:
                weights = None if again else store.weights(experiment)
                # Weights trained anew need not be those that gave the scores that are there.
                fresh = again or (weights is None and experiment.recipe is not None)
                cells = _cells(store, experiment, protocol) if fresh else missing
                tasks[experiment] = Task(experiment, protocol, cells, weights, device, tuple(plugins), fresh)
    return sorted(tasks.values(), key=lambda task: order(task.experiment, len(task.cells)))


def measured_by_other_code(store: Store, sections: Iterable[Section]) -> int:
    """How many experiments of the sections `refresh` would measure again."""
    return sum(
        stale(store.provenance(experiment))
        for experiment in {experiment: None for section in sections for experiment in section.experiments}
    )


def _cells(store: Store, experiment: Experiment, protocol: Protocol) -> tuple[tuple[float, str], ...]:
    """The cells asked for and those that are there."""
    asked = [(variance, metric) for variance in protocol.variances for metric in protocol.metrics]
    there = [(score.variance, score.metric) for score in store.scores(experiment, protocol)]
    return tuple(dict.fromkeys(asked + there))

"""What a store is missing of what was asked."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.dataset_names import known_places
from bench.core.experiment import Cell, Experiment, Protocol
from bench.core.tasks import Request, Section, Task
from bench.running.plan import check, order
from bench.running.provenance import other_plugins, stale
from bench.store.store import Store

Requests = dict[str, Request]  # by the digest of their protocol


def pending(
    store: Store, sections: Iterable[Section], device: str = "cpu", plugins: Sequence[Path] = (), refresh: bool = False
) -> list[Task]:
    """One task for each experiment that lacks cells, or that other code measured if `refresh` is set.

    One that lacks cells and was measured with other plug-ins or weights is measured again as a whole, since no row
    may hold cells of both.

    Tasks are sorted in the order in which they should be measured.
    """
    wanted: dict[Experiment, Requests] = {}
    missing: dict[Experiment, Requests] = {}
    for section in sections:
        for experiment in section.experiments:
            _add(wanted.setdefault(experiment, {}), section.protocol, section.protocol.cells)
            if cells := store.missing(experiment, section.protocol):
                _add(missing.setdefault(experiment, {}), section.protocol, cells)
    tasks, known = [], store.sections()
    for experiment, requests in wanted.items():
        before = store.provenance(experiment)
        again = (refresh and stale(before, experiment)) or (experiment in missing and other_plugins(before, experiment))
        if not (again or experiment in missing):
            continue
        weights = None if again else store.weights(experiment)
        trials = () if again else tuple(store.trials(experiment))
        # New weights may differ from those behind the stored scores.
        fresh = again or (weights is None and experiment.recipe is not None)
        if fresh:
            _add_what_is_there(store, known, experiment, requests)
        chosen = tuple((requests if fresh else missing[experiment]).values())
        names = {experiment.dataset, *(request.protocol.dataset for request in chosen)}
        places = tuple(known_places(names).items())
        checkpoint = store.checkpoint(experiment) if weights is None else None
        tasks.append(Task(experiment, chosen, weights, trials, device, tuple(plugins), fresh, places, checkpoint))
    return sorted(tasks, key=lambda task: order(task.experiment, task.cells))


def _add(requests: Requests, protocol: Protocol, cells: Iterable[Cell]) -> None:
    request = requests.get(protocol.digest, Request(protocol, ()))
    requests[protocol.digest] = Request(request.protocol, tuple(dict.fromkeys([*request.cells, *cells])))


def _add_what_is_there(store: Store, known: Iterable[Section], experiment: Experiment, requests: Requests) -> None:
    """Adds every cell that the store has of an experiment, since new weights may change them all.

    Raises:
        UnknownName: a cell belongs to a plug-in that is not loaded.
    """
    for section in known:
        if scores := store.scores(experiment, section.protocol):
            check(replace(section.protocol, metrics=tuple(score.metric for score in scores)))
            _add(requests, section.protocol, [(score.variance, score.metric) for score in scores])


def measured_by_other_code(store: Store, sections: Iterable[Section]) -> int:
    """Number of experiments in the sections that `refresh` would measure again."""
    return sum(
        stale(store.provenance(experiment), experiment)
        for experiment in {experiment: None for section in sections for experiment in section.experiments}
    )

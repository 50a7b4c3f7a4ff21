"""Everything a store holds as one tidy table: a row for each score."""

from typing import Any

import pandas as pd

from bench.core.dataset_names import full_name
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import recipe_name
from bench.store.store import Store

# In this order; docs/results.md says what each holds.
OF_TRAINING = ("denoiser", "options", "recipe", "dataset", "noise", "trained_on", "trained_low", "trained_high", "law")
OF_PROTOCOL = ("sections", "protocol", "test_dataset", "test_noise", "told")
OF_CELL = ("variance", "metric", "mean", "spread", "images")


def scores_frame(store: Store) -> pd.DataFrame:
    """A row for each test variance and metric of each experiment, under each protocol it was scored under."""
    asked: dict[tuple[Experiment, str], tuple[Protocol, list[str]]] = {}
    for section in store.sections():
        for experiment in section.experiments:
            _, names = asked.setdefault((experiment, section.protocol.digest), (section.protocol, []))
            names.append(section.name)
    rows = []
    for (experiment, digest), (protocol, names) in asked.items():
        about: dict[str, Any] = {"experiment": experiment.id, "seed": experiment.seed if experiment.recipe else None}
        about |= training_columns(experiment) | {"sections": " ".join(dict.fromkeys(names)), "protocol": digest}
        about |= {"test_dataset": full_name(protocol.dataset), "test_noise": protocol.noise, "told": protocol.told}
        scores = store.scores(experiment, protocol)
        rows += [about | {name: getattr(score, name) for name in OF_CELL} for score in scores]
    frame = pd.DataFrame(rows, columns=["experiment", *OF_TRAINING, "seed", *OF_PROTOCOL, *OF_CELL])
    frame["seed"] = frame["seed"].astype("Int64")
    first = {name: place for place, name in enumerate(dict.fromkeys(frame["test_dataset"]))}
    by = ["test_dataset", "test_noise", "denoiser", "trained_low", "trained_high", "law", *("experiment", "protocol")]
    return frame.sort_values(
        [*by, "metric", "variance"],
        key=lambda column: column.map(first) if column.name == "test_dataset" else column,
        ignore_index=True,
    )


def training_columns(experiment: Experiment) -> dict[str, Any]:
    """The values of `OF_TRAINING`; None for those that cannot move its numbers."""
    trained = experiment.variance
    options = " ".join(f"{name}={value}" for name, value in experiment.options)
    recipe = recipe_name(experiment.recipe) if experiment.recipe else None
    dataset = full_name(experiment.dataset) if experiment.dataset else None
    ends = (str(trained), trained.low, trained.high, trained.law) if trained else (None, None, None, None)
    values = experiment.denoiser, options, recipe, dataset, experiment.noise, *ends
    return dict(zip(OF_TRAINING, values, strict=True))

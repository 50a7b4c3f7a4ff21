"""Under which conditions a section of the report was measured, and what of it is missing."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from bench.ablations import by_seed
from bench.analysis.rows import Row
from bench.core.dataset_names import dataset_title, full_name
from bench.core.experiment import Experiment
from bench.core.recipes import RECIPES, Recipe, family_of, recipe_name, recipe_text
from bench.core.tasks import Section
from bench.report.render import render
from bench.report.tables.table import Table, lines_of, numbers, texts


def heading(section: Section) -> str:
    what = "Across variance" if section.name == "grid" else f"Ablation `{section.name}`"
    factor = section.protocol.told
    handed = "the estimate" if isinstance(factor, str) else f"{factor:g} × the variance"
    told = f", told {handed}" if factor != 1 else ""
    return f"{what}: {dataset_title(section.protocol.dataset)}, {section.protocol.noise} noise{told}"


def setup(sections: Sequence[Section], rows: Sequence[Row]) -> str:
    """Protocols, recipes, networks with their seeds, and the machine.

    Args:
        sections: one, or those that differ in the noise of their protocol alone.
        rows: of all of them.
    """
    protocol = sections[0].protocol
    learned: dict[Experiment, Row] = {}
    for row in rows:
        if row.learned and row.seeds:
            learned.setdefault(row.experiment, row)
    training = {row.experiment: row.seconds[0] for row in rows}  # of sections that share their trainings
    trained_on = {row.experiment.dataset for row in rows if row.experiment.dataset} - {protocol.dataset}
    return render(
        "setup",
        protocol=protocol,
        dataset=full_name(protocol.dataset),
        digests=[section.protocol.digest for section in sections],
        noises=list(dict.fromkeys(section.protocol.noise for section in sections)),
        trained_on=sorted(map(full_name, trained_on)),
        recipes=list(_recipes(learned, [base.recipe for base in sections[0].bases])),
        networks=_networks(learned.values()) if learned else None,
        trained_once=not by_seed(sections[0].name) and any(row.seeds == 1 for row in learned.values()),
        conditions=sorted(set().union(*(row.conditions for row in rows))),
        hours=(sum(training.values()) + sum(row.seconds[1] for row in rows)) / 3600,
    )


def _networks(rows: Iterable[Row]) -> Table:
    records = [(row.name, row.parameters, row.seeds) for row in rows]
    frame = pd.DataFrame.from_records(records, columns=["network", "parameters", "seeds"])
    of_network = frame.groupby("network", sort=False).agg(
        parameters=("parameters", "max"), ways=("seeds", "size"), least=("seeds", "min"), most=("seeds", "max")
    )
    seeds = [f"{n.least}" if n.least == n.most else f"{n.least} to {n.most}" for n in lines_of(of_network)]
    columns = [
        texts("network", of_network.index),
        texts("parameters", map("{:,}".format, of_network.parameters)),
        numbers("ways of training", of_network.ways, str),
        numbers("seeds of each", seeds, str),
    ]
    return Table.of("", columns)


def missing_of(rows: Iterable[Row]) -> dict[str, dict[str, list[str]]]:
    """What was asked for and is not there, by reason: subjects, and what they were trained on, if on anything."""
    missing: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.note:
            trainings = missing.setdefault(row.note, {}).setdefault(row.subject, [])
            trainings += [row.training] if row.experiment.variance else []
    return missing


def _recipes(experiments: Iterable[Experiment], bases: Sequence[Recipe | None]) -> Iterator[tuple[str, str, bool]]:
    """Name and text of each recipe, and whether others are changed from it: then it is the base, or the one named."""
    families: dict[str, dict[Recipe, None]] = {}
    for recipe in (experiment.recipe for experiment in experiments):
        if recipe:
            families.setdefault(family_of(recipe), {})[recipe] = None
    for family, recipes in families.items():
        several = len(recipes) > 1
        first = next((recipe for recipe in (bases if several else recipes) if recipe in recipes), RECIPES[family])
        yield recipe_name(first), recipe_text(first), several

"""Under which conditions a section of the report was measured, and what of it is missing."""

from collections.abc import Iterable, Iterator, Sequence

from bench.ablations import by_seed
from bench.analysis.rows import Row
from bench.core.experiment import Experiment
from bench.core.recipes import RECIPES, Recipe, recipe_name, recipe_text
from bench.core.tasks import Section
from bench.datasets import dataset_title
from bench.report.render import render
from bench.report.tables.table import Table

HEADER = ("network", "parameters", "ways of training", "seeds of each")
RIGHT = (False, False, True, True)


def heading(section: Section) -> str:
    what = "Across variance" if section.name == "grid" else f"Ablation `{section.name}`"
    return f"{what}: {dataset_title(section.protocol.dataset)}, {section.protocol.noise} noise"


def setup(sections: Sequence[Section], rows: Sequence[Row]) -> str:
    """Protocols, recipes, networks with their seeds, and the machine.

    Args:
        sections: one, or those that differ in the noise of their protocol alone.
        rows: of all of them.
    """
    protocol = sections[0].protocol
    networks: dict[str, dict[Experiment, Row]] = {}
    for row in rows:
        if row.learned and row.seeds:
            networks.setdefault(row.name, {}).setdefault(row.experiment, row)
    learned = [row for trainings in networks.values() for row in trainings.values()]
    lines = tuple(
        (
            name,
            f"{max(row.parameters for row in own.values()):,}",
            f"{len(own)}",
            _seeds([r.seeds for r in own.values()]),
        )
        for name, own in networks.items()
    )
    training = {row.experiment: row.seconds[0] for row in rows}  # of sections that share their trainings
    return render(
        "setup",
        protocol=protocol,
        digests=[section.protocol.digest for section in sections],
        noises=[section.protocol.noise for section in sections],
        trained_on=sorted({row.experiment.dataset for row in rows if row.experiment.dataset} - {protocol.dataset}),
        recipes=list(_recipes(learned, [base.recipe for base in sections[0].bases])),
        networks=Table("", HEADER, lines, right=RIGHT) if lines else None,
        trained_once=not by_seed(sections[0].name) and any(row.seeds == 1 for row in learned),
        conditions=sorted(set().union(*(row.conditions for row in rows))),
        hours=(sum(training.values()) + sum(row.seconds[1] for row in rows)) / 3600,
    )


def missing_of(rows: Iterable[Row]) -> dict[str, dict[str, list[str]]]:
    """What was asked for and is not there, by reason: subjects, and what they were trained on, if on anything."""
    missing: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.note:
            trainings = missing.setdefault(row.note, {}).setdefault(row.subject, [])
            trainings += [row.training] if row.experiment.variance else []
    return missing


def _recipes(rows: Iterable[Row], bases: Sequence[Recipe | None]) -> Iterator[tuple[str, str, bool]]:
    """Name and text of each recipe, and whether others are changed from it: then it is the base, or the one named."""
    families: dict[str, dict[str, str]] = {}
    for row in rows:
        families.setdefault(row.recipe.partition(",")[0], {})[row.recipe] = recipe_text(row.experiment.recipe)
    base_names = [recipe_name(base) for base in bases]
    for family, recipes in families.items():
        names = base_names if len(recipes) > 1 else [*recipes]
        name = next((name for name in names if name in recipes), family)
        yield name, recipes.get(name) or recipe_text(RECIPES[family]), len(recipes) > 1


def _seeds(counts: Sequence[int]) -> str:
    """How many trainings each row has: a number, or from least to most."""
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"

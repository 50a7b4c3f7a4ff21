"""One section of the report: what a reader needs of it, and what few will read."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from bench.ablations import ABLATIONS, by_seed
from bench.analysis.rows import Row, rows_of
from bench.calibration.published_numbers import curves_of
from bench.core.experiment import Experiment
from bench.core.recipes import RECIPES, Recipe, recipe_name, recipe_text
from bench.core.tasks import Section
from bench.core.variance import decibels as variance_decibels
from bench.core.variance import written
from bench.datasets import dataset_title
from bench.figures.choose import compares_ranges
from bench.figures.drawing import Drawing
from bench.report.sentences.ablations import law_losses, remarks
from bench.report.sentences.published import distances as published_distances
from bench.report.tables.ablations import glance_table, laws_table
from bench.report.tables.breakdown import breakdown_table
from bench.report.tables.published import beside
from bench.report.tables.regret import chosen_table, main_rows, ranking_table, regret_table
from bench.report.tables.scores import scores
from bench.report.tables.scores import scores as scores_scores
from bench.report.tables.table import Table
from bench.store.store import Store

SHOWN = ("noise", "regret", "psnr", "transfer-psnr")  # of the figures; all others but restored images are folded


def heading(section: Section) -> str:
    what = "Across variance" if section.name == "grid" else f"Ablation `{section.name}`"
    return f"{what}: {dataset_title(section.protocol.dataset)}, {section.protocol.noise} noise"


def main(
    store: Store, section: Section, rows: list[Row], findings: Sequence[str], pictures: Sequence[Drawing], folder: str
) -> Iterator[str]:
    """What was asked, what was found, and the tables and figures behind it."""
    protocol, figure = section.protocol, _figures(pictures, folder)
    yield f"## {heading(section)}\n"
    if section.name in ABLATIONS:
        yield ABLATIONS[section.name].about + "\n"
    yield from missing(rows)
    yield from setup([section], rows)
    yield from figure("noise")
    yield from remarks(store, section, rows)
    if findings:
        yield "### Findings\n\n" + "\n".join(f"- {sentence}" for sentence in findings) + "\n"
    general = compares_ranges(section, rows) and len(protocol.variances) > 1
    if general:
        yield from _tabled(regret_table(rows, protocol.variances), figure("regret"))
    scores = scores_scores(section, _short(section, rows), protocol.metrics[0], intervals=True, every=rows)
    yield from _tabled(scores, figure("psnr"))
    published = curves_of(section)
    yield from _tabled(beside(rows, protocol.variances, published))
    if distances := list(published_distances(rows, published)):
        yield "\n".join(f"- {sentence}" for sentence in distances) + "\n"
    if general:
        if transfer := list(figure("transfer-psnr")):
            yield from ("### Transfer\n", *transfer)
        yield from _tabled(breakdown_table(rows, protocol.variances))
        yield from _tabled(ranking_table(rows, protocol.variances))
    for picture in pictures:
        if picture.kind.startswith("restored"):
            yield from figure(picture.kind)


def folded(store: Store, section: Section, rows: list[Row], pictures: Sequence[Drawing], folder: str) -> Iterator[str]:
    """Every number and the other figures, for the appendix."""
    first, *further = section.protocol.metrics
    if len(_short(section, rows)) < len(rows):
        yield fold(scores(section, rows, first, intervals=True, marked=False), "every training")
    for metric in further:
        yield fold(scores(section, rows, metric, intervals=True))
    if pooled := _pooled(section, rows):
        yield fold(pooled)
    tuned = [(row, trials) for row in rows if row.experiment.tuned and (trials := store.trials(row.experiment))]
    if tuned:
        yield fold(chosen_table(tuned))
    figure = _figures(pictures, folder)
    for picture in pictures:
        if picture.kind not in SHOWN and not picture.kind.startswith("restored"):
            name, _, _ = picture.caption.partition(";")
            yield f"<details><summary>{name}</summary>\n\n{''.join(figure(picture.kind))}\n</details>\n"


def glance(ablations: Sequence[tuple[Section, list[Row]]]) -> Iterator[str]:
    """What every change of one factor does: one table for each dataset and noise."""
    for name in dict.fromkeys((section.protocol.dataset, section.protocol.noise) for section, _ in ablations):
        own = [each for each in ablations if (each[0].protocol.dataset, each[0].protocol.noise) == name]
        table = glance_table(own)
        if table.rows:
            dataset, noise = name
            heading = f"## Ablations at a glance: {dataset_title(dataset)}, {noise} noise"
            yield f"{heading}\n\n{table.title}:\n\n{table.markdown()}\n\n{table.note}.\n"


def laws(store: Store, asked: Sequence[Section]) -> Iterator[str]:
    """Ablations that are scored under every noise: one table for each dataset and test variance."""
    for name in dict.fromkeys(section.name for section in asked):
        if not (name in ABLATIONS and ABLATIONS[name].every_noise):
            continue
        mine = [section for section in asked if section.name == name]
        for dataset in dict.fromkeys(section.protocol.dataset for section in mine):
            own = [section for section in mine if section.protocol.dataset == dataset]
            found = {section.protocol.noise: rows_of(store, section) for section in own}
            yield f"## Ablation `{name}`: {dataset_title(dataset)}\n\n{ABLATIONS[name].about}\n"
            for noise, rows in sorted(found.items()):
                yield from (f"Tested with {noise} noise: {line}" for line in missing(rows))
            yield from setup(own, [row for rows in found.values() for row in rows])
            for variance in sorted({variance for section in own for variance in section.protocol.variances}):
                yield from law_losses(found, variance)
                yield from _tabled(laws_table(found, variance))


def _figures(pictures: Sequence[Drawing], folder: str) -> Callable[[str], Iterator[str]]:
    """Shows a figure of a section by its kind, if there is one."""
    shown = {picture.kind: picture for picture in pictures}

    def figure(kind: str) -> Iterator[str]:
        if picture := shown.get(kind):
            yield f"![{picture.caption}]({folder}/{picture.name}.png)\n\n*{picture.caption}*\n"

    return figure


def _short(section: Section, rows: list[Row]) -> list[Row]:
    """Rows of the main table: an ablation has few."""
    return main_rows(rows, section.protocol.variances) if section.name == "grid" else rows


def _tabled(table: Table, figures: Iterable[str] = ()) -> Iterator[str]:
    """A table under its title, with figures between; nothing where it has no rows."""
    if table.rows:
        yield f"### {table.title}\n"
        yield from figures
        yield f"{table.markdown()}\n" + (f"\n{table.note}.\n" if table.note else "")


def fold(table: Table, what: str = "") -> str:
    """A table to be opened by who wants it."""
    note = f"\n\n{table.note}." if table.note else ""
    summary = table.title + (f", {what}" if what else "")
    return f"<details><summary>{summary}</summary>\n\n{table.markdown()}{note}\n\n</details>\n"


def missing(rows: Iterable[Row]) -> Iterator[str]:
    """What was asked and is not there, by reason."""
    notes: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.note:
            notes.setdefault(row.note, {}).setdefault(row.subject, []).append(row.training)
    for note, names in notes.items():
        which = "; ".join(
            f"`{name}`" + ("" if ranges == ["–"] else f" trained on {', '.join(ranges)}")
            for name, ranges in names.items()
        )
        yield f"**Incomplete**, {note}: {which}.\n"


def setup(sections: Sequence[Section], rows: Sequence[Row]) -> Iterator[str]:
    """Under which conditions: protocols, recipes, networks with their seeds, and the machine.

    Args:
        sections: one, or those that differ in the noise of their protocol alone.
        rows: of all of them.
    """
    protocol, name = sections[0].protocol, sections[0].name
    several = len(sections) > 1
    digests = ", ".join(f"`{section.protocol.digest}`" for section in sections)
    noises = ", ".join(f"`{section.protocol.noise}`" for section in sections)
    datasets = sorted({row.experiment.dataset for row in rows if row.experiment.dataset} - {protocol.dataset})
    trained = f" Trained on {' and '.join(f'`{name}`' for name in datasets)}." if datasets else ""
    yield (
        f"### Setup\n\nProtocol{'s' if several else ''} {protocol.version} ({digests}): the first {protocol.images:,} "
        f"test images of `{protocol.dataset}`, noise {noises} (seed {protocol.seed}).{trained}\n"
    )
    networks: dict[str, dict[Experiment, Row]] = {}
    for row in rows:
        if row.learned and row.seeds:
            networks.setdefault(row.name, {}).setdefault(row.experiment, row)
    learned = [row for own in networks.values() for row in own.values()]
    yield from _recipes(learned, [base.recipe for base in sections[0].bases])
    if learned:
        lines = tuple(
            (name, f"{max(row.parameters for row in own.values()):,}", f"{len(own)}", _seeds(list(own.values())))
            for name, own in networks.items()
        )
        yield Table("", ("network", "parameters", "ways of training", "seeds of each"), lines).markdown() + "\n"
    if not by_seed(name) and any(row.seeds == 1 for row in learned):
        yield "Where a network was trained once, what another training would change is not known.\n"
    if conditions := set().union(*(row.conditions for row in rows)):
        once = {row.experiment: row.seconds[0] for row in rows}  # of sections that share their trainings
        hours = (sum(once.values()) + sum(row.seconds[1] for row in rows)) / 3600
        time = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"
        yield f"Measured on {'; '.join(sorted(conditions))}: {time} of one worker, training and scoring together.\n"


def _recipes(rows: Iterable[Row], bases: Sequence[Recipe | None]) -> Iterator[str]:
    """Each recipe in words; of several that differ from one with a name, the base, or that one."""
    families: dict[str, dict[str, str]] = {}
    for row in rows:
        families.setdefault(row.recipe.partition(",")[0], {})[row.recipe] = recipe_text(row.experiment.recipe)
    named = {recipe_name(base): base for base in bases}
    for family, found in families.items():
        base = next((name for name in named if name in found), family)
        text = found.get(base) or recipe_text(RECIPES[family])
        if len(found) == 1:
            ((base, text),) = found.items()
        others = "" if len(found) == 1 else "; others differ by what their names say"
        yield f"Recipe `{base}`: {text}{others}.\n"


def _seeds(rows: Sequence[Row]) -> str:
    """How many trainings each row has: a number, or from least to most."""
    least, most = min(row.seeds for row in rows), max(row.seeds for row in rows)
    return f"{least}" if least == most else f"{least} to {most}"


def _pooled(section: Section, rows: Sequence[Row]) -> Table | None:
    """PSNR of the mean MSE, where MSE was measured."""
    variances = [v for v in section.protocol.variances if any((v, "mse") in row.means for row in rows)]
    if not variances:
        return None

    def decibels(row: Row, variance: float) -> str:
        error = row.means.get((variance, "mse"))
        return "–" if error is None else f"{variance_decibels(error):.2f}"

    there = [row for row in rows if any((variance, "mse") in row.means for variance in variances)]
    lines = tuple((row.subject, row.training, *(decibels(row, v) for v in variances)) for row in there)
    header = ("denoiser", "trained on", *map(written, variances))
    return Table("Pooled PSNR: of the mean MSE (dB)", header, lines)

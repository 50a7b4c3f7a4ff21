"""Results as rows: a denoiser under one training, its seeds together."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any

import numpy as np

from architectures import DENOISERS, Denoiser
from bench.ablations import by_seed
from bench.analysis.intervals import Sample
from bench.core.conditions import Machine
from bench.core.dataset_names import dataset_title
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import Recipe, changed, recipe_name
from bench.core.results import Score
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.lookup.denoisers import untouched
from bench.store.store import Store

METRIC = "psnr"  # of regret, ranking and breakdown
EACH = "each test variance ‡"  # the training of specialists shown as one row

Cell = tuple[float, str]  # a test variance and a metric


@dataclass(frozen=True, eq=False)
class Row:
    """One denoiser under one training, its seeds averaged.

    Attributes:
        experiment: that of the smallest seed.
        experiments: those of all seeds.
        samples: block means of the finished seeds, by test variance and metric.
        means: the mean over images and seeds, by test variance and metric.
        conditions: under which its seeds were measured, in words.
        kin: the denoiser whose specialists it is compared with if it has none of its own.
        seconds: of training its seeds, and of scoring them under the protocol of the section.
        note: what is missing, such as "diverged in epoch 2"; empty if nothing is.
        options: to show, with defaults where other rows of the table have other values.
        subject: display name in its table: the denoiser, and the recipe fields in which rows differ.
        origin: of the training, behind its range: noise, dataset or seed where rows differ in them, " (seed 1)".
        specialists: whether it stands for several trainings, at each test variance the one for it.
    """

    experiment: Experiment
    experiments: tuple[Experiment, ...] = ()
    samples: Mapping[Cell, Sample] = field(default_factory=dict)
    means: Mapping[Cell, float] = field(default_factory=dict)
    parameters: int = 0
    blind: bool = True
    kin: str = ""
    seeds: int = 0
    conditions: frozenset[str] = frozenset()
    seconds: tuple[float, float] = (0.0, 0.0)
    note: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    origin: str = ""
    specialists: bool = False

    @property
    def learned(self) -> bool:
        return self.experiment.recipe is not None

    @property
    def filters(self) -> bool:
        """Whether it learned from no images but, where it is tuned, one number."""
        return self.experiment.recipe is None and (self.experiment.tuned or self.experiment.dataset is None)

    @property
    def fixed(self) -> float | None:
        """The single noise variance it was trained on; None for a range, and for what is not trained."""
        trained = self.experiment.variance
        return trained.low if trained is not None and trained.fixed else None

    @property
    def contract(self) -> type[Denoiser]:
        """What its class says; the defaults for a plug-in that is not loaded."""
        return DENOISERS.get(self.experiment.denoiser, Denoiser)

    @property
    def untouched(self) -> bool:
        """Whether it is the noisy image itself."""
        return untouched(self.experiment.denoiser)

    @property
    def floor(self) -> bool:
        """Whether others are compared with it; a filter with a grid is a floor where it is tuned."""
        tuned = self.experiment.tuned or self.contract.grid is None
        return self.contract.floor and not self.untouched and tuned

    @property
    def name(self) -> str:
        """The denoiser with its options; a dagger marks one that is told the variance."""
        shown = {**self.options, **dict(self.experiment.options)}
        shown.pop("channels", None)  # the dataset decides it, not who runs the study
        options = ", ".join(f"{name}={value}" for name, value in sorted(shown.items()))
        tuned = ", tuned" if self.experiment.tuned else ""
        return self.experiment.denoiser + (f"({options})" if options else "") + tuned + ("" if self.blind else " †")

    @property
    def training(self) -> str:
        trained = EACH if self.specialists else str(self.experiment.variance) if self.experiment.variance else "–"
        return trained + self.origin

    @property
    def with_training(self) -> str:
        """The subject with what it was trained or tuned on, if anything."""
        if not self.experiment.variance:
            return self.subject
        how = "tuned" if self.experiment.tuned else "trained"
        return f"{self.subject.replace(', tuned', '')}, {how} on {self.training}"

    def but(self, **changes: Any) -> "Row":
        """The same row with other values."""
        return replace(self, **changes)

    def psnr_at(self, variance: float) -> Sample | None:
        """Of PSNR at a test variance; None where it was not measured, or is not finite."""
        sample = self.samples.get((variance, METRIC))
        return sample if sample is not None and sample.finite else None

    @property
    def recipe(self) -> str:
        return recipe_name(self.experiment.recipe)


def rows_of(store: Store, section: Section) -> list[Row]:
    """The rows of a section: untrained denoisers first, then by number of parameters."""
    groups: dict[Experiment, list[Experiment]] = {}
    single = by_seed(section.name)  # each seed is then a row, and no sample of trainings
    for experiment in sorted(section.experiments, key=lambda experiment: experiment.seed):
        groups.setdefault(experiment if single else experiment.but(seed=0), []).append(experiment)
    rows = named(section, [_row(store, section.protocol, seeds, single) for seeds in groups.values()])
    size: dict[str, int] = {}  # a row that was not measured does not know its own
    for row in rows:
        size[row.name] = max(row.parameters, size.get(row.name, 0))

    def order(row: Row) -> tuple[Any, ...]:
        variance = row.experiment.variance or Range(0, 0)
        plain = not row.untouched, row.experiment.tuned or not row.floor
        which = row.name, row.recipe, row.experiment.noise or "", not variance.fixed, variance, row.experiment.seed
        return row.learned, size[row.name], *plain, *which

    return sorted(rows, key=order)


def named(section: Section, rows: Sequence[Row]) -> list[Row]:
    """The rows with what they are called in one table: whatever differs between them is shown."""
    varied = {(row.experiment.denoiser, name) for row in rows for name, _ in row.experiment.options}
    noises = {row.experiment.noise for row in rows if row.learned}
    datasets = {row.experiment.dataset for row in rows} - {None}
    renamed = []
    for row in rows:
        experiment, origin = row.experiment, ""
        defaults = signature(DENOISERS[experiment.denoiser]).parameters if experiment.denoiser in DENOISERS else {}
        options = {name: defaults[name].default for owner, name in varied if owner == experiment.denoiser and defaults}
        if row.learned and noises != {section.protocol.noise}:
            origin += f" ({experiment.noise})"
        if len(datasets) > 1 and experiment.dataset:
            origin += f" ({dataset_title(experiment.dataset)})"
        if row.learned and by_seed(section.name):
            origin = f" (seed {experiment.seed})"
        renamed.append(row.but(options=options, origin=origin))
    recipes = {row.experiment.recipe for row in rows} - {None}
    bases = {base.recipe for base in section.bases}
    base = next(iter(bases)) if len(bases) == 1 else None
    return [row.but(subject=_subject(row, recipes, base)) for row in renamed]


def _subject(row: Row, recipes: Set[Recipe | None], base: Recipe | None) -> str:
    """The name, and where recipes differ the fields that differ from the base of an ablation, or the recipe."""
    recipe = row.experiment.recipe
    if recipe is None or len(recipes) < 2:
        return row.name
    fields: Iterable[str] = ()
    if base:
        varied = {name for other in recipes if other for name in changed(other, base)}
        fields = varied if len(varied) == 1 else changed(recipe, base)  # a single factor is shown of the base too
    return ", ".join([row.name, *([f"{name}={getattr(recipe, name)}" for name in fields] or [row.recipe])])


def _row(store: Store, protocol: Protocol, seeds: Sequence[Experiment], single: bool) -> Row:
    """The row of some seeds, ascending, without a name yet."""
    scores = {experiment: store.scores(experiment, protocol) for experiment in seeds}
    cells: dict[Cell, dict[int, Score]] = {}
    for experiment, measured in scores.items():
        for score in measured:
            cells.setdefault((score.variance, score.metric), {})[experiment.seed] = score
    trained = seeds[0].recipe is not None and not single
    provenances = [provenance for experiment in seeds if (provenance := store.provenance(experiment))]
    machines = {machine for provenance in provenances for machine in (provenance.machine, *provenance.elsewhere)}
    took = [provenance.seconds for provenance in provenances]
    latest = provenances[-1] if provenances else None
    return Row(
        seeds[0],
        tuple(seeds),
        {cell: _sample(of_seeds, trained) for cell, of_seeds in cells.items()},
        {cell: float(np.mean([score.mean for score in of_seeds.values()])) for cell, of_seeds in cells.items()},
        parameters=latest.parameters if latest else 0,
        blind=latest.blind if latest else DENOISERS.get(seeds[0].denoiser, Denoiser).blind,
        kin=latest.kin if latest else "",
        seeds=sum(map(bool, scores.values())),
        conditions=frozenset(map(_conditions, machines)),
        seconds=(sum(s.training or 0.0 for s in took), sum(s.scored(protocol.digest) for s in took)),
        note=_note(store, protocol, scores),
    )


def _sample(scores: Mapping[int, Score], trained: bool) -> Sample:
    return Sample(np.array([score.blocks for score in scores.values()]), tuple(scores) if trained else ())


def _note(store: Store, protocol: Protocol, scores: Mapping[Experiment, Sequence[Score]]) -> str:
    """What is missing of some seeds, in words."""
    # Of the first metric: what one command asked of all seeds, another may not have asked of any other metric.
    asked = {(variance, protocol.metrics[0]) for variance in protocol.variances}
    cells = [{(score.variance, score.metric) for score in measured} & asked for measured in scores.values()]
    notes = ["measured in part" for measured in cells if measured and measured != set().union(*cells)]
    for experiment in (experiment for experiment, measured in scores.items() if not measured):
        epoch = store.diverged(experiment)
        notes.append(f"diverged in epoch {epoch}" if epoch else "not measured")
    counts = sorted(Counter(notes).items())
    return "; ".join(note if n == len(scores) else f"{n} of {len(scores)} seeds {note}" for note, n in counts)


def _conditions(machine: Machine) -> str:
    threads = "1 thread" if machine.threads == 1 else f"{machine.threads} threads"
    return f"{machine.device}, {threads} each, torch {machine.torch}, Python {machine.python}"

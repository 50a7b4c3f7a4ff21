"""Results as rows: a denoiser under one training, its seeds together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np

from architectures import DENOISERS, Denoiser
from bench.ablations import by_seed
from bench.analysis.intervals import Sample
from bench.core.conditions import Machine
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import changed, recipe_name
from bench.core.results import Score
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.datasets import dataset_title
from bench.lookup.denoisers import untouched
from bench.store.store import Store

METRIC = "psnr"  # which all of this is about


EACH = "each test variance ‡"  # what a row of specialists was trained on


@dataclass
class Row:
    """One denoiser under one training, its seeds averaged.

    Attributes:
        experiment: that of its least seed.
        experiments: all of them.
        options: as the name shows them, with defaults where other rows have other values.
        samples: by test variance and metric, block means of the seeds that finished.
        means: likewise, the mean over images and seeds.
        conditions: under which its seeds were measured, in words.
        kin: the denoiser whose specialists it is measured against where it has none of its own.
        seconds: what training its seeds took, and scoring them under the protocol of the section.
        note: what is missing, such as "diverged in epoch 2"; empty if nothing is.
        label: what it was trained on, where it is not what the experiment says.
        subject: what it is called among others: its name, and where recipes differ, in what from the base of an
            ablation, or the recipe.
    """

    experiment: Experiment
    experiments: tuple[Experiment, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    parameters: int = 0
    blind: bool = True
    kin: str = ""
    seeds: int = 0
    samples: dict[tuple[float, str], Sample] = field(default_factory=dict)
    means: dict[tuple[float, str], float] = field(default_factory=dict)
    conditions: set[str] = field(default_factory=set)
    seconds: tuple[float, float] = (0.0, 0.0)
    note: str = ""
    subject: str = ""
    label: str = ""

    @property
    def learned(self) -> bool:
        return self.experiment.recipe is not None

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
        found = self.options | dict(self.experiment.options)
        found.pop("channels", None)  # which the dataset decides, not who runs the study
        options = ", ".join(f"{name}={value}" for name, value in sorted(found.items()))
        tuned = ", tuned" if self.experiment.tuned else ""
        return self.experiment.denoiser + (f"({options})" if options else "") + tuned + ("" if self.blind else " †")

    @property
    def training(self) -> str:
        return self.label or (str(self.experiment.variance) if self.experiment.variance else "–")

    def was_trained_at(self, variance: float) -> bool:
        """Whether it met that variance in training: elsewhere, trainings differ by much more."""
        trained = self.experiment.variance
        return EACH in self.label or (trained is not None and variance in trained)

    @property
    def recipe(self) -> str:
        return recipe_name(self.experiment.recipe)


def rows_of(store: Store, section: Section) -> list[Row]:
    """The rows of a section: untrained denoisers first, then by number of parameters."""
    groups: dict[Experiment, list[Experiment]] = {}
    single = by_seed(section.name)  # each is then a row of its own, and no sample of trainings
    for experiment in section.experiments:
        groups.setdefault(experiment if single else experiment.but(seed=0), []).append(experiment)
    found = [_row(store, section.protocol, seeds, single) for seeds in groups.values()]
    _label(section, found)
    size: dict[str, int] = {}  # a row that was not measured does not know its own
    for row in found:
        size[row.name] = max(row.parameters, size.get(row.name, 0))

    def order(row: Row) -> tuple[Any, ...]:
        variance = row.experiment.variance or Range(0, 0)
        plain = not row.untouched, row.experiment.tuned or not row.floor
        which = row.name, row.recipe, row.experiment.noise or "", not variance.fixed, variance, row.experiment.seed
        return row.learned, size[row.name], *plain, *which

    _distinguish(section, found)
    return sorted(found, key=order)


def _distinguish(section: Section, rows: Sequence[Row]) -> None:
    """Calls rows by their recipes where these differ: by what each has else than the base of an ablation."""
    recipes = {recipe for row in rows if (recipe := row.experiment.recipe)}
    bases = {base.recipe for base in section.bases}
    base = next(iter(bases)) if len(bases) == 1 else None
    varied = {name for recipe in recipes for name in changed(recipe, base)} if base else set()
    for row in rows:
        row.subject = row.name
        if (recipe := row.experiment.recipe) and len(recipes) > 1:
            which = varied if len(varied) == 1 else changed(recipe, base) if base else ()  # one factor: of the base too
            row.subject = ", ".join([row.name, *([f"{f}={getattr(recipe, f)}" for f in which] or [row.recipe])])


def _label(section: Section, rows: Sequence[Row]) -> None:
    """Has rows say in what they differ: options that some leave at their default, what trained them, the seed."""
    varied = {(row.experiment.denoiser, name) for row in rows for name, _ in row.experiment.options}
    noises = {row.experiment.noise for row in rows if row.learned}
    datasets = {row.experiment.dataset for row in rows} - {None}
    for row in rows:
        for denoiser, option in varied:
            if denoiser == row.experiment.denoiser and denoiser in DENOISERS:
                row.options[option] = signature(DENOISERS[denoiser]).parameters[option].default
        if row.learned and noises != {section.protocol.noise}:
            row.label = f"{row.experiment.variance} ({row.experiment.noise})"
        if len(datasets) > 1 and row.experiment.dataset:
            row.label = f"{row.training} ({dataset_title(row.experiment.dataset)})"
        if row.learned and by_seed(section.name):
            row.label = f"{row.experiment.variance} (seed {row.experiment.seed})"


def _row(store: Store, protocol: Protocol, seeds: Sequence[Experiment], single: bool) -> Row:
    seeds = sorted(seeds, key=lambda experiment: experiment.seed)
    row = Row(seeds[0], tuple(seeds))
    row.blind = row.contract.blind
    found: dict[tuple[float, str], list[tuple[int, Score]]] = {}
    notes = []
    cells: dict[int, set[tuple[float, str]]] = {}
    for experiment in seeds:
        if known := store.provenance(experiment):
            row.conditions |= {_conditions(machine) for machine in (known.machine, *known.elsewhere)}
            row.parameters, row.blind, row.kin = known.parameters, known.blind, known.kin or row.kin
            training, scoring = row.seconds
            row.seconds = training + (known.seconds.training or 0.0), scoring + known.seconds.scored(protocol.digest)
        scores = store.scores(experiment, protocol)
        epoch = None if scores else store.diverged(experiment)
        row.seeds += bool(scores)
        # Of the first metric: what one command asked of all seeds, another may not have asked of any other metric.
        first = {(variance, protocol.metrics[0]) for variance in protocol.variances}
        cells[experiment.seed] = {(score.variance, score.metric) for score in scores} & first
        for score in scores:
            found.setdefault((score.variance, score.metric), []).append((experiment.seed, score))
        if not scores:
            notes.append(f"diverged in epoch {epoch}" if epoch else "not measured")
    some = set().union(*cells.values())
    notes += ["measured in part" for there in cells.values() if there and there != some]
    for cell, each_seed in found.items():
        row.means[cell] = float(np.mean([score.mean for _, score in each_seed]))
        numbers = tuple(seed for seed, _ in each_seed) if row.learned and not single else ()
        row.samples[cell] = Sample(np.array([score.blocks for _, score in each_seed]), numbers)
    kinds = {note: notes.count(note) for note in sorted(notes)}
    row.note = "; ".join(note if n == len(seeds) else f"{n} of {len(seeds)} seeds {note}" for note, n in kinds.items())
    return row


def _conditions(machine: Machine) -> str:
    threads = "1 thread" if machine.threads == 1 else f"{machine.threads} threads"
    return f"{machine.device}, {threads} each, torch {machine.torch}, Python {machine.python}"


def is_for(row: Row, variance: float) -> bool:
    """Whether it was trained at exactly that variance."""
    trained = row.experiment.variance
    return trained is not None and trained.fixed and trained.low == variance

"""Sections of the report: what a reader needs of each, and what few will read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.ablations import ABLATIONS, by_seed
from bench.analysis.ablation_findings import noise_mismatches, seed_deviations, target_slips
from bench.analysis.facts import Finding, TargetSlip
from bench.analysis.findings import findings, headlines
from bench.analysis.rows import METRIC, Row, rows_of
from bench.analysis.scores import main_rows
from bench.analysis.tutorial_losses import is_printed
from bench.calibration.distances import distances
from bench.calibration.published_numbers import curves_of
from bench.core.tasks import Section
from bench.datasets import dataset_title
from bench.figures.choose import compares_ranges, drawings_of
from bench.figures.drawing import Drawing
from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.setup import heading, missing_of, setup
from bench.report.tables.ablations import glance_table, noise_table
from bench.report.tables.breakdown import breakdown_table
from bench.report.tables.published import beside
from bench.report.tables.regret import ranking_table, regret_table
from bench.report.tables.scores import pooled_table, scores, tuned_table
from bench.report.tables.table import Table
from bench.report.tables.tutorial import losses_beside
from bench.store.store import Store


@dataclass(frozen=True)
class Part:
    """A section with its rows and figures, and what they say."""

    section: Section
    rows: list[Row]
    drawings: list[Drawing]

    @property
    def is_grid(self) -> bool:
        return self.section.name == "grid"

    @property
    def heading(self) -> str:
        return heading(self.section)

    @cached_property
    def findings(self) -> list[Finding]:
        return findings(self.rows, self.section.protocol.variances)

    @cached_property
    def own_findings(self) -> list[Finding]:
        """What the slip of the tutorial costs, and how seeds differ, where its rows tell."""
        deviations = seed_deviations(self.rows) if by_seed(self.section.name) else ()
        return [*target_slips(self.rows), *deviations]

    @property
    def headlines(self) -> list[Finding]:
        """What the report says of it in short."""
        slips = (finding for finding in self.own_findings if isinstance(finding, TargetSlip))
        return list(headlines(self.findings) if self.is_grid else slips)

    @property
    def short(self) -> list[Row]:
        """Rows of the main table: an ablation has few."""
        return main_rows(self.rows, self.section.protocol.variances) if self.is_grid else self.rows

    def drawing(self, kind: str, of: str = "") -> Drawing | None:
        return next((drawing for drawing in self.drawings if (drawing.kind, drawing.of) == (kind, of)), None)


def parts_of(store: Store, sections: Sequence[Section]) -> list[Part]:
    names = Counter(map(_name, sections))
    rows = [rows_of(store, section) for section in sections]
    return [
        Part(section, own, list(drawings_of(store, section, own, name if names[name] == 1 else section.key)))
        for section, own in zip(sections, rows, strict=True)
        for name in [_name(section)]
    ]


def _name(section: Section) -> str:
    return f"{section.name}-{dataset_title(section.protocol.dataset)}"


def chapter(store: Store, part: Part, folder: str) -> Chapter:
    """What was asked, what was found, and the tables and figures behind it."""
    section, rows, variances = part.section, part.rows, part.section.protocol.variances
    general = compares_ranges(section, rows) and len(variances) > 1
    published = curves_of(section)
    tutorial = [row for row in rows if is_printed(row.experiment)]
    text = render(
        "section",
        folder=folder,
        part=part,
        about=ABLATIONS[section.name].about if section.name in ABLATIONS else "",
        missing=missing_of(rows),
        setup=setup([section], rows),
        losses=[losses for row in tutorial if (losses := losses_beside(store, row))],
        scores=scores(section, part.short, section.protocol.metrics[0], intervals=True, every=rows),
        published=beside(rows, variances, published),
        distances=list(distances(rows, published)),
        general=general,
        regret=regret_table(rows, variances) if general else None,
        breakdown=breakdown_table(rows, variances) if general else None,
        ranking=ranking_table(rows, variances) if general else None,
    )
    tables, drawings = list(_folded_tables(store, part)), list(filter(_is_folded, part.drawings))
    appendix = render("appendix", heading=part.heading, tables=tables, drawings=drawings, folder=folder)
    return Chapter(
        part.heading,
        text,
        "" if part.is_grid else f"`{section.name}`",
        dataset_title(section.protocol.dataset),
        part.headlines,
        appendix if tables or drawings else "",
        part.drawings,
    )


def _folded_tables(store: Store, part: Part) -> Iterator[tuple[str, Table]]:
    """Tables of the appendix under what they are called there."""
    section, rows = part.section, part.rows
    first, *further = section.protocol.metrics
    if len(part.short) < len(rows):
        every = scores(section, rows, first, intervals=True, marked=False)
        yield f"{every.title}, every training", every
    tuned = [(row, trials) for row in rows if row.experiment.tuned and (trials := store.trials(row.experiment))]
    for table in (
        *(scores(section, rows, metric, intervals=True) for metric in further),
        pooled_table(rows, section.protocol.variances),
        tuned_table(tuned),
    ):
        if table.rows:
            yield table.title, table


def _is_folded(drawing: Drawing) -> bool:
    return drawing.kind in ("tuned", "loss") or (drawing.kind == "transfer" and drawing.of != METRIC)


def glance(ablations: Sequence[Part]) -> Iterator[Chapter]:
    """What every change of one factor does: one table for each dataset and noise."""
    for name in dict.fromkeys((part.section.protocol.dataset, part.section.protocol.noise) for part in ablations):
        own = [part for part in ablations if (part.section.protocol.dataset, part.section.protocol.noise) == name]
        table = glance_table([(part.section, part.rows) for part in own])
        if table.rows:
            title = f"Ablations at a glance: {dataset_title(name[0])}, {name[1]} noise"
            yield Chapter(title, render("ablations_at_a_glance", table=table))


def by_noise(store: Store, asked: Sequence[Section]) -> Iterator[Chapter]:
    """Ablations that are scored under every noise: a chapter for each dataset, a table for each test variance."""
    for name, dataset in dict.fromkeys((section.name, section.protocol.dataset) for section in asked):
        own = [section for section in asked if (section.name, section.protocol.dataset) == (name, dataset)]
        rows = {section.protocol.noise: rows_of(store, section) for section in own}
        text = render(
            "ablation_by_noise",
            about=ABLATIONS[name].about,
            missing_by_noise={noise: missing_of(rows[noise]) for noise in sorted(rows)},
            setup=setup(own, [row for scored in rows.values() for row in scored]),
            tables=[
                (list(noise_mismatches(rows, variance)), noise_table(rows, variance))
                for variance in sorted({variance for section in own for variance in section.protocol.variances})
            ],
        )
        yield Chapter(f"Ablation `{name}`: {dataset_title(dataset)}", text, f"`{name}`")

"""Sections of the report, one chapter each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from bench.ablations import ABLATIONS, by_seed
from bench.analysis.effects import told_frame
from bench.analysis.findings.ablations import noise_mismatches, seed_deviations, target_slips, wrong_variances
from bench.analysis.findings.carried import carried
from bench.analysis.findings.facts import Finding, HowFar
from bench.analysis.findings.grids import findings
from bench.analysis.rows import Row
from bench.analysis.scores import main_rows
from bench.analysis.tutorial_losses import is_printed
from bench.calibration.distances import distances
from bench.calibration.published_numbers import curves_of
from bench.core.dataset_names import dataset_title, parse
from bench.core.experiment import RECORDED
from bench.core.tasks import Section
from bench.figures.choose import compares_ranges, drawings_of
from bench.figures.drawing import Drawing, later
from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.setup import heading, missing_of, setup
from bench.report.tables.ablations import glance_table, noise_table, told_table
from bench.report.tables.breakdown import breakdown_table
from bench.report.tables.published import beside
from bench.report.tables.regret import ranking_table, regret_table
from bench.report.tables.scores import scores
from bench.report.tables.table import lines_of
from bench.report.tables.tutorial import losses_beside
from bench.store.store import Store

FIGURES = "../figures"  # as a topic page sees them


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
    def ablation_findings(self) -> list[Finding]:
        """What the slip of the tutorial costs, and how seeds differ, where its rows tell."""
        deviations = seed_deviations(self.rows) if by_seed(self.section.name) else ()
        return [*target_slips(self.rows), *deviations]

    @cached_property
    def short(self) -> list[Row]:
        """Rows of the main table: an ablation has few."""
        return main_rows(self.rows, self.section.protocol.variances) if self.is_grid else self.rows

    def drawing(self, kind: str, of: str = "") -> Drawing | None:
        return next((drawing for drawing in self.drawings if (drawing.kind, drawing.of) == (kind, of)), None)


def parts_of(store: Store, scored: Sequence[tuple[Section, list[Row]]]) -> list[Part]:
    names = [f"{section.name}-{dataset_title(section.protocol.dataset)}" for section, _ in scored]
    return [
        Part(section, rows, list(drawings_of(store, section, rows, name if names.count(name) == 1 else section.key)))
        for (section, rows), name in zip(scored, names, strict=True)
    ]


def chapter(store: Store, part: Part, grids: Sequence[tuple[Section, Sequence[Row]]] = ()) -> Chapter:
    """What was asked, what was found, and the tables and figures behind it.

    Args:
        grids: of Gaussian noise, which a ranking under recorded noise is compared with.
    """
    section, rows, variances = part.section, part.rows, part.section.protocol.variances
    general = compares_ranges(section, rows) and len(variances) > 1
    published = curves_of(section)
    tutorial = [row for row in rows if is_printed(row.experiment)]
    missing = missing_of(rows)
    breakdown = breakdown_table(rows, variances) if general and part.is_grid else None
    text = render(
        "section",
        folder=FIGURES,
        part=part,
        about=ABLATIONS[section.name].about if section.name in ABLATIONS else "",
        carried=list(carried(section, rows, grids)) if section.protocol.noise == RECORDED else [],
        missing=missing,
        setup=setup([section], rows),
        losses=[losses for row in tutorial if (losses := losses_beside(store, row))],
        scores=scores(section, part.short, section.protocol.metrics[0], intervals=True),
        published=beside(rows, variances, published),
        distances=list(distances(rows, published)),
        regret=regret_table(rows, variances) if general else None,
        breakdown=breakdown,
        findings=[finding for finding in part.findings if not (breakdown and isinstance(finding, HowFar))],  # it tells
        ranking=ranking_table(rows, variances) if general and part.is_grid else None,
    )
    return Chapter(part.heading, text, page_of(section), part.drawings, incomplete=bool(missing))


def page_of(section: Section) -> str:
    """The topic page of a section; an ablation that is not loaded is one of training."""
    if section.protocol.noise == RECORDED:
        return "noise"
    if section.name != "grid":
        return ABLATIONS[section.name].page if section.name in ABLATIONS else "training"
    kind = parse(section.protocol.dataset).kind
    return (
        "digits"
        if kind.startswith("mnist")
        else "photographs"
        if kind in ("folder", "photos", "folder_colour", "folder_pairs")
        else "images"
    )


def glance(effects: Mapping[tuple[str, str], pd.DataFrame], page: str) -> Iterator[Chapter]:
    """What every change of one factor does: one table for each dataset and noise."""
    for (dataset, noise), frame in effects.items():
        if len(frame):
            text = render("ablations_at_a_glance", table=glance_table(frame))
            yield Chapter(f"At a glance: {dataset_title(dataset)}, {noise} noise", text, page)


def by_noise(scored: Sequence[tuple[Section, list[Row]]]) -> Iterator[Chapter]:
    """Ablations that are scored under every noise: a chapter for each dataset, a table for each test variance."""
    groups: dict[tuple[str, str], dict[Section, list[Row]]] = {}
    for section, rows in scored:
        groups.setdefault((section.name, section.protocol.dataset), {})[section] = rows
    for (name, dataset), group in groups.items():
        rows_by_noise = {section.protocol.noise: rows for section, rows in group.items()}
        text = render(
            "ablation_by_noise",
            about=ABLATIONS[name].about,
            missing_by_noise={noise: missing_of(rows_by_noise[noise]) for noise in sorted(rows_by_noise)},
            setup=setup(list(group), [row for rows in group.values() for row in rows]),
            tables=[
                (list(noise_mismatches(rows_by_noise, variance)), noise_table(rows_by_noise, variance))
                for variance in sorted({variance for section in group for variance in section.protocol.variances})
            ],
        )
        incomplete = any(missing_of(rows) for rows in rows_by_noise.values())
        yield Chapter(f"Ablation `{name}`: {dataset_title(dataset)}", text, "noise", incomplete=incomplete)


def by_told(scored: Sequence[tuple[Section, list[Row]]]) -> Iterator[Chapter]:
    """Ablations of what a denoiser is told: a chapter for each dataset and noise of the test."""
    groups: dict[tuple[str, str, str], dict[Section, list[Row]]] = {}
    for section, rows in scored:
        groups.setdefault((section.name, section.protocol.dataset, section.protocol.noise), {})[section] = rows
    for (name, dataset, noise), group in groups.items():
        rows_by_factor = {section.protocol.told: rows for section, rows in group.items()}
        frame = told_frame(rows_by_factor)
        every = [row for rows in group.values() for row in rows]
        lines: dict[str, list[tuple[float, float, float]]] = {}
        for line in lines_of(frame[frame.factor.map(lambda factor: not isinstance(factor, str))]):
            lines.setdefault(line.denoiser, []).append((line.factor, line.mean, line.half_width))
        caption = "PSNR that is lost where a wrong variance is told"
        more = ", on average over the test variances, with 95 % intervals."
        key = f"{name}-{dataset_title(dataset)}-{noise}"
        drawing = Drawing("losses", "", caption, (lines,), later("told.losses", lines), more, key) if lines else None
        text = render(
            "ablation_by_told",
            folder=FIGURES,
            drawing=drawing,
            about=ABLATIONS[name].about,
            missing=missing_of(every),
            setup=setup(list(group), every),
            findings=list(wrong_variances(frame)),
            table=told_table(frame),
        )
        title = f"Ablation `{name}`: {dataset_title(dataset)}, {noise} noise"
        yield Chapter(
            title, text, ABLATIONS[name].page, [drawing] if drawing else [], incomplete=bool(missing_of(every))
        )

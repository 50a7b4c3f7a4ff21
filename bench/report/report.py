"""The report: a page of answers and topic pages behind it, a pure function of the store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.ablations import ABLATIONS
from bench.analysis.costs import latencies, seconds_for
from bench.analysis.findings.answers import answers, grids_of, trained_once
from bench.analysis.findings.choices import Choice, decisions
from bench.analysis.findings.exercises import exercises
from bench.analysis.rows import Row
from bench.analysis.scored import Scored
from bench.core.dataset_names import dataset_title
from bench.core.experiment import RECORDED
from bench.core.tasks import Section
from bench.figures.choose import front_drawings
from bench.figures.drawing import Drawing
from bench.report import sections
from bench.report.chapter import PAGES, Chapter, MakeChapter
from bench.report.chapters.variants import variants_chapter
from bench.report.render import render
from bench.report.reproduce import reproduce
from bench.report.tables.decisions import decision_table
from bench.store.store import Store


@dataclass(frozen=True)
class Report:
    """Its pages in Markdown by the path of their file, the first page first, and its figures."""

    pages: Mapping[str, str]
    drawings: Sequence[Drawing]

    @property
    def text(self) -> str:
        """All pages in a row."""
        return "\n".join(self.pages.values())


def build(store: Store, base: str = "", makers: Iterable[MakeChapter] = (), scored: Scored | None = None) -> Report:
    """Equal results give equal bytes.

    Args:
        base: the folder of the study as the first page sees it, such as "results/full/"; empty beside it.
        makers: of chapters about what is no section of experiments, in their order.
        scored: the rows of the store, where these were read before.
    """
    scored = scored or Scored(store)
    asked = [section for section, _ in scored.sections]
    chapters = list(_chapters(store, scored, makers))
    pages = {name: page for name in PAGES if (page := [chapter for chapter in chapters if chapter.page == name])}
    grids = grids_of(scored.others)
    front = list(front_drawings(store, grids, [drawing for chapter in chapters for drawing in chapter.drawings]))
    first = render(
        "report",
        answers=answers(scored.others),
        once=trained_once(scored.others),
        exercises=exercises(scored.others),
        decisions=[decision_table(*grid) for grid in _decided(store, grids)],
        figures=front,
        folder=f"{base}figures",
        base=base,
        pages={name: PAGES[name] for name in pages},
        limits=render("limits", mnist=any(section.protocol.dataset == "mnist" for section in asked)) if asked else "",
        reproduce=reproduce(store, asked, [chapter.action for chapter in chapters if chapter.action]),
        missing=[chapter.heading for chapter in chapters if chapter.incomplete],
    )
    up = "../" * (base.count("/") + 1)
    texts = {"REPORT.md": f"{first}\n"}
    for name, of_page in pages.items():
        title, contents = PAGES[name], len(of_page) > 1
        text = render("page", title=title, chapters=of_page, first=f"{up}REPORT.md", contents=contents)
        texts[f"pages/{name}.md"] = f"{text}\n"
    drawings = {drawing.name: drawing for drawing in [*front, *(d for chapter in chapters for d in chapter.drawings)]}
    shown = "".join(texts.values())
    return Report(texts, [drawing for name, drawing in drawings.items() if f"/{name}.png" in shown])


def _chapters(store: Store, scored: Scored, makers: Iterable[MakeChapter]) -> Iterable[Chapter]:
    parts = sections.parts_of(store, scored.others)
    for part in parts:
        if part.is_grid:
            yield sections.chapter(store, part, grids_of(scored.others))
    for name in PAGES:
        chosen = [one for one, ablation in ABLATIONS.items() if ablation.page == name]
        effects = {tested: frame[frame.ablation.isin(chosen)] for tested, frame in scored.effects.items()}
        yield from sections.glance(effects, name)
    yield from variants_chapter(scored.others, sections.FIGURES)
    for part in parts:
        if not part.is_grid:
            yield sections.chapter(store, part)
    yield from sections.by_noise(scored.by_noise)
    yield from sections.by_told(scored.by_told)
    grids = [part.rows for part in parts if part.is_grid]
    yield from filter(None, (make(store, sections.FIGURES, grids[0] if grids else []) for make in makers))
    if scored.sections:
        recorded = any(section.protocol.noise == RECORDED for section, _ in scored.others)
        yield Chapter("Conventions", render("conventions", recorded=recorded), page="trust")
        yield Chapter("Statistics", render("statistics"), page="trust")


def _decided(store: Store, grids: Sequence[tuple[Section, list[Row]]]) -> Iterable[tuple[str, list[Choice]]]:
    """The best to take in each situation, by test images; those of which nothing was trained are left out."""
    seconds = seconds_for(latencies(store), 1e6)
    for section, rows in grids:
        if choices := decisions(rows, section.protocol.variances, seconds):
            yield dataset_title(section.protocol.dataset), choices

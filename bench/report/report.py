"""The report: a pure function of the store, so that equal results give equal bytes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bench.analysis.scored import Scored
from bench.figures.drawing import Drawing
from bench.report import sections
from bench.report.chapter import Chapter, MakeChapter
from bench.report.render import render
from bench.report.reproduce import reproduce
from bench.store.store import Store

MANY = 8  # chapters, from which on a report has a list of them


def build(
    store: Store, folder: str, makers: Iterable[MakeChapter] = (), scored: Scored | None = None
) -> tuple[str, list[Drawing]]:
    """The whole report in Markdown, and its figures.

    Args:
        folder: where the report finds the figures, relative to itself.
        makers: of chapters about what is no section of experiments, in their order.
        scored: the rows of the store, where these were read before.
    """
    scored = scored or Scored(store)
    asked = [section for section, _ in scored.sections]
    parts = sections.parts_of(store, scored.others)
    grids, ablations = ([part for part in parts if part.is_grid is grid] for grid in (True, False))
    measured = [
        *(sections.chapter(store, part, folder) for part in grids),
        *sections.glance(scored.effects),
        *(sections.chapter(store, part, folder) for part in ablations),
        *sections.by_noise(scored.by_noise),
        *filter(None, (make(store, folder, grids[0].rows if grids else []) for make in makers)),
    ]
    appendix = "\n\n".join(chapter.appendix for chapter in measured if chapter.appendix)
    limits = render("limits", mnist=any(section.protocol.dataset == "mnist" for section in asked))
    chapters = [
        Chapter("Conventions", render("conventions")),
        *measured,
        *([Chapter("Limits", limits)] if asked else []),
        Chapter("How to reproduce", reproduce(store, asked, [c.action for c in measured if c.action])),
        *([Chapter("Appendix", appendix)] if appendix else []),
    ]
    short = [(chapter.about, finding) for chapter in measured for finding in chapter.short]
    contents = list(_contents(chapters)) if len(chapters) >= MANY else []
    text = render("report", short=short, contents=contents, chapters=chapters)
    return f"{text}\n", [drawing for chapter in measured for drawing in chapter.drawings]


def _contents(chapters: Sequence[Chapter]) -> Iterator[tuple[str, str]]:
    """What each chapter is called, and the anchor that GitHub gives to its heading."""
    seen: Counter[str] = Counter()
    for chapter in chapters:
        anchor = re.sub(r"[^\w\- ]", "", chapter.heading.lower()).replace(" ", "-")
        yield chapter.label or chapter.heading, f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor
        seen[anchor] += 1

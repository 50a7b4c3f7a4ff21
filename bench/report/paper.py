"""What a paper needs of a study, as files: CSV and LaTeX tables, figures as PDF, sources, commands and versions."""

import io
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING

from bench.analysis.scored import Scored
from bench.figures.choose import compares_ranges
from bench.report.frames import csv_files
from bench.report.report import build
from bench.report.reproduce import commands_of
from bench.report.sections import Part, parts_of
from bench.report.tables.breakdown import breakdown_table
from bench.report.tables.regret import ranking_table, regret_table
from bench.report.tables.scores import scores
from bench.report.tables.table import Table
from bench.store.store import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEX = {
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{
        "σ": r"$\sigma$",
        "±": r"$\pm$",
        "−": "$-$",
        "–": "--",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "≥": r"$\geq$",
        "≤": r"$\leq$",
    },
    **{"†": r"\dag{}", "‡": r"\ddag{}", "…": r"\dots{}", "⁻": "$^-$"},
    **{character: f"$^{number}$" for number, character in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}


def paper_files(store: Store) -> Iterator[tuple[str, bytes]]:
    """Names and contents, one after the other; equal results give equal bytes."""
    scored = Scored(store)
    for name, text in csv_files(store, scored).items():
        yield name, text.encode()
    for part in parts_of(store, scored.others):
        for kind, table in _tables(part):
            if table.rows:
                name = re.sub(r"[^\w.-]+", "-", f"{part.heading}-{kind}".lower().replace("`", ""))
                yield f"tables/{name}.tex", latex(table, f"{part.heading}. {table.title}", f"tab:{name}").encode()
    for drawing in build(store, scored=scored).drawings:
        yield f"figures/{drawing.name}.pdf", pdf(drawing.draw())
    yield "references.bib", sources(scored).encode()
    asked = [section for section, _ in scored.sections]
    yield "commands.txt", "".join(f"{command}\n" for command in commands_of(store, asked)).encode()
    conditions = sorted({condition for _, rows in scored.sections for row in rows for condition in row.conditions})
    yield "conditions.txt", "".join(f"{condition}\n" for condition in conditions).encode()


def _tables(part: Part) -> Iterator[tuple[str, Table]]:
    variances = part.section.protocol.variances
    for metric in part.section.protocol.metrics:
        yield metric, scores(part.section, part.rows, metric, intervals=True)
    if part.is_grid and compares_ranges(part.section, part.rows) and len(variances) > 1:
        yield "regret", regret_table(part.rows, variances)
        yield "ranking", ranking_table(part.rows, variances)
        yield "breakdown", breakdown_table(part.rows, variances)


def latex(table: Table, caption: str, label: str) -> str:
    """A table for LaTeX with the package booktabs."""
    columns = "".join("r" if right else "l" for right in table.numeric)
    header, *rows = (" & ".join(map(tex, line)) + r" \\" for line in (table.header, *table.rows))
    note = [rf"\par\smallskip\footnotesize {tex(table.note)}."] if table.note else []
    lines = [r"\begin{table}", r"\centering", rf"\caption{{{tex(caption)}}}", rf"\label{{{label}}}"]
    lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", header, r"\midrule", *rows, r"\bottomrule"]
    return "\n".join([*lines, r"\end{tabular}", *note, r"\end{table}", ""])


def tex(text: str) -> str:
    """A text of a table in LaTeX."""
    parts = text.replace("`", "").split("**")  # every second one is bold
    escaped = ["".join(TEX.get(character, character) for character in part) for part in parts]
    return "".join(rf"\textbf{{{part}}}" if number % 2 else part for number, part in enumerate(escaped))


def pdf(figure: "Figure") -> bytes:
    """A figure as PDF, without the time at which it was made."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="pdf", bbox_inches="tight", metadata={"CreationDate": None})
    return buffer.getvalue()


def sources(scored: Scored) -> str:
    """BibTeX entries of what a study uses: of its denoisers and ablations, and of what belongs to every study."""
    text = files("bench.report").joinpath("references.bib").read_text(encoding="utf-8")
    used = {row.experiment.denoiser for _, rows in scored.sections for row in rows}
    used |= {section.name for section, _ in scored.sections}
    entries = re.split(r"(?=^@)", text, flags=re.MULTILINE)
    return "".join(entry for entry in entries if not (named := _named(entry)) or named & used)


def _named(entry: str) -> set[str]:
    """The denoisers and ablations that an entry is the source of."""
    keywords = re.search(r"keywords = {([^}]*)}", entry)
    return set(keywords[1].replace(",", " ").split()) if keywords else set()

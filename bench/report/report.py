"""The report: a pure function of the store, so that equal results give equal bytes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from architectures import DENOISERS
from bench.ablations import ABLATIONS
from bench.analysis.rows import Row, rows_of
from bench.core.tasks import Section
from bench.datasets import dataset_title
from bench.figures.choose import drawings_of
from bench.figures.drawing import Drawing
from bench.report import sections
from bench.report.chapter import MakeChapter
from bench.report.fixed_text import CONVENTIONS, DIGITS, LIMITS, QUESTION, REPRODUCE
from bench.report.sentences.ablations import slips
from bench.report.sentences.findings import findings, headlines
from bench.running.profiles import PROFILES
from bench.store.store import Store

MANY = 8  # sections, from which on a report has a list of them


def build(store: Store, folder: str, chapters: Iterable[MakeChapter] = ()) -> tuple[str, list[Drawing]]:
    """The whole report in Markdown, and its figures.

    Args:
        folder: where the report finds the figures, relative to itself.
        chapters: of the kinds of measurement that are no sections of experiments, in their order.
    """
    asked = store.sections()
    short: list[str] = []
    parts: list[str] = []
    appendix: list[str] = []
    drawings: list[Drawing] = []
    names = Counter(_name(section) for section in asked)
    grid: list[Row] = []  # the first there is
    ablations: list[tuple[Section, list[Row]]] = []
    single: list[str] = []
    plain = [each for each in asked if not (each.name in ABLATIONS and ABLATIONS[each.name].every_noise)]
    read = [(section, rows_of(store, section)) for section in plain]
    for section, rows in read:
        grid = grid or (rows if section.name == "grid" else [])
        pictures = list(
            drawings_of(store, section, rows, _name(section) if names[_name(section)] == 1 else section.key)
        )
        found = findings(rows, section.protocol.variances)
        if section.name == "grid":
            short += [f"- {dataset_title(section.protocol.dataset)}: {sentence}" for sentence in headlines(found)]
        else:
            ablations.append((section, rows))
            short += [f"- {dataset_title(section.protocol.dataset)}: {sentence}" for sentence in slips(rows)]
        own = parts if section.name == "grid" else single
        own += sections.main(store, section, rows, [each.text for each in found], pictures, folder)
        if more := list(sections.folded(store, section, rows, pictures, folder)):
            appendix += [f"### {sections.heading(section)}\n", *more]
        drawings += pictures
    parts += [*sections.glance(ablations), *single, *sections.laws(store, asked)]
    more_chapters = [chapter(store, folder, grid) for chapter in chapters]
    for chapter in more_chapters:
        parts += chapter.text
        drawings += chapter.drawings
    if asked:
        parts.append(LIMITS + (DIGITS if any(s.protocol.dataset == "mnist" for s in asked) else ""))
    parts.append(_reproduce(store, asked, [chapter.action for chapter in more_chapters if chapter.action]))
    appendix += [part for chapter in more_chapters for part in chapter.appendix]
    first = [QUESTION, *(["## In short\n", "\n".join(short) + "\n"] if short else [])]
    rest = [CONVENTIONS, *parts, *(["## Appendix\n", *appendix] if appendix else [])]
    return "\n".join([*first, *_contents(rest), *rest]), drawings


def _contents(parts: Sequence[str]) -> Iterator[str]:
    """A line of links to the sections of a long report, by the anchors that GitHub gives to headings."""
    headings = re.findall(r"^## (.+)$", "\n".join(parts), re.MULTILINE)
    if len(headings) < MANY:
        return
    seen: Counter[str] = Counter()
    links = []
    for heading in headings:
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        label = re.sub(r"^Ablation (`\w+`): .*", r"\1", heading)  # which stands behind the ablations at a glance
        links.append(f"[{label}](#{anchor}" + (f"-{seen[anchor]})" if seen[anchor] else ")"))
        seen[anchor] += 1
    yield f"Contents: {' · '.join(links)}\n"


def _name(section: Section) -> str:
    return f"{section.name}-{dataset_title(section.protocol.dataset)}"


def _reproduce(store: Store, asked: Sequence[Section], actions: Sequence[str]) -> str:
    commands = [command for section in asked for command in section.commands]
    commands += [f"python run_all.py {action} --profile {store.root.name}" for action in actions]
    lines = "\n".join(_shortest(commands, PROFILES[store.root.name].seeds if store.root.name in PROFILES else 1))
    needs = " ".join(f"{need}." for need in _needs(asked))
    return f"## How to reproduce\n\n```\n{lines}\n```\n\n{needs + chr(10) * 2 if needs else ''}{REPRODUCE}"


def _shortest(commands: Iterable[str], seeds: int) -> Iterator[str]:
    """Commands without those that others cover: the same with more seeds, or with all ablations."""
    most: dict[str, tuple[int, str]] = {}
    for command in commands:
        found = re.search(r" --seeds (\d+)", command)
        alike = command.replace(found[0], "") if found else command
        most[alike] = max(most.get(alike, (0, "")), (int(found[1]) if found else seeds, command))
    for alike, (count, command) in most.items():
        every = re.sub(r"--ablate \w+", "--ablate all", alike)
        if every == alike or most.get(every, (0, ""))[0] < count:
            yield command


def _needs(asked: Sequence[Section]) -> Iterator[str]:
    """What is not there after an installation: packages of single denoisers, and folders of images."""
    experiments = {experiment for section in asked for experiment in section.experiments}
    for name in sorted({experiment.denoiser for experiment in experiments} & set(DENOISERS)):
        if package := DENOISERS[name].requires:
            yield f"`{name}` needs `pip install {package}`"
    named = {section.protocol.dataset for section in asked} | {experiment.dataset or "" for experiment in experiments}
    if folders := sorted(name for name in named if ":" in name):
        listed = ", ".join(f"`{name}`" for name in folders)
        yield f"The images of {listed} are not part of the project; behind @ is the digest of their pixels"

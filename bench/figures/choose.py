"""Which figures a section of the report has, and what each shows."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.analysis.findings.answers import leading, own_regrets
from bench.analysis.rows import METRIC, Row
from bench.calibration.published_numbers import curves_of
from bench.core.dataset_names import dataset_title
from bench.core.experiment import Protocol
from bench.core.results import Array
from bench.core.tasks import Section
from bench.core.variance import Range, decibels, written
from bench.figures.drawing import Drawing, later
from bench.store.store import Store

PANEL, PANELS = 40, 24  # rows in a panel and panels in a figure beyond which nobody reads it


def drawings_of(store: Store, section: Section, rows: list[Row], name: str) -> Iterator[Drawing]:
    """All figures of a section, whose files begin with `name`.

    A section of more rows than anyone reads in a figure has none of its tables drawn, and an ablation of
    anything but the training noise at most its curves.
    """
    for drawing in _drawings(store, section, rows):
        yield replace(drawing, section=name)


def _drawings(store: Store, section: Section, rows: list[Row]) -> Iterator[Drawing]:
    variances = section.protocol.variances
    yield from _noise(store, section.protocol, rows)
    subjects = Counter(row.subject if row.experiment.variance else "" for row in rows)
    trainings = {row.experiment.variance for row in rows if row.learned}
    if max(subjects.values(), default=0) > PANEL or max(len(subjects), len(trainings)) > PANELS:
        return
    if compares_ranges(section, rows):
        yield from _regret(rows, variances)
    if section.name == "grid" or len(trainings) > 1:  # with one training range, the table of an ablation says it all
        yield from _curves(section, rows)
    if section.name != "grid":
        yield from _factor(section, rows)
    if section.name == "grid":
        images = {row: store.examples(row.experiment, section.protocol) for row in rows}
        yield from _restored([variance for variance in variances if variance > 0], images)


def _factor(section: Section, rows: Sequence[Row]) -> Iterator[Drawing]:
    """Of an ablation of one number: PSNR against it, for four test variances at most."""
    factor = one_number(rows)
    if factor is None:
        return
    name, values = factor
    texts = {row: "all" if name == "train_images" and not value else f"{value:,g}" for row, value in values.items()}
    ordered = dict.fromkeys(texts[row] for row in sorted(values, key=lambda row: (texts[row] == "all", values[row])))
    tested = section.protocol.variances
    chosen = sorted({tested[round(place)] for place in np.linspace(0, len(tested) - 1, 4)})
    panels: dict[str, dict[tuple[str, float], dict[str, tuple[float, float]]]] = {}
    for base in (row for row in rows if row.experiment.but(seed=0) in section.bases):
        panel = base.experiment.denoiser
        for row in values:
            if row.learned and row.experiment.denoiser != panel:
                continue
            for variance in chosen:
                cells = row.samples.get((variance, METRIC)), base.samples.get((variance, METRIC))
                if cells[0] and cells[1] and (gain := cells[0].minus(cells[1])):
                    line = panels.setdefault(panel, {}).setdefault((row.experiment.denoiser, variance), {})
                    line[texts[row]] = (gain.mean, 0.0 if row is base else gain.half_width)
    if panels:
        title = f"PSNR against {name.replace('_', ' ')}, minus that of the base. A line for each test variance"
        places = list(ordered)
        in_order = {
            panel: {
                key: dict(sorted(line.items(), key=lambda item: places.index(item[0]))) for key, line in lines.items()
            }
            for panel, lines in panels.items()
        }
        inputs = (in_order, name.replace("_", " "), places)
        yield Drawing("factor", "", title, inputs, later("factors.against", *inputs))


def one_number(rows: Sequence[Row]) -> tuple[str, dict[Row, float]] | None:
    """The one number in which the networks of an ablation differ, and its value in each row that has it."""
    known = {row: {**(vars(row.experiment.recipe) if row.experiment.recipe else {}), **row.options} for row in rows}
    known = {row: values | dict(row.experiment.options) for row, values in known.items()}
    networks = [values for row, values in known.items() if row.learned]
    names = {name for values in networks for name in values if len({str(other.get(name)) for other in networks}) > 1}
    names -= {"repeat"}
    if len(names) != 1 or len({row.experiment.variance for row in rows if row.learned}) > 1:
        return None
    (name,) = names
    numbers = {row: values.get(name) for row, values in known.items()}
    kept = {row: float(value) for row, value in numbers.items() if isinstance(value, int | float)}
    whole = len(kept) > 2 and not any(isinstance(value, bool) for value in numbers.values())
    return (name, kept) if whole else None


def front_drawings(
    store: Store, grids: Sequence[tuple[Section, list[Row]]], others: Sequence[Drawing]
) -> list[Drawing]:
    """At most six for the first page: of the first grid, one of photographs, and of cost."""
    if not grids:
        return []
    section, rows = grids[0]
    name = f"grid-{dataset_title(section.protocol.dataset)}"
    of_grid = {drawing.kind: drawing for drawing in others if drawing.section == name}
    elsewhere = [d for d in others if d.kind == "restored" and d.section.startswith("grid") and d.section != name]
    chosen = [
        of_grid.get("noise"),
        *_digit(store, section, rows, name),
        *_map(rows, section.protocol.variances, name),
        of_grid.get("psnr"),
        next(iter(elsewhere), None),
        next((drawing for drawing in others if drawing.kind == "quality"), None),
    ]
    return [drawing for drawing in chosen if drawing]


def _digit(store: Store, section: Section, rows: Sequence[Row], name: str) -> Iterator[Drawing]:
    """One test image at every variance, by the network of the tutorial or the smallest: one variance, and the range."""
    subject = next(iter(leading(rows, section.protocol.variances)), None)
    fixed, ranges = _trainings([row for row in rows if row.subject == subject])
    usual = min(fixed, key=lambda training: abs(math.log10(training.low) + 2), default=None)
    wide = max(ranges, key=lambda training: training.high - training.low, default=None)
    variances = [variance for variance in section.protocol.variances if variance > 0]
    shown: dict[str, Array] = {}
    clean = None
    for row in rows:
        images = store.examples(row.experiment, section.protocol)
        if (
            variances
            and all(str(v) in images for v in variances)
            and (row.untouched or (row.subject == subject and row.experiment.variance in (usual, wide)))
        ):
            heading = "noisy" if row.untouched else f"trained on\n{row.training.replace(' ', chr(10))}"
            shown[heading], clean = np.stack([images[str(v)][0] for v in variances]), images["clean"][0]
    if len(shown) > 1 and clean is not None:
        title = (
            f"One test image at every test variance: as it comes, and as `{subject}` restores it. PSNR of this image."
        )
        inputs = "digit", {heading: images.tobytes() for heading, images in shown.items()}, tuple(variances)
        yield Drawing("digit", "", title, inputs, later("curves.digit", shown, clean, variances), section=name)


def _map(rows: Sequence[Row], variances: Sequence[float], name: str) -> Iterator[Drawing]:
    """Regret of the one network that has most cells, the first of several: no blank if it has all specialists."""
    own = own_regrets(rows, variances)
    cells = {row.subject: 0 for row in own}
    for row, of_row in own.items():
        cells[row.subject] += len(of_row)
    subject = max(cells, key=lambda one: cells[one], default=None)
    chosen = [row for row in own if row.subject == subject and own[row]]
    if subject is None or len(chosen) < 2:
        return
    matrix = [[own[row][v].sample.mean if v in own[row] else math.nan for v in variances] for row in chosen]
    title = (
        f"Regret of `{subject}`: dB lost at a test variance (column) against the same network trained at exactly that "
        "variance. Rows are trainings; a frame marks the training range."
    )
    inputs = "map", tuple(variances), matrix, _data(chosen)
    yield Drawing("map", "", title, inputs, later("heatmaps.regret", chosen, variances, matrix), section=name)


def compares_ranges(section: Section, rows: Sequence[Row]) -> bool:
    """Whether it is about the noise of training: an ablation is that was done on more ranges than two."""
    trainings = {row.experiment.variance for row in rows} - {None}
    return len(trainings) > (1 if section.name == "grid" else 2)


def _noise(store: Store, protocol: Protocol, rows: Sequence[Row]) -> Iterator[Drawing]:
    """One image as all denoisers met it."""
    noisy = next((row for row in rows if row.untouched), None)
    images = store.examples(noisy.experiment, protocol) if noisy else {}
    if variances := [v for v in protocol.variances if str(v) in images]:
        shown = np.stack([images[str(v)][0] for v in variances])
        title = "The same image under noise of rising variance. It is clipped for display."
        draw = later("curves.strip", shown, images["clean"][0], variances)
        yield Drawing("noise", "", title, ("strip", shown.tobytes(), variances), draw)


def _regret(rows: list[Row], variances: Sequence[float]) -> Iterator[Drawing]:
    """What networks lose against their specialists, where there are any."""
    own = own_regrets(rows, variances)
    lost = {row: of_row for row, of_row in own.items() if any(not regret.own for regret in of_row.values())}
    if not lost:
        return
    matrix = [[of_row[v].sample.mean if v in of_row else math.nan for v in variances] for of_row in lost.values()]
    title = (
        "Regret: dB lost at a test variance against the same network trained at exactly that one; cells inside the "
        "training range are framed. An empty cell has no such specialist."
    )
    draw = later("heatmaps.regret", list(lost), variances, matrix)
    yield Drawing("regret", "", title, ("regret", variances, matrix, _data(list(lost))), draw)


def _curves(section: Section, rows: list[Row]) -> Iterator[Drawing]:
    """PSNR against test variance: networks for up to two fixed trainings and all ranges, and the best filters."""
    if not any(variance > 0 and metric == METRIC for row in rows for variance, metric in row.means):
        return
    variances = section.protocol.variances
    if len(variances) < 2:  # a point is no line
        return
    fixed, ranges = _trainings(rows)
    near = [min(fixed, key=lambda training: abs(math.log10(training.low) - aim)) for aim in (-2, -1)] if fixed else []
    trainings = [*ranges, *near] if fixed else {row.experiment.variance for row in rows if row.learned}
    plain = [row for row in rows if row.experiment.variance is None]
    best = _best(plain, variances)
    chosen = [row for row in rows if row.learned and row.experiment.variance in trainings]
    chosen += [row for row in plain if row in best or row.floor]
    trained = {row.experiment.variance for row in chosen} - {None}
    published = [curve for curve in curves_of(section) if curve.trained in trained]
    title = (
        "A network is good near its training noise, which is shaded, and a range widens that. Each panel is one "
        "training. Lines show the gain in PSNR over the noisy input. Grey: clipping, and filters that are the best "
        "filter at some variance." + (" Black: what others published." if published else "")
    )
    draw = later("curves.psnr", chosen, variances, published)
    yield Drawing("psnr", "", title, ("psnr", variances, _data(chosen), published), draw)


def _restored(variances: Sequence[float], images: dict[Row, dict[str, Array]]) -> Iterator[Drawing]:
    """Restored images for two trainings: the fixed variance nearest to 0.01, and the widest range."""
    fixed, ranges = _trainings(images)
    trainings = [min(fixed, key=lambda training: abs(math.log10(training.low) + 2))] if fixed else []
    trainings += [max(ranges, key=lambda training: training.high - training.low)] if ranges else []
    for training in trainings if variances else ():
        three = _to_look_at(training, variances)
        rows = [row for row in images if all(str(v) in images[row] for v in three)]
        rows = [row for row in rows if row.experiment.variance in (None, training)]
        filters = _best([row for row in rows if not row.learned], three)
        columns, psnrs, clean = {}, {}, np.empty(0)
        for row in rows:
            if row.learned or row in filters or (row.floor and not row.experiment.tuned):
                columns[row.subject] = np.stack([images[row][str(v)][0] for v in three])
                clean = np.stack([images[row]["clean"][0]] * len(three))
                errors = ((columns[row.subject] - clean.astype(float)) / 255) ** 2
                psnrs[row.subject] = [decibels(error.mean()) for error in errors]
        if len(columns) > 1:  # one beside nothing shows nothing
            columns["clean"] = clean
            title = (
                f"Networks trained on {training} at test noise {', '.join(map(written, three))}. Beside them each "
                "filter that is the best filter in one of the rows. PSNR of what is shown."
            )
            inputs = ("restored", {name: shown.tobytes() for name, shown in columns.items()}, three)
            yield Drawing("restored", f"{training}", title, inputs, later("curves.restored", columns, three, psnrs))


def _trainings(rows: Iterable[Row]) -> tuple[list[Range], list[Range]]:
    """What networks were trained on: single variances above zero, and ranges."""
    trained = dict.fromkeys(row.experiment.variance for row in rows if row.learned and row.experiment.variance)
    return [one for one in trained if one.fixed and one.low > 0], [one for one in trained if not one.fixed]


def _best(rows: Sequence[Row], variances: Sequence[float]) -> set[Row]:
    """The rows that are best in PSNR at one of the variances; the input itself is never."""
    cells = [(row, variance) for row in rows if not row.untouched for variance, metric in row.means if metric == METRIC]
    tested = {variance: [row for row, at in cells if at == variance] for variance in variances}
    return {max(at, key=lambda row: row.means[variance, METRIC]) for variance, at in tested.items() if at}


def _data(rows: list[Row]) -> tuple[Any, ...]:
    return tuple((row.subject, row.training, row.note, tuple(sorted(row.means.items()))) for row in rows)


def _to_look_at(training: Range, variances: Sequence[float]) -> list[float]:
    """Three test variances: one that was trained on, the largest, and one between."""
    inside = [variance for variance in variances if variance in training] or variances[:1]
    middle = inside[len(inside) // 2]
    between = [variance for variance in variances if middle < variance < variances[-1]]
    aim = math.sqrt(middle * variances[-1])
    near = [min(between, key=lambda variance: abs(math.log(variance / aim)))] if between else []
    return sorted({middle, *near, variances[-1]})

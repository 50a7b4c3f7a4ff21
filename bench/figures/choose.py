"""Which figures a section of the report has, and what each shows."""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.analysis.regret import regrets
from bench.analysis.rows import METRIC, Row
from bench.calibration.published_numbers import curves_of
from bench.core.experiment import Protocol
from bench.core.results import Array
from bench.core.tasks import Section
from bench.core.variance import Range, decibels, written
from bench.figures.drawing import Drawing, later
from bench.metrics import metric_title
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
        yield from _transfer(section.protocol, rows)
        yield from _regret(rows, variances)
    if section.name == "grid" or len(trainings) > 1:  # with one training range, the table of an ablation says it all
        yield from _curves(section, rows)
    if section.name == "grid":
        images = {row: store.examples(row.experiment, section.protocol) for row in rows}
        yield from _restored([variance for variance in variances if variance > 0], images)
        yield from _losses(store, rows)


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
        title = "One test image under noise of increasing variance (clipped for display)."
        draw = later("curves.strip", shown, images["clean"][0], variances)
        yield Drawing("noise", "", title, ("strip", shown.tobytes(), variances), draw)


def _transfer(protocol: Protocol, rows: Sequence[Row]) -> Iterator[Drawing]:
    """Every metric of networks by what was trained on and tested at, and PSNR, which says it all, of tuned filters."""
    metrics = {metric: None for row in rows for _, metric in row.means if metric in protocol.metrics}
    kinds = {kind: [row for row in rows if row.experiment.tuned == (kind == "tuned")] for kind in ("transfer", "tuned")}
    for (kind, chosen), metric in itertools.product(kinds.items(), metrics):
        several = len({row.experiment.variance for row in chosen} - {None}) > 1
        if several and (kind == "transfer" or metric == METRIC):
            filters = "Tuned filters, " if kind == "tuned" else ""
            title = f"{filters}{metric_title(metric)}: training range × test variance"
            draw = later("heatmaps.transfer", chosen, protocol.variances, metric)
            inputs = kind, metric, protocol.variances, _data(chosen)
            yield Drawing(kind, metric, title, inputs, draw, "; cells inside the training range are framed.")


def _regret(rows: list[Row], variances: Sequence[float]) -> Iterator[Drawing]:
    """What networks lose against their specialists, where there are any."""
    lost = {
        row: {regret.variance: regret for regret in of_row if regret.exact or not regret.own}
        for row, of_row in zip(rows, regrets(rows, variances), strict=True)
        if row.learned and not all(regret.own for regret in of_row)
    }
    if not lost:
        return
    matrix = [[of_row[v].sample.mean if v in of_row else math.nan for v in variances] for of_row in lost.values()]
    stars = [["*" if v in of_row and not of_row[v].exact else "" for v in variances] for of_row in lost.values()]
    title = (
        "Regret: dB lost at a test variance against the same network (or the one it is made from) trained at exactly "
        "that one; cells inside the training range are framed."
    )
    if any(map(any, stars)):
        title += " * where there is none, the best training of that network."
    draw = later("heatmaps.regret", list(lost), variances, matrix, stars)
    yield Drawing("regret", "", title, ("regret", variances, matrix, stars, _data(list(lost))), draw)


def _curves(section: Section, rows: list[Row]) -> Iterator[Drawing]:
    """PSNR against test variance: networks for up to two fixed trainings and all ranges, and the best filters."""
    if not any(variance > 0 and metric == METRIC for row in rows for variance, metric in row.means):
        return
    variances = section.protocol.variances
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
        "Gain in PSNR over the noisy input against test noise; where a panel has one training range, that is "
        "shaded. Of what is not trained, `clip` and any that is best of its kind at some test variance; it is cut "
        "off below what all networks reach." + (" Black and dash-dotted: what others published." if published else "")
    )
    draw = later("curves.psnr", chosen, variances, published)
    yield Drawing("psnr", "", title, ("psnr", variances, _data(chosen), published), draw)


def _losses(store: Store, rows: Sequence[Row]) -> Iterator[Drawing]:
    """How training went."""
    histories: dict[str, dict[str, Any]] = {}
    kinds: dict[str, str] = {}
    for row in rows:
        if row.experiment.recipe and (history := store.history(row.experiment)):
            histories.setdefault(row.subject, {})[row.training] = history
            kinds[row.subject] = row.experiment.recipe.loss
    if histories:
        title = "Loss while training (line) and over the validation images after each epoch (dot)"
        draw, inputs = later("curves.losses", histories, kinds), ("loss", histories, kinds)
        yield Drawing("loss", "", title, inputs, draw, "; in dB it is minus the PSNR.")


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
                f"One test image, or its middle, at variances {', '.join(map(written, three))}, as networks trained on "
                f"{training} restore it, and those of all others that are best at one of these variances; PSNR of what "
                "is shown."
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

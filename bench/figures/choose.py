"""Which figures a section of the report has, and what each shows."""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from bench.analysis.regret import regrets
from bench.analysis.rows import METRIC, Row
from bench.calibration.published_numbers import curves_of
from bench.core.experiment import Protocol
from bench.core.tasks import Section
from bench.core.variance import Range, decibels, written
from bench.figures import curves, heatmaps
from bench.figures.drawing import Drawing
from bench.metrics import metric_title
from bench.store.store import Store

PANEL, PANELS = 40, 24  # rows in a panel and panels in a figure beyond which nobody reads it


def drawings_of(store: Store, section: Section, rows: list[Row], name: str) -> Iterator[Drawing]:
    """All figures of a section.

    A section of more rows than anyone reads in a figure has none of its tables drawn, and an ablation of
    anything but the training noise at most its curves.
    """
    yield from _noise(store, section.protocol, rows, name)
    subjects = Counter(row.subject if row.experiment.variance else "" for row in rows)
    ranges = {row.experiment.variance for row in rows if row.learned}
    if max(subjects.values(), default=0) > PANEL or max(len(subjects), len(ranges)) > PANELS:
        return
    if compares_ranges(section, rows):
        yield from _transfer(section.protocol, rows, name)
        yield from _regret(rows, section.protocol.variances, name)
    if section.name == "grid" or len(ranges) > 1:  # with one training range, the table of an ablation says it all
        yield from _curves(section, rows, name)
    if section.name == "grid":
        yield from _restored(
            section, rows, {id(row): store.examples(row.experiment, section.protocol) for row in rows}, name
        )
        yield from _losses(store, rows, name)


def compares_ranges(section: Section, rows: Sequence[Row]) -> bool:
    """Whether it is about the noise of training: an ablation is that was done on more ranges than two."""
    ranges = {row.experiment.variance for row in rows} - {None}
    return len(ranges) > (1 if section.name == "grid" else 2)


def _noise(store: Store, protocol: Protocol, rows: Sequence[Row], name: str) -> Iterator[Drawing]:
    """One image as all denoisers met it."""
    noisy = next((row for row in rows if row.untouched), None)
    seen = store.examples(noisy.experiment, protocol) if noisy else {}
    if there := [v for v in protocol.variances if str(v) in seen]:
        images = np.stack([seen[str(v)][0] for v in there])
        yield Drawing(
            name,
            "noise",
            "",
            "One test image under noise of increasing variance (clipped for display).",
            ("strip", images.tobytes(), there),
            partial(curves.strip, images, seen["clean"][0], there),
        )


def _transfer(protocol: Protocol, rows: Sequence[Row], name: str) -> Iterator[Drawing]:
    """Every metric of networks by what was trained on and tested at, and PSNR, which says it all, of tuned filters."""
    metrics = {metric: None for row in rows for _, metric in row.means if metric in protocol.metrics}
    kinds = {"transfer": [row for row in rows if not row.experiment.tuned]}
    kinds["tuned"] = [row for row in rows if row.experiment.tuned]
    for kind, metric in itertools.product(kinds, metrics):
        chosen = kinds[kind]
        if kind == "tuned" and metric != METRIC:
            continue
        if len({row.experiment.variance for row in chosen if row.experiment.variance}) > 1:
            yield Drawing(
                name,
                kind,
                metric,
                f"{'Tuned filters, ' if kind == 'tuned' else ''}{metric_title(metric)}: training range × test variance",
                (kind, metric, protocol.variances, _data(chosen)),
                partial(heatmaps.transfer, chosen, protocol.variances, metric),
                "; cells inside the training range are framed.",
            )


def _curves(section: Section, rows: list[Row], name: str) -> Iterator[Drawing]:
    """PSNR against test variance."""
    if not any(variance > 0 and metric == METRIC for row in rows for variance, metric in row.means):
        return
    variances = section.protocol.variances
    chosen = _lines(rows, variances)
    shown = {row.experiment.variance for row in chosen}
    published = [curve for curve in curves_of(section) if curve.trained is not None and curve.trained in shown]
    yield Drawing(
        name,
        "psnr",
        "",
        "Gain in PSNR over the noisy input against test noise; where a panel has one training range, that is "
        "shaded. Of what is not trained, `clip` and any that is best of its kind at some test variance; it is cut "
        "off below what all networks reach." + (" Black and dash-dotted: what others published." if published else ""),
        ("psnr", variances, _data(chosen), published),
        partial(curves.psnr, chosen, variances, published),
    )


def _losses(store: Store, rows: Sequence[Row], name: str) -> Iterator[Drawing]:
    """How training went."""
    histories: dict[str, dict[str, Any]] = {}
    kinds: dict[str, str] = {}
    for row in rows:
        if row.experiment.recipe and (history := store.history(row.experiment)):
            histories.setdefault(row.subject, {})[row.training] = history
            kinds[row.subject] = row.experiment.recipe.loss
    if histories:
        yield Drawing(
            name,
            "loss",
            "",
            "Loss while training (line) and over the validation images after each epoch (dot)",
            ("loss", histories, kinds),
            partial(curves.losses, histories, kinds),
            "; in dB it is minus the PSNR.",
        )


def _data(rows: list[Row]) -> tuple[Any, ...]:
    return tuple((row.subject, row.training, row.note, tuple(sorted(row.means.items()))) for row in rows)


def _regret(rows: list[Row], variances: tuple[float, ...], name: str) -> Iterator[Drawing]:
    """What networks lose against their specialists, where there are any."""
    found = regrets(rows, variances)
    shown = [index for index, row in enumerate(rows) if row.learned and any(not r.own for r in found[index])]
    if not shown:
        return
    cost = [{regret.variance: regret for regret in found[index] if regret.exact or not regret.own} for index in shown]
    matrix = [[each[v].sample.mean if v in each else math.nan for v in variances] for each in cost]
    stars = [["*" if v in each and not each[v].exact else "" for v in variances] for each in cost]
    chosen = [rows[index] for index in shown]
    substitutes = " * where there is none, the best training of that network." if any(map(any, stars)) else ""
    yield Drawing(
        name,
        "regret",
        "",
        "Regret: dB lost at a test variance against the same network (or the one it is made from) trained at exactly "
        f"that one; cells inside the training range are framed.{substitutes}",
        ("regret", variances, matrix, stars, _data(chosen)),
        partial(heatmaps.regret, chosen, variances, matrix, stars),
    )


def _lines(rows: list[Row], variances: tuple[float, ...]) -> list[Row]:
    """What the figure of PSNR shows: networks for up to two fixed trainings and all ranges, and the best filters."""
    trained = list(dict.fromkeys(row.experiment.variance for row in rows if row.learned and row.experiment.variance))
    fixed = [r for r in trained if r.fixed and r.low > 0]
    near = [min(fixed, key=lambda r: abs(math.log10(r.low) - aim)) for aim in (-2, -1)] if fixed else []
    ranges = [r for r in trained if not r.fixed or r in near or not fixed]
    plain = [row for row in rows if row.experiment.variance is None]
    best = _best(plain, variances)
    return [row for row in rows if row.learned and row.experiment.variance in ranges] + [
        row for row in plain if row in best or row.floor
    ]


def _best(rows: list[Row], variances: Sequence[float]) -> list[Row]:
    """The rows that are best in PSNR at one of the variances; the input itself is never."""
    found = []
    for variance in variances:
        there = [row for row in rows if (variance, METRIC) in row.means and not row.untouched]
        found += [max(there, key=lambda row: row.means[variance, METRIC])] if there else []
    return found


def _restored(section: Section, rows: list[Row], examples: dict[int, dict[str, Any]], name: str) -> Iterator[Drawing]:
    """Restored images for two trainings: the fixed variance nearest to 0.01, and the widest range."""
    variances = [v for v in section.protocol.variances if v > 0]
    if not variances:
        return
    trained = list(dict.fromkeys(row.experiment.variance for row in rows if row.learned and row.experiment.variance))
    fixed = [r for r in trained if r.fixed and r.low > 0]
    ranged = [r for r in trained if not r.fixed]
    chosen = ([min(fixed, key=lambda r: abs(math.log10(r.low) + 2))] if fixed else []) + (
        [max(ranged, key=lambda r: r.high - r.low)] if ranged else []
    )
    for training in chosen:
        three = _to_look_at(training, variances)
        columns, psnrs = {}, {}
        there = [row for row in rows if all(str(v) in examples[id(row)] for v in three)]
        there = [row for row in there if row.experiment.variance in (None, training)]
        filters = _best([row for row in there if not row.learned], three)
        for row in there:
            seen = examples[id(row)]
            if row.learned or row in filters or (row.floor and not row.experiment.tuned):
                columns[row.subject] = np.stack([seen[str(v)][0] for v in three])
                clean = np.stack([seen["clean"][0]] * len(three)).astype(float)
                error = ((columns[row.subject] - clean) / 255) ** 2
                psnrs[row.subject] = [decibels(each.mean()) for each in error]
        if len(columns) < 2:
            continue  # one beside nothing shows nothing
        columns["clean"] = clean.astype(np.uint8)
        yield Drawing(
            name,
            "restored",
            f"{training}",
            f"One test image, or its middle, at variances {', '.join(map(written, three))}, as networks trained on "
            f"{training} restore it, and those of all others that are best at one of these variances; PSNR of what is "
            "shown.",
            ("restored", {key: value.tobytes() for key, value in columns.items()}, three),
            partial(curves.restored, columns, three, psnrs),
        )


def _to_look_at(training: Range, variances: Sequence[float]) -> list[float]:
    """Three test variances: one that was trained on, the largest, and one between."""
    inside = [variance for variance in variances if variance in training] or variances[:1]
    middle = inside[len(inside) // 2]
    between = [variance for variance in variances if middle < variance < variances[-1]]
    aim = math.sqrt(middle * variances[-1])
    near = [min(between, key=lambda variance: abs(math.log(variance / aim)))] if between else []
    return sorted({middle, *near, variances[-1]})

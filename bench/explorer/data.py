"""What the page knows, as JSON values made from the rows of a store."""

import base64
import math
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bench.analysis.comparisons import BEST, UNRESOLVED
from bench.analysis.costs import latencies
from bench.analysis.findings.answers import answers, grids_of, own_regrets, trained_once
from bench.analysis.findings.exercises import QUESTIONS, exercises
from bench.analysis.findings.facts import Finding
from bench.analysis.ranking import ranking
from bench.analysis.rows import METRIC, Row
from bench.analysis.scored import Scored
from bench.analysis.scores import scores_frame
from bench.core.dataset_names import dataset_title
from bench.core.experiment import Protocol
from bench.core.results import Array
from bench.core.tasks import Section
from bench.core.variance import in_sigma
from bench.metrics import METRICS, metric_title
from bench.report.render import render, sentence
from bench.report.reproduce import commands_of
from bench.store.store import Store

IMAGES = 4_400_000  # characters that all images of the page may take
DIGITS = {"psnr": 3, "ssim": 5, "mse": 7}  # decimals of half intervals; other metrics have four


def page_data(store: Store, scored: Scored) -> dict[str, Any]:
    """All of it. Scores are as in scores.csv, rounded; images are deflated bytes in base64."""
    sections = [(s, rows) for s, rows in scored.others if s.name == "grid" and any(row.means for row in rows)]
    first = grids_of(sections)[:1]
    sections = [*first, *(pair for pair in sections if pair not in first)]
    with_images = sum(any(store.examples(row.experiment, s.protocol) for row in rows) for s, rows in sections)
    budget = IMAGES // max(1, with_images)
    return {
        "study": store.root.name,
        "answers": list(map(sentence, answers(scored.others))),
        "once": trained_once(scored.others),
        "words": [line.removeprefix("- ") for line in render("words").splitlines()],
        "exercises": [_exercise(finding) for finding in exercises(scored.others)],
        "grids": [_grid(store, section, rows, budget) for section, rows in sections],
        "ablations": [_ablation(tested, line) for tested, frame in scored.effects.items() for line in _lines(frame)],
        "latency": [
            {
                "denoiser": row.denoiser,
                "pixels": row.pixels,
                "seconds": row.seconds,
                "device": row.conditions.device,
            }
            for row in latencies(store)
            if row.plain
        ],
    }


def _exercise(finding: Finding) -> dict[str, Any]:
    rows = [{"denoiser": row.experiment.denoiser, "trained": row.training} for row in getattr(finding, "rows", ())]
    return {"question": QUESTIONS[type(finding).__name__], "answer": sentence(finding), "rows": rows}


def _grid(store: Store, section: Section, rows: Sequence[Row], budget: int) -> dict[str, Any]:
    protocol = section.protocol
    measured = [row for row in rows if row.means]
    marks = _marks(measured, protocol)
    ranks = {place.row: [place.first, place.last] for place in ranking(measured, protocol.variances)}
    own, place = own_regrets(measured, protocol.variances), {row: i for i, row in enumerate(measured)}
    examples = {row: store.examples(row.experiment, protocol) for row in measured}
    kept = [arrays["clean"] for arrays in examples.values() if "clean" in arrays]
    clean = min(kept, key=len, default=None)  # rows measured earlier kept fewer images, of which all have the first
    if clean is not None:
        clean = clean[: _count(measured, examples, protocol, len(clean), budget)]
    images = {} if clean is None else _images(measured, examples, protocol, len(clean), budget)
    return {
        "title": dataset_title(protocol.dataset),
        "commands": commands_of(store, [section]),
        "noise": protocol.noise,
        "sigma": all(map(in_sigma, protocol.variances)),
        "variances": list(protocol.variances),
        "images": protocol.images,
        "metrics": [
            {"name": name, "title": metric_title(name), "better": METRICS[name].better, "digits": METRICS[name].digits}
            | {"scale": METRICS[name].scale}
            for name in protocol.metrics
        ],
        "clean": None if clean is None else _packed(clean),
        "shape": None if clean is None else list(clean.shape),
        "rows": [
            _row(row, protocol)
            | {"marks": marks[row], "rank": ranks.get(row), "images": images.get(row)}
            | {"regret": _regret(own.get(row, {}), protocol, place)}
            for row in measured
        ],
    }


def _row(row: Row, protocol: Protocol) -> dict[str, Any]:
    experiment, trained = row.experiment, row.experiment.variance
    scores = {
        metric: [_number_pair(row, variance, metric) for variance in protocol.variances] for metric in protocol.metrics
    }
    return {
        "name": row.subject,
        "denoiser": experiment.denoiser,
        "kind": "network" if row.learned else "input" if row.untouched else "filter",
        "about": (row.contract.__doc__ or "").partition("\n")[0],
        "told": not row.blind,
        "trained": row.training if trained else "",
        "low": trained.low if trained else None,
        "high": trained.high if trained else None,
        "seeds": row.seeds if row.learned else 0,
        "parameters": row.parameters,
        "scores": scores,
    }


def _number_pair(row: Row, variance: float, metric: str) -> list[float | None] | None:
    """Mean and half of its 95 % interval; None where nothing was measured, and for what is not finite."""
    if (variance, metric) not in row.means:
        return None
    digits, sample = DIGITS.get(metric, 4), row.samples[variance, metric]
    # Two more for the mean: the page rounds it again, and must come to what the report says.
    return [_rounded(row.means[variance, metric], digits + 2), _rounded(sample.half_width, digits)]


def _rounded(value: float, digits: int) -> float | None:
    """None for what JSON has no number for."""
    return round(value, digits) if math.isfinite(value) else None


def _marks(rows: Sequence[Row], protocol: Protocol) -> dict[Row, list[int]]:
    """For each test variance 2 where PSNR is the best or nearly so, 1 where that is not known, else 0."""
    flags = {row: [0] * len(protocol.variances) for row in rows}
    if METRIC in protocol.metrics:
        for line in _lines(scores_frame(rows, protocol.variances, METRIC)):
            flag = {BEST: 2, UNRESOLVED: 1}.get(line["state"], 0)
            flags[rows[line["row"]]][protocol.variances.index(line["variance"])] = flag
    return flags


def _regret(
    own: Mapping[float, Any], protocol: Protocol, place: Mapping[Row, int]
) -> list[list[float | None] | None] | None:
    """Mean, half-width and the specialist's place for each test variance; None where there is no specialist."""
    if not own:
        return None
    cells: list[list[float | None] | None] = []
    for variance in protocol.variances:
        regret = own.get(variance)
        cells.append(
            None
            if regret is None
            else [_rounded(regret.sample.mean, 3), _rounded(regret.sample.half_width, 3), place[regret.specialist]]
        )
    return cells


def _count(
    rows: Sequence[Row], examples: Mapping[Row, Mapping[str, Array]], protocol: Protocol, most: int, budget: int
) -> int:
    """How many images of the input and of every network fit; rather fewer images than networks without any."""
    seen = [row for row in rows if row.untouched or row.learned]
    size = sum(map(len, _images(seen, examples, protocol, most, sys.maxsize).values()))
    return max(1, min(most, most * budget // max(1, size)))


def _images(
    rows: Sequence[Row], examples: Mapping[Row, Mapping[str, Array]], protocol: Protocol, count: int, budget: int
) -> dict[Row, str]:
    """The first `count` restored images of rows, deflated, (V, E, H, W), until all is full.

    The input comes first, then networks, then filters.
    """
    order = sorted(rows, key=lambda row: (not row.untouched, not row.learned, row.experiment.variance is None))
    packed: dict[Row, str] = {}
    for row in order:
        arrays = examples[row]
        if all(str(variance) in arrays for variance in protocol.variances):
            text = _packed(np.stack([arrays[str(variance)][:count] for variance in protocol.variances]))
            if len(text) <= budget:
                packed[row], budget = text, budget - len(text)
    return packed


def _packed(images: Array) -> str:
    return base64.b64encode(zlib.compress(images.tobytes(), 9)).decode()


def _ablation(tested: tuple[str, str], line: dict[str, Any]) -> dict[str, Any]:
    names = (
        "ablation",
        "trained_on",
        "base",
        "change",
        "side",
        "mean",
        "half_width",
        "significant",
        "seeds",
        "deviation",
    )
    plain = {name: line[name] for name in names}
    plain |= {name: _rounded(line[name], 3) for name in ("mean", "half_width", "deviation")}
    return plain | {"dataset": dataset_title(tested[0]), "significant": bool(line["significant"])}


def _lines(frame: Any) -> Iterator[dict[str, Any]]:
    yield from frame.to_dict("records")

"""Ablations: what each change of one factor does, and noises of training against noises of the test."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from bench.ablations import by_seed
from bench.analysis.comparisons import holm, leaders_of, p_values, trainings_of
from bench.analysis.regret import differences
from bench.analysis.rows import METRIC, Row
from bench.core.recipes import changed
from bench.core.tasks import Section
from bench.core.variance import written
from bench.metrics import metric_title
from bench.report.tables.scores import marks
from bench.report.tables.table import Table, margin, signed

SIDES = {"inside": "where trained", "below": "at less noise", "above": "at more noise"}


def glance_table(ablations: Iterable[tuple[Section, Sequence[Row]]]) -> Table:
    """What each change of one factor does to PSNR, where the networks were trained and at other noise."""
    lines, found, networks = [], [], []
    spreads: list[tuple[str, ...]] = []
    for section, rows in ablations:
        for row in rows:
            base = _base(section, rows, row)
            if base and (parts := differences(row, base, section.protocol.variances)):
                lines.append((*_about(section, base), ", ".join(_changes(row, base))))
                found.append((parts, min(row.seeds, base.seeds)))
                networks.append((base.experiment.denoiser, base.recipe))
        if by_seed(section.name):
            spreads += _spread(section, rows)
    kinds = [(network, side) for network, (parts, _) in zip(networks, found, strict=True) for side in parts]
    told = iter(holm(p_values([sample for parts, _ in found for sample, _ in parts.values()], kinds)))
    cells = []
    for parts, seeds in found:
        shown = {}
        for side, (sample, _) in parts.items():
            shown[side] = ("" if next(told) else "≈") + signed(sample.mean) + margin(sample.half_width)
        cells.append((*(shown.get(side, "–") for side in SIDES), f"{seeds}"))
    paired, caution = "the same noisy images", ""
    if any(seeds > 1 for _, seeds in found):
        paired += ", beside what trainings vary by, drawn towards what those of one network and recipe do"
        if any(seeds == 1 for _, seeds in found):
            caution = "; the interval of one seed covers images alone"
    elif found:
        caution = (
            "; of one seed, a difference holds for those two trainings, and says little where it is not far above what "
            "trainings differ by that have another seed"
        )
    return Table(
        "PSNR against the base (dB)",
        ("ablation", "trained on", "base", "change", *SIDES.values(), "seeds"),
        (*((*line, *own) for line, own in zip(lines, cells, strict=True)), *spreads),
        "the changed network minus its base, trained on the same noise; means over the test variances there; ≈ not "
        f"distinguishable from none (paired differences over {paired}; 95 % for the whole table, by Holm){caution}"
        + ("; sd: the standard deviation of trainings" if spreads else ""),
    )


def _spread(section: Section, rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """How far trainings lie apart that differ in their seed alone."""
    for base in (row for row in rows if row.experiment in section.bases):
        own = [row for row in rows if row.experiment.but(seed=0) == base.experiment]
        off = [parts for row in own if (parts := differences(row, base, section.protocol.variances))]
        if len(off) > 1:
            cells = [
                f"sd {np.std([parts[side][0].mean for parts in off], ddof=1):.2f}"
                if all(side in parts for parts in off)
                else "–"
                for side in SIDES
            ]
            yield *_about(section, base), "another seed", *cells, f"{len(off)}"


def _about(section: Section, base: Row) -> tuple[str, str, str]:
    return f"`{section.name}`", f"{base.experiment.variance}", f"`{base.name}`, {base.recipe}"


def _base(section: Section, rows: Sequence[Row], row: Row) -> Row | None:
    """What it is compared with: the base of its own denoiser, or of the one that is made from, trained on the same."""
    own = row.experiment.but(seed=0)
    if own in section.bases:
        return None
    there = [other for other in rows if other.experiment.but(seed=0) in section.bases]
    there = [other for other in there if other.experiment.variance == own.variance]
    for name in (own.denoiser, row.kin):
        if mine := [other for other in there if other.experiment.denoiser == name]:
            return min(mine, key=lambda base: len(_changes(row, base)))  # of several commands there are several
    return None


def _changes(row: Row, base: Row) -> list[str]:
    """In what a row differs from its base: another denoiser, options, fields of the recipe."""
    one, two = row.experiment, base.experiment
    found = [f"`{one.denoiser}`"] if one.denoiser != two.denoiser else []
    options, before = row.options | dict(one.options), base.options | dict(two.options)
    found += [f"{name}={value}" for name, value in sorted(options.items()) if before.get(name) != value]
    if one.recipe and two.recipe:
        found += [f"{name}={value}" for name, value in changed(one.recipe, two.recipe).items()]
    return found


def laws_table(rows: dict[str, list[Row]], variance: float) -> Table:
    """Trained with one noise, tested with another, at one variance.

    Args:
        rows: by the noise they were tested with.
    """
    tested = sorted(rows)
    first = {row.experiment: row for each in rows.values() for row in each}
    samples = {noise: {row.experiment: row.samples.get((variance, METRIC)) for row in rows[noise]} for noise in tested}
    columns = []
    for noise in tested:
        own = [samples[noise].get(each) for each in first]
        columns.append((own, trainings_of(own, [each.noise == noise for each in first])))
    best = dict(zip(tested, leaders_of(columns, "higher"), strict=True))
    lines = []
    for index, (experiment, row) in enumerate(first.items()):
        cells = []
        for noise in tested:
            sample = samples[noise].get(experiment)
            text = "–" if sample is None else f"{sample.mean:.2f}{margin(sample.half_width)}"
            if sample is not None and index in best[noise]:
                text = f"**{text}**" if len(best[noise]) == 1 else f"≈{text}"
            cells.append(text)
        lines.append((row.subject, f"{experiment.variance} ({experiment.noise})", *cells))
    return Table(
        f"{metric_title(METRIC)} by the noise of training and of test, at test variance {written(variance)}",
        ("denoiser", "trained on", *tested),
        tuple(lines),
        f"a column for each noise it was tested with; {marks(list(first.values()))}",
    )

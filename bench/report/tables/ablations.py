"""Ablations: what each change of one factor does, and noises of training against noises of the test."""

import math
from collections.abc import Iterable, Sequence

from bench.analysis.effects import SIDES, effects_frame, noise_frame
from bench.analysis.rows import METRIC, Row
from bench.core.tasks import Section
from bench.core.variance import written
from bench.metrics import metric_title
from bench.report.tables.scores import marks
from bench.report.tables.table import Table, lines_of, margin, numbers, signed, texts

WHERE = {"inside": "where trained", "below": "at less noise", "above": "at more noise"}


def glance_table(ablations: Iterable[tuple[Section, Sequence[Row]]]) -> Table:
    """What each change of one factor does to PSNR, where the networks were trained and at other noise."""
    frame = effects_frame(ablations)
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for effect in lines_of(frame):
        name = (f"`{effect.ablation}`", effect.trained_on, f"`{effect.base}`, {effect.recipe}", effect.change)
        cells = lines.setdefault((*name, f"{effect.seeds}"), {})
        if not math.isnan(effect.deviation):
            cells[effect.side] = f"sd {effect.deviation:.2f}"
        elif not math.isnan(effect.mean):
            mark = "" if effect.significant else "≈"
            cells[effect.side] = mark + signed(effect.mean) + margin(effect.half_width)
    effects = frame[frame["mean"].notna()]
    paired, caution = "the same noisy images", ""
    if (effects.seeds > 1).any():
        paired += ", beside what trainings vary by, drawn towards what those of one network and recipe do"
        if (effects.seeds == 1).any():
            caution = "; the interval of one seed covers images alone"
    elif len(effects):
        caution = (
            "; of one seed, a difference holds for those two trainings, and says little where it is not far above what "
            "trainings differ by that have another seed"
        )
    note = (
        "the changed network minus its base, trained on the same noise; means over the test variances there; ≈ not "
        f"distinguishable from none (paired differences over {paired}; 95 % for the whole table, by Holm){caution}"
        + ("; sd: the standard deviation of trainings" if len(effects) < len(frame) else "")
    )
    headings = ("ablation", "trained on", "base", "change", "seeds")
    *names, seeds = [texts(heading, (line[i] for line in lines)) for i, heading in enumerate(headings)]
    sides = [numbers(WHERE[side], (cells.get(side) for cells in lines.values()), str) for side in SIDES]
    return Table.of("PSNR against the base (dB)", [*names, *sides, numbers("seeds", seeds.cells, str)], note)


def noise_table(rows: dict[str, list[Row]], variance: float) -> Table:
    """Trained with one noise, tested with another, at one variance.

    Args:
        rows: by the noise they were tested with.
    """
    frame = noise_frame(rows, variance)
    first = {row.experiment: row for tested in rows.values() for row in tested}
    cells = {}
    for cell in lines_of(frame):
        text = f"{cell.mean:.2f}{margin(cell.half_width)}"
        cells[cell.row, cell.noise] = f"≈{text}" if cell.best and cell.tied else f"**{text}**" if cell.best else text
    columns = [numbers(noise, (cells.get((i, noise)) for i in range(len(first))), str) for noise in sorted(rows)]
    trained = (f"{experiment.variance} ({experiment.noise})" for experiment in first)
    return Table.of(
        f"{metric_title(METRIC)} by the noise of training and of test, at test variance {written(variance)}",
        [texts("denoiser", (row.subject for row in first.values())), texts("trained on", trained), *columns],
        f"a column for each noise it was tested with; {marks(list(first.values()))}",
    )

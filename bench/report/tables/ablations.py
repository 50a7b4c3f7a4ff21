"""Ablations: what each change of one factor does, and noises of training against noises of the test."""

import math
from typing import Any

import pandas as pd

from bench.analysis.effects import noise_frame
from bench.analysis.rows import METRIC, Row
from bench.core.variance import written
from bench.metrics import metric_title
from bench.report.tables.scores import emphasized, marks
from bench.report.tables.table import Table, columns_of, labels, lines_of, margin, numbers, pivoted, signed, texts

WHERE = {"inside": "where trained", "below": "at less noise", "above": "at more noise"}


def glance_table(frame: pd.DataFrame) -> Table:
    """What each change of one factor does to PSNR, where the networks were trained and at other noise.

    Args:
        frame: that of `bench.analysis.effects.effects_frame`.
    """

    def cell(effect: Any) -> str:
        if math.isnan(effect.mean):
            return f"sd {effect.deviation:.2f}" if not math.isnan(effect.deviation) else "–"
        return f"{signed(effect.mean)}{margin(effect.half_width)}{'' if effect.significant else ' ?'}"

    def change(line: Any) -> str:
        name = f"`{line.exchanged}`" if line.exchanged else ""
        return f"{name}{line.change.removeprefix(line.exchanged)}"

    cells = pivoted(frame, ["ablation", "trained_on", "base", "recipe", "exchanged", "change", "seeds"], "side", cell)
    lines = lines_of(cells.index.to_frame())
    columns = [
        texts("ablation", (f"`{line.ablation}`" for line in lines)),
        texts("trained on", (line.trained_on for line in lines)),
        texts("base", (f"`{line.base}`, {line.recipe}" for line in lines)),
        texts("change", map(change, lines)),
        *(numbers(heading, cells.get(side, [None] * len(cells)), str) for side, heading in WHERE.items()),
        numbers("seeds", (line.seeds for line in lines), str),
    ]
    effects = frame[frame["mean"].notna()]
    note = (
        "the changed network minus its base, trained on the same noise; means over the test variances there; ? not "
        "significantly different from zero (paired over seeds and noisy images; 95 % for each ablation, by Holm)"
        + ("; of one seed, a difference holds for those two trainings" if (effects.seeds == 1).any() else "")
        + ("; sd: the standard deviation of trainings" if len(effects) < len(frame) else "")
    )
    return Table.of("PSNR against the base (dB)", columns, note)


def noise_table(rows: dict[str, list[Row]], variance: float) -> Table:
    """Trained with one noise, tested with another, at one variance.

    Args:
        rows: by the noise they were tested with.
    """

    def cell(score: Any) -> str:
        return emphasized(f"{score.mean:.2f}{margin(score.half_width)}", score)

    cells = pivoted(noise_frame(rows, variance), ["row", "denoiser", "trained_on"], "noise", cell)
    every = [row for tested in rows.values() for row in tested]
    return Table.of(
        f"{metric_title(METRIC)} by the noise of training and of test, at test variance {written(variance)}",
        [*labels(cells), *columns_of(cells)],
        f"a column for each noise it was tested with; {marks(every)}",
    )


def told_table(frame: pd.DataFrame) -> Table:
    """A line for each denoiser, a column for each factor; `frame` is that of `bench.analysis.effects.told_frame`."""

    def cell(loss: Any) -> str:
        return f"{loss.mean:.2f}".replace("-", "−") + margin(loss.half_width)

    def heading(factor: float | str) -> str:
        return factor if isinstance(factor, str) else f"× {factor:g}"

    cells = pivoted(frame, ["denoiser", "trained_on"], "factor", cell).rename(columns=heading)
    counts = "–".join(f"{count}" for count in sorted(set(frame.variances)))
    note = (
        "a column for each multiple of the true variance that is told, and for the estimate from the image; "
        f"mean over {counts} test variance{'' if counts == '1' else 's'}"
    )
    return Table.of("Lost PSNR (dB) where a wrong variance is told", [*labels(cells), *columns_of(cells)], note)

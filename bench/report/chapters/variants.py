"""On which images a variant of a network helps, as a chapter of the report."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from bench.analysis.findings.variants import beside_each_other, contrast_of, variants_frame
from bench.analysis.intervals import Estimate
from bench.analysis.rows import Row
from bench.core.tasks import Section
from bench.figures.drawing import Drawing, later
from bench.report.chapter import Chapter
from bench.report.render import render
from bench.report.tables.ablations import WHERE
from bench.report.tables.table import Table, lines_of, margin, numbers, pivoted, signed, texts

SIDES = ("below", "inside", "above")


def variants_table(frame: pd.DataFrame) -> Table:
    """A line for each variant and kind of images; `frame` is that of `beside_each_other`."""

    def cell(line: Any) -> str:
        return signed(line.mean) + margin(line.half_width)

    cells = pivoted(frame, ["variant", "base", "images", "trained_on", "seeds"], "side", cell)
    lines = lines_of(cells.index.to_frame())
    columns = [
        texts("variant minus base", (f"`{line.variant}` minus `{line.base}`" for line in lines)),
        texts("images", (line.images for line in lines)),
        texts("trained on", (line.trained_on for line in lines)),
        *(numbers(WHERE[side], cells.get(side, [None] * len(cells)), str) for side in SIDES),
        numbers("seeds", (line.seeds for line in lines), str),
    ]
    return Table.of("PSNR against the base (dB)", columns, "means over the test variances of each side")


def variants_chapter(scored: Sequence[tuple[Section, Sequence[Row]]], folder: str) -> Iterator[Chapter]:
    """A chapter for each network of which a variant was trained on several kinds of images."""
    frame = beside_each_other(variants_frame(scored))
    for base, of_base in frame.groupby("base", sort=False):
        images = list(dict.fromkeys(of_base["images"]))
        panels: dict[str, dict[str, dict[str, tuple[float, float]]]] = {WHERE[side]: {} for side in SIDES}
        for line in lines_of(of_base):
            panels[WHERE[line.side]].setdefault(line.variant, {})[line.images] = (line.mean, line.half_width)
        title = f"Variants of `{base}` minus `{base}`, both trained on one variance, by test images"
        more = ". PSNR with 95 % intervals, at less noise, where trained, and at more noise; right of zero is better."
        draw = later("variants.over_images", panels, images, base)
        drawing = Drawing("images", "", title, (panels, images), draw, more, f"variants-{base}")
        below: dict[str, list[tuple[str, Estimate]]] = {}
        for line in lines_of(of_base[of_base.side == "below"].sort_values("mean", ascending=False)):
            below.setdefault(line.variant, []).append((line.images, Estimate(line.mean, line.half_width)))
        pairs = ((variant, contrast_of(frame, variant, str(base))) for variant in below)
        variant, contrast = next(((variant, found) for variant, found in pairs if found), ("", None))
        about = {"base": base, "below": below, "variant": variant, "contrast": contrast}
        text = render("variants", folder=folder, drawing=drawing, table=variants_table(of_base), **about)
        yield Chapter(f"On which images do variants of {base} help?", text, "architecture", [drawing])

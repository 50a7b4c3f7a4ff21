"""On which images a variant of a network helps: each against the network it varies, trained alike."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from bench.analysis.intervals import Estimate
from bench.analysis.regret import differences, with_kin
from bench.analysis.rows import Row
from bench.core.dataset_names import dataset_title
from bench.core.tasks import Section

COLUMNS = ["variant", "base", "images", "trained_on", "variance", "side", "mean", "half_width", "variances", "seeds"]


def variants_frame(scored: Iterable[tuple[Section, Sequence[Row]]]) -> pd.DataFrame:
    """PSNR of blind variants minus that of the network they vary, in dB, averaged over the test variances of a side.

    Both were trained on one variance, with the same images and recipe. Where several sections measured a pair, the one
    with most seeds counts, of several the first.

    Columns: variant, base, images (the title of the dataset), trained_on, variance (the same as a number), side
    (inside, below or above it), mean, half_width (of the 95 % interval), variances (how many), seeds.
    """
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for section, rows in scored:
        protocol = section.protocol
        if protocol.noise != "gaussian" or protocol.told != 1:
            continue
        for row, base in with_kin(rows):
            if row.fixed and row.blind and base.blind:
                names = row.subject, base.subject, dataset_title(protocol.dataset)
                key, seeds = (*names, row.training, row.fixed), min(row.seeds, base.seeds)
                sides = differences(row, base, protocol.variances)
                if sides and (key not in found or seeds > found[key][0][-1]):
                    found[key] = [
                        (*key, side, sample.mean, sample.half_width, count, seeds)
                        for side, (sample, count) in sides.items()
                    ]
    return pd.DataFrame([line for lines in found.values() for line in lines], columns=COLUMNS)


class Contrast(NamedTuple):
    """A variant minus the network it varies, at less noise, on digits of one contrast and of every contrast."""

    one: Estimate
    every: Estimate


def contrast_of(frame: pd.DataFrame, variant: str, base: str) -> Contrast | None:
    """What `variants_frame` says of both datasets at one training variance; None where one is missing."""
    pair = frame[(frame.variant == variant) & (frame.base == base) & (frame.side == "below")]
    for _, alike in pair.groupby("trained_on", sort=False):
        numbers = zip(alike["images"], alike["mean"], alike["half_width"], strict=True)
        by_images = {images: Estimate(mean, width) for images, mean, width in numbers}
        if {"mnist", "mnist_contrast"} <= by_images.keys():
            return Contrast(by_images["mnist"], by_images["mnist_contrast"])
    return None


def beside_each_other(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines of `variants_frame` at the training variance nearest to the tutorial's 0.01, by images.

    Empty where no variant was trained on several kinds of images.
    """
    distance = frame["variance"].map(lambda variance: abs(math.log10(variance) + 2))
    pairs = [frame[name] for name in ("variant", "base", "images")]
    nearest = frame[distance == distance.groupby(pairs).transform("min")]
    several = nearest.groupby(["variant", "base"])["images"].transform("nunique") > 1
    return nearest[several]

"""On which images a variant of a network helps."""

from dataclasses import replace

import pytest

from bench.analysis.findings.variants import beside_each_other, contrast_of, variants_frame
from bench.analysis.rows import Row
from bench.core.experiment import Experiment, Protocol
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.report.chapters.variants import variants_chapter
from tests.made_up import UNET, VARIANCES, row

DIGITS, OTHERS = (
    Section("grid", Protocol(dataset, "gaussian", VARIANCES, ("psnr",), 100), ()) for dataset in ("mnist", "shapes")
)


def pair(*psnr: float, variance: float = 0.01, seeds: int = 1) -> list[Row]:
    """unet, and its variant with a PSNR that is this much higher."""
    base: Experiment = UNET.but(variance=Range(variance, variance))
    plain = row(base, 30, 30, 30, seeds=seeds)
    free = row(base.but(denoiser="unet_bias_free"), *(30 + gain for gain in psnr), seeds=seeds)
    return [replace(plain, kin="unet"), replace(free, kin="unet")]


def test_each_side_is_a_line_and_the_pair_with_most_seeds_counts() -> None:
    scored = [(DIGITS, pair(-3, -0.1, 2)), (DIGITS, pair(-4, -0.2, 3, seeds=3)), (DIGITS, pair(0, 0, 0, seeds=2))]
    frame = variants_frame(scored)
    assert frame.groupby("side")["mean"].first().to_dict() == pytest.approx({"below": -4, "inside": -0.2, "above": 3})
    assert len(frame) == 3
    assert set(frame.seeds) == {3}
    told = replace(DIGITS, protocol=replace(DIGITS.protocol, told=2.0))
    assert variants_frame([(told, pair(-3, -0.1, 2))]).empty


def test_images_are_compared_at_the_training_variance_nearest_to_the_tutorials() -> None:
    digits = [*pair(-3, -0.1, 2), *pair(-1, -1, -1, variance=0.1)]
    frame = variants_frame([(DIGITS, digits), (OTHERS, pair(1, 0, 2))])
    chosen = beside_each_other(frame)
    assert set(frame.trained_on) == {"0.01", "0.1"}
    assert set(chosen.trained_on) == {"0.01"}
    assert set(chosen.images) == {"mnist", "shapes"}
    assert beside_each_other(variants_frame([(DIGITS, digits)])).empty
    assert beside_each_other(variants_frame([])).empty


def test_digits_of_one_contrast_and_of_every_contrast_are_set_against_each_other() -> None:
    every = replace(OTHERS, protocol=replace(OTHERS.protocol, dataset="mnist_contrast"))
    scored = [(DIGITS, pair(-3, -0.1, 2)), (every, pair(2, 0, 7))]
    contrast = contrast_of(variants_frame(scored), "unet_bias_free", "unet")
    assert contrast is not None
    assert (contrast.one.mean, contrast.every.mean) == pytest.approx((-3, 2))
    (chapter,) = variants_chapter(scored, "figures")
    assert "at less noise from −3.00 ±0.00 dB to +2.00 ±0.00 dB" in chapter.text
    assert contrast_of(variants_frame(scored[:1]), "unet_bias_free", "unet") is None


def test_the_chapter_says_what_each_kind_of_images_gains_from_the_best_on() -> None:
    (chapter,) = variants_chapter([(DIGITS, pair(-3, -0.1, 2)), (OTHERS, pair(1, 0, 2))], "figures")
    sentence = "At less noise `unet_bias_free` minus `unet` is +1.00 ±0.00 dB on shapes, −3.00 ±0.00 dB on mnist."
    assert sentence in chapter.text
    assert (
        "| `unet_bias_free` minus `unet` | mnist | 0.01 | −3.00 ±0.00 | −0.10 ±0.00 | +2.00 ±0.00 | 1 |" in chapter.text
    )
    (drawing,) = chapter.drawings
    below, inside, above = drawing.draw().axes
    assert [axis.get_title() for axis in (below, inside, above)] == ["at less noise", "where trained", "at more noise"]
    assert [text.get_text() for text in below.get_yticklabels()] == ["mnist", "shapes"]
    (line_of_means,) = (line for line in below.lines if line.get_marker() not in ("|", "None"))
    assert line_of_means.get_xdata() == pytest.approx([-3, 1])
    assert not list(variants_chapter([(DIGITS, pair(-3, -0.1, 2))], "figures"))

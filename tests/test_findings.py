"""Made-up results with known answers."""

import numpy as np

from bench.experiment import Experiment, Range
from bench.findings import findings
from bench.plan import settle
from bench.profiles import FAST
from bench.statistics import Sample
from bench.tables import Row

UNET = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
SPREAD = np.tile([-1.0, 1.0], 50)


def row(experiment: Experiment, psnr: dict[float, float]) -> Row:
    """All rows share their spread over images, so that paired differences have none."""
    made = Row(experiment, subject=experiment.denoiser)
    made.samples = {(variance, "psnr"): Sample((value + SPREAD)[None], (0,)) for variance, value in psnr.items()}
    made.means = {(variance, "psnr"): value for variance, value in psnr.items()}
    return made


LOW = row(UNET, {0.01: 31, 0.1: 16})
HIGH = row(UNET.but(variance=Range(0.1, 0.1)), {0.01: 28, 0.1: 24})
BOTH = row(UNET.but(variance=Range(0.001, 0.1)), {0.01: 30.5, 0.1: 23.9})
PLAIN = [
    row(settle(UNET.but(denoiser=name, variance=None)), {0.01: 20, 0.1: psnr})
    for name, psnr in (("clip", 13), ("median", 17))
]


def test_who_is_best_what_a_wrong_variance_costs_and_what_a_range_costs() -> None:
    best, elsewhere, inside = findings([*PLAIN, LOW, HIGH, BOTH], (0.01, 0.1))
    assert best == "Best on average over the 2 test variances: `unet` trained on 0.001..0.1, 27.20 ±0.20 dB."
    assert elsewhere == (
        "`unet` trained at 0.01 and tested at 0.1 reaches 16.00 dB, 8.00 ±0.00 dB less than the same network "
        "trained there. It is the largest loss between its fixed variances; `median` would have done better."
    )
    assert inside == (
        "`unet` trained on 0.001..0.1 loses 0.30 ±0.00 dB against specialists, on average over the 2 test variances "
        "inside that have one; at worst 0.50 ±0.00 dB, at 0.01."
    )


def test_there_is_nothing_to_say_without_specialists_and_others() -> None:
    assert list(findings([LOW], (0.01, 0.1))) == []
    assert list(findings([BOTH], (0.01, 0.1))) == []


def test_a_specialist_that_diverged_is_left_out() -> None:
    diverged = row(UNET.but(variance=Range(0.1, 0.1)), {})
    (inside,) = findings([LOW, diverged, BOTH], (0.01, 0.1))
    assert "one test variance inside" in inside


def test_a_network_is_set_beside_the_one_it_is_made_from() -> None:
    made = row(UNET.but(denoiser="unet_bias_free"), {0.001: 36, 0.01: 30.8, 0.1: 19})
    made.kin = "unet"
    biased = row(UNET, {0.001: 36.5, 0.01: 31, 0.1: 16})
    *_, beside = findings([biased, made], (0.001, 0.01, 0.1))
    assert beside == (
        "`unet_bias_free` beside `unet`, both trained on 0.01: inside the range -0.20 ±0.00 dB; "
        "below it -0.50 ±0.00 dB; above it +3.00 ±0.00 dB, on average."
    )

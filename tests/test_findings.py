"""Made-up results with known answers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.analysis.findings.facts import (
    Best,
    Difference,
    KinDifference,
    LargestLoss,
    Leader,
    LossByFactor,
    RangePrice,
)
from bench.analysis.findings.grids import findings
from bench.analysis.intervals import Sample
from bench.analysis.rows import Row
from bench.core.experiment import Experiment
from bench.core.recipes import FAST
from bench.core.variance import Range
from bench.running.plan import settle

UNET = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
SPREAD = np.tile([-1.0, 1.0], 50)
SPREAD_HALF_WIDTH = Sample(SPREAD[None]).half_width


def row(experiment: Experiment, psnr: dict[float, float]) -> Row:
    """All rows share their spread over images, so that paired differences have none."""
    means = {(variance, "psnr"): value for variance, value in psnr.items()}
    samples = {cell: Sample((value + SPREAD)[None], (0,)) for cell, value in means.items()}
    return Row(experiment, samples=samples, means=means, subject=experiment.denoiser)


LOW = row(UNET, {0.01: 31, 0.1: 16})
HIGH = row(UNET.but(variance=Range(0.1, 0.1)), {0.01: 28, 0.1: 24})
BOTH = row(UNET.but(variance=Range(0.001, 0.1)), {0.01: 30.5, 0.1: 23.9})
PLAIN = [
    row(settle(UNET.but(denoiser=name, variance=None)), {0.01: 20, 0.1: psnr})
    for name, psnr in (("clip", 13), ("median", 17))
]


def estimate(mean: float, half_width: float = 0.0) -> Any:
    return pytest.approx((mean, half_width), abs=1e-9)


def test_who_is_best_what_a_wrong_variance_costs_and_what_a_range_costs() -> None:
    found = findings([*PLAIN, LOW, HIGH, BOTH], (0.01, 0.1))
    best, largest, price = found
    assert isinstance(best, Best)
    (leader,) = best.leaders
    assert (leader.name, leader.trained) == ("unet", "0.001..0.1")
    assert leader.psnr == estimate(27.2, SPREAD_HALF_WIDTH)
    assert replace(best, leaders=()) == Best(False, None, 2, 2, (), single_seed=False)
    assert largest == LargestLoss("unet", "0.01", 0.1, 16, estimate(8), None, ("median",))
    loss, worst = estimate(0.3), estimate(0.5)
    assert price == RangePrice("unet", "0.001..0.1", True, loss, True, worst, 0.01, count=2, of=2, kin="", of_kin=0)


def test_what_does_better_is_clip_or_the_least_of_two() -> None:
    def better(**psnr: float) -> tuple[str, ...]:
        untrained = [row(settle(UNET.but(denoiser=name, variance=None)), {0.1: psnr[name]}) for name in psnr]
        (loss,) = (f for f in findings([*untrained, LOW, HIGH], (0.01, 0.1)) if isinstance(f, LargestLoss))
        return loss.better

    assert better(median=15, wiener=15.9) == ()
    assert better(median=19, wiener=17, gaussian=18, noisy=20) == ("wiener", "gaussian")
    assert better(median=17, clip=20) == ("clip",)


def test_what_one_variance_costs_is_said_by_how_many_times_as_much_the_noise_has() -> None:
    """Made so that twice the variance costs 1 dB and half of it 0.5, at all three variances."""
    cost = {0.25: 3.0, 0.5: 0.5, 1.0: 0.0, 2.0: 1.0, 4.0: 5.0}
    rows = [
        row(UNET.but(variance=Range(at, at)), {test: 30 - cost[test / at] for test in (0.01, 0.02, 0.04)})
        for at in (0.01, 0.02, 0.04)
    ]
    found = findings(rows, (0.01, 0.02, 0.04))
    (factors,) = (finding for finding in found if isinstance(finding, LossByFactor))
    assert factors == LossByFactor("unet", {0.5: estimate(0.5), 2.0: estimate(1)})


def test_the_best_is_named_among_the_blind_too() -> None:
    conditioned = row(UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1)), {0.01: 32, 0.1: 25})
    conditioned = conditioned.but(blind=False)
    found = [f for f in findings([LOW, HIGH, BOTH, conditioned], (0.01, 0.1)) if isinstance(f, Best)]
    assert [best.blind for best in found] == [False, True]
    assert [[leader.name for leader in best.leaders] for best in found] == [["unet_conditioned"], ["unet"]]
    assert [best.leaders[0].psnr.mean for best in found] == pytest.approx([28.5, 27.2])


def test_those_that_do_not_differ_significantly_lead_together() -> None:
    sample = Sample((30.9 + np.repeat([-1.0, 1.0], 50))[None], (0,))
    noisy = row(UNET.but(denoiser="dncnn"), {}).but(samples={(0.01, "psnr"): sample}, seeds=1)
    (best,) = findings([LOW, noisy], (0.01,))
    assert isinstance(best, Best)
    assert [(leader.name, leader.trained) for leader in best.leaders] == [("unet", None), ("dncnn", None)]
    assert (best.at, best.single_seed) == (0.01, True)


def test_no_loss_is_said_where_the_wrong_variance_gains() -> None:
    better = row(UNET.but(variance=Range(0.1, 0.1)), {0.01: 31.5, 0.1: 24})
    assert findings([row(UNET, {0.01: 31, 0.1: 24.5}), better], (0.01, 0.1)) == []


def test_there_is_nothing_to_say_without_specialists_and_others() -> None:
    assert findings([LOW], (0.01, 0.1)) == []
    assert findings([BOTH], (0.01, 0.1)) == []


def test_a_specialist_that_diverged_is_left_out() -> None:
    diverged = row(UNET.but(variance=Range(0.1, 0.1)), {})
    (price,) = findings([LOW, diverged, BOTH], (0.01, 0.1))
    assert isinstance(price, RangePrice)
    assert price.loss == estimate(0.5)
    assert (price.worst_at, price.count, price.of) == (0.01, 1, 2)


def test_a_network_is_set_beside_the_one_it_is_made_from() -> None:
    made = row(UNET.but(denoiser="unet_bias_free"), {0.001: 36, 0.01: 30.8, 0.1: 19}).but(kin="unet")
    biased = row(UNET, {0.001: 36.5, 0.01: 31, 0.1: 16})
    wide = row(UNET.but(denoiser="unet_bias_free", variance=Range(0.001, 0.01)), {0.001: 36, 0.01: 30.5, 0.1: 19})
    wide = wide.but(kin="unet")
    (price,) = (f for f in findings([biased, wide], (0.001, 0.01, 0.1)) if isinstance(f, RangePrice))
    assert (price.kin, price.of_kin, price.count, price.of, price.worst_at) == ("unet", 1, 1, 2, 0.01)
    told = row(UNET.but(denoiser="unet_conditioned"), {0.001: 37, 0.01: 31.5, 0.1: 17})
    told = told.but(kin="unet", blind=False)
    *_, blindness = findings([biased, told], (0.001, 0.01, 0.1))
    assert isinstance(blindness, KinDifference)
    assert (blindness.price_of_blindness, blindness.parts[0].gain) == (True, estimate(0.5))
    *_, beside = findings([biased, made], (0.001, 0.01, 0.1))
    gains = {"inside": -0.2, "below": -0.5, "above": 3.0}
    parts = tuple(Difference(side, estimate(gain), 1, True) for side, gain in gains.items())
    assert beside == KinDifference("unet_bias_free", "unet", "0.01", 0.01, False, parts)


def test_rows_of_other_seeds_are_compared_by_those_they_share() -> None:
    def seeded(experiment: Experiment, *psnr: float, first: int = 0) -> Row:
        seeds = tuple(range(first, first + len(psnr)))
        samples = {(v, "psnr"): Sample(np.array([p + SPREAD for p in psnr]), seeds) for v in (0.01, 0.1)}
        return row(experiment, {}).but(samples=samples, means={cell: s.mean for cell, s in samples.items()})

    specialist, other = seeded(UNET, 31, 35), seeded(UNET.but(variance=Range(0.1, 0.1)), 29)
    wide = seeded(UNET.but(variance=Range(0.001, 0.1)), 30, 30)
    *_, price = findings([specialist, other, wide], (0.01, 0.1))
    # At 0.01 1 and 5 dB, at 0.1 -1 dB of the first seed alone: by that seed both together are even.
    assert isinstance(price, RangePrice)
    assert price.loss == estimate(0)
    assert (price.significant, price.count, price.worst.mean) == (False, 2, 3)
    apart = seeded(UNET.but(variance=Range(0.001, 0.1)), 30, first=5)
    assert [type(finding) for finding in findings([specialist, other, apart], (0.01, 0.1))] == [LargestLoss]


def test_an_ablation_says_what_was_best_where_all_were_trained() -> None:
    names = [LOW, row(UNET.but(options={"width": 8}), {0.01: 29, 0.1: 20}).but(subject="unet(width=8)")]
    (best,) = findings(names, (0.01, 0.1))
    leader = Leader("unet", None, estimate(31, SPREAD_HALF_WIDTH))
    assert best == Best(False, 0.01, 1, 1, (leader,), single_seed=False)

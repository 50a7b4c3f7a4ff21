"""Made-up results with known answers."""

import numpy as np

from bench.analysis.intervals import Sample
from bench.analysis.rows import Row
from bench.core.experiment import Experiment
from bench.core.recipes import FAST
from bench.core.variance import Range
from bench.report.sentences.findings import Finding, findings, headlines
from bench.running.plan import settle

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
    found = findings([*PLAIN, LOW, HIGH, BOTH], (0.01, 0.1))
    best, elsewhere, inside = (finding.text for finding in found)
    assert best == "Best on average over the 2 test variances: `unet` trained on 0.001..0.1, 27.20 ±0.20 dB."
    assert elsewhere == (
        "`unet` trained at 0.01 and tested at 0.1 reaches 16.00 dB, 8.00 ±0.00 dB less than the same network "
        "trained there. This is its largest loss between two fixed variances, of those with a specialist; even "
        "`median` would have done better."
    )
    assert inside == (
        "`unet` trained on 0.001..0.1 loses 0.30 ±0.00 dB against specialists, on average over 2 test variances "
        "inside; at worst 0.50 ±0.00 dB, at 0.01."
    )
    assert list(headlines(found)) == [elsewhere, inside]


def test_what_one_variance_costs_is_said_by_how_many_times_as_much_the_noise_has() -> None:
    """Made so that twice the variance costs 1 dB and half of it 0.5, at all three variances."""
    cost = {0.25: 3.0, 0.5: 0.5, 1.0: 0.0, 2.0: 1.0, 4.0: 5.0}
    rows = [
        row(UNET.but(variance=Range(at, at)), {test: 30 - cost[test / at] for test in (0.01, 0.02, 0.04)})
        for at in (0.01, 0.02, 0.04)
    ]
    found = {finding.kind: finding for finding in findings(rows, (0.01, 0.02, 0.04))}
    assert found["factors"].text == (
        "`unet` trained at one variance loses against the specialist, on average over training variances, "
        "0.50 ±0.00 dB at half of it; 1.00 ±0.00 dB at twice."
    )
    assert found["factors"].count == 4
    assert list(headlines(list(found.values()))) == [found["factors"].text]


def test_the_best_is_named_among_the_blind_too() -> None:
    told = row(UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1)), {0.01: 32, 0.1: 25})
    told.blind = False
    texts = [finding.text for finding in findings([LOW, HIGH, BOTH, told], (0.01, 0.1)) if finding.kind == "best"]
    assert len(texts) == 2
    assert texts[0].startswith(
        "Best on average over the 2 test variances: `unet_conditioned` trained on 0.001..0.1, 28.50"
    )
    assert texts[1].startswith(
        "Best blind denoiser on average over the 2 test variances: `unet` trained on 0.001..0.1, 27.20"
    )


def test_the_headline_is_of_the_network_whose_range_costs_least() -> None:
    cheap, dear = Finding("range", 0.1, "cheap range", 6, "unet"), Finding("range", 0.8, "dear range", 6, "small")
    single = [Finding("factors", 9, "of small", 20, "small"), Finding("elsewhere", 3, "of unet", 1, "unet")]
    assert list(headlines([*single, dear, cheap])) == ["of unet", "cheap range"]
    far = [Finding("carried", 0, f"how far {name}", 1, name) for name in ("small", "unet")]
    assert list(headlines([*single, *far, dear, cheap])) == ["of unet", "how far unet", "cheap range"]
    assert list(headlines(single)) == ["of small"]


def test_no_loss_is_said_where_the_wrong_variance_gains() -> None:
    better = row(UNET.but(variance=Range(0.1, 0.1)), {0.01: 31.5, 0.1: 24})
    assert findings([row(UNET, {0.01: 31, 0.1: 24.5}), better], (0.01, 0.1)) == []


def test_there_is_nothing_to_say_without_specialists_and_others() -> None:
    assert list(findings([LOW], (0.01, 0.1))) == []
    assert list(findings([BOTH], (0.01, 0.1))) == []


def test_a_specialist_that_diverged_is_left_out() -> None:
    diverged = row(UNET.but(variance=Range(0.1, 0.1)), {})
    (inside,) = findings([LOW, diverged, BOTH], (0.01, 0.1))
    assert inside.text.endswith("loses 0.50 ±0.00 dB against the specialist at 0.01, the only one inside the range.")


def test_a_network_is_set_beside_the_one_it_is_made_from() -> None:
    made = row(UNET.but(denoiser="unet_bias_free"), {0.001: 36, 0.01: 30.8, 0.1: 19})
    made.kin = "unet"
    biased = row(UNET, {0.001: 36.5, 0.01: 31, 0.1: 16})
    wide = row(UNET.but(denoiser="unet_bias_free", variance=Range(0.001, 0.01)), {0.001: 36, 0.01: 30.5, 0.1: 19})
    wide.kin = "unet"
    prices = [finding.text for finding in findings([biased, wide], (0.001, 0.01, 0.1)) if finding.kind == "range"]
    assert prices[0].endswith("dB against the specialist of `unet` at 0.01, the only one inside the range.")
    told = row(UNET.but(denoiser="unet_conditioned"), {0.001: 37, 0.01: 31.5, 0.1: 17})
    told.kin, told.blind = "unet", False
    *_, blindness = findings([biased, told], (0.001, 0.01, 0.1))
    start = "The price of blindness: told the variance, `unet_conditioned` minus `unet`, both trained on 0.01: +0.50 "
    assert blindness.text.startswith(start)
    *_, beside = findings([biased, made], (0.001, 0.01, 0.1))
    assert beside.text == (
        "`unet_bias_free` minus `unet`, both trained on 0.01: −0.20 ±0.00 dB at 0.01, −0.50 ±0.00 dB below, "
        "+3.00 ±0.00 dB above."
    )


def test_rows_of_other_seeds_are_compared_by_those_they_share() -> None:
    def seeded(experiment: Experiment, *psnr: float, first: int = 0) -> Row:
        made = row(experiment, {})
        seeds = tuple(range(first, first + len(psnr)))
        made.samples = {(v, "psnr"): Sample(np.array([p + SPREAD for p in psnr]), seeds) for v in (0.01, 0.1)}
        made.means = {cell: sample.mean for cell, sample in made.samples.items()}
        return made

    specialist, other = seeded(UNET, 31, 35), seeded(UNET.but(variance=Range(0.1, 0.1)), 29)
    wide = seeded(UNET.but(variance=Range(0.001, 0.1)), 30, 30)
    *_, price = findings([specialist, other, wide], (0.01, 0.1))
    # At 0.01 1 and 5 dB, at 0.1 -1 dB of the first seed alone: by that seed both together are even.
    assert price.text.startswith(
        "`unet` trained on 0.001..0.1 loses 0.00 ±0.00 dB (not distinguishable from none) against specialists, on "
        "average over 2 test variances inside; at worst 3.00 ±"
    )
    apart = seeded(UNET.but(variance=Range(0.001, 0.1)), 30, first=5)
    assert [finding.kind for finding in findings([specialist, other, apart], (0.01, 0.1))] == ["elsewhere"]


def test_an_ablation_says_what_was_best_where_all_were_trained() -> None:
    names = [LOW, row(UNET.but(options={"width": 8}), {0.01: 29, 0.1: 20})]
    names[1].subject = "unet(width=8)"
    (best,) = findings(names, (0.01, 0.1))
    assert best.text == "Best at variance 0.01, where all were trained: `unet`, 31.00 ±0.20 dB."

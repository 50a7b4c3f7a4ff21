"""The prose of the report, held by snapshots: `pytest tests/test_sentences.py --update-snapshots` writes them anew."""

import math
from dataclasses import replace

import pytest

from bench.analysis.breakdown import Floor
from bench.analysis.findings.answers import Carries, Mismatch, RangeCost, Span, Told, Variant
from bench.analysis.findings.carried import CarriedRanking
from bench.analysis.findings.exercises import AsPrinted, Deeper, Elsewhere, Ranged, UNet
from bench.analysis.findings.facts import (
    Ahead,
    Best,
    Difference,
    Finding,
    HowFar,
    KinDifference,
    LargestLoss,
    Leader,
    LossByFactor,
    NoiseMismatch,
    OtherNoises,
    RangePrice,
    SeedDeviation,
    TargetSlip,
    WrongVariance,
)
from bench.analysis.findings.variants import Contrast
from bench.analysis.intervals import Estimate
from bench.calibration.distances import PublishedDistance
from bench.report.render import render, sentence
from bench.report.tables.table import Table
from tests.conftest import Snapshot

HALF = Estimate(0.5, 0.04)
ONCE = Estimate(0.5, math.nan)
LEADERS = Leader("unet", "0.01", Estimate(30.125, 0.21)), Leader("bm3d †", None, Estimate(30.1, 0.2))
BEST = Best(False, None, 8, 8, LEADERS[:1], single_seed=False)
LOSS = LargestLoss("unet", "0.1", 0.001, 28.2, Estimate(11.33, 0.2), None, ())
AHEAD = Ahead(Floor(True, "median"), True, 6.7, 23.2, (), ())
PRICE = RangePrice("unet", "0.001..0.1 log-uniform", True, HALF, True, Estimate(2, 1.29), 0.1, 6, 6, "", 0)
DIFFERENCE = Difference("inside", Estimate(-0.12, 0.04), 1, significant=True)
PARTS = (
    replace(DIFFERENCE, count=6),
    Difference("below", HALF, 2, significant=False),
    replace(DIFFERENCE, side="above"),
)
KIN = KinDifference("unet_bias_free", "unet", "0.01", 0.01, False, (DIFFERENCE,))
SLIP = TargetSlip("conv_autoencoder", 0.01, Estimate(7.35, 1.63), 22.32, 29.66, None)
NOISES = (OtherNoises("gaussian", Estimate(0.2, 0.1), 5), OtherNoises("uniform", Estimate(-5, math.nan), 1))
NEAR, FAR, SIGNED = Span(0.2, 0.9, 4), Span(2.7, 6.6, 6), Span(-1.5, 0.4, 4)
PUBLISHED = PublishedDistance("unet", 117_073, (25 / 255) ** 2, 28.9, "DnCNN-S, Zhang et al. TIP 2017", 29.23)
FINDINGS: list[Finding] = [
    BEST,
    replace(BEST, blind=True, count=6, single_seed=True),
    replace(BEST, at=0.01, leaders=LEADERS),
    replace(BEST, leaders=LEADERS * 3, single_seed=True),
    LOSS,
    replace(LOSS, specialist="unet_bias_free", better=("clip",)),
    replace(LOSS, better=("wiener", "bm3d †")),
    CarriedRanking("BSD68", 0.0015, 0.834, 0.7, 0.91, 20, "unet, trained on σ=0..55", 1),
    CarriedRanking("BSD68", 0.0015, -0.2, -0.61, 0.3, 20, "unet, trained on σ=0..55", 7),
    LossByFactor("unet", {0.1: Estimate(3.79, 0.11), 0.5: HALF, 2.0: ONCE, 10.0: HALF}),
    HowFar("unet", (AHEAD,)),
    HowFar(
        "unet",
        (replace(AHEAD, largest=6.7, to_end=("0.1", "0.2")), replace(AHEAD, floor=Floor(False, "clip"), upwards=False)),
    ),
    HowFar("unet", (replace(AHEAD, nowhere=("0.5",)), replace(AHEAD, upwards=False, to_end=("0.1",), nowhere=("1",)))),
    PRICE,
    replace(PRICE, blind=False, loss=Estimate(-0.1, 0.2), significant=False, count=5, kin="unet", of_kin=3),
    replace(PRICE, kin="unet", of_kin=6),
    replace(PRICE, count=1),
    replace(PRICE, count=1, of=1, kin="unet", of_kin=1),
    KIN,
    replace(KIN, at=None, trained="0.001..0.1", price_of_blindness=True, parts=PARTS),
    SLIP,
    replace(SLIP, second_draw=Estimate(0.15, 0.17)),
    replace(SLIP, second_draw=Estimate(-0.15, math.nan)),
    replace(SLIP, one_draw={"sure": Estimate(0.11, 0.05), "masked": Estimate(3.2, 0.1)}, listing=False),
    SeedDeviation("conv_autoencoder", "0.01", 5, {0.01: 0.1581, (25 / 255) ** 2: 1}),
    NoiseMismatch("conv_autoencoder", "0.01", 0.02, NOISES),
    WrongVariance("unet_conditioned †", ((0.25, HALF), (0.7, Estimate(-0.02, 0.05)), (4.0, ONCE))),
    PUBLISHED,
    replace(PUBLISHED, psnr=29.5),
    Mismatch("mnist", (("conv_autoencoder", NEAR, FAR), ("unet", Span(0.4, 0.43, 2), None))),
    RangeCost("mnist", "0.001..0.1", (("conv_autoencoder", HALF, 2.0, 0.001, 6), ("unet", ONCE, 0.61, 0.1, 6))),
    Carries("mnist", "0.01", "tuned median", (("conv_autoencoder", 0.0991), ("unet", None))),
    Variant("unet_bias_free", "unet", (("mnist", "0.01", HALF, FAR, SIGNED), ("BSD68", "σ=25", None, None, NEAR))),
    Variant("unet_bias_free", "unet", (("mnist", "0.01", HALF, FAR, None),), Contrast(Estimate(-3, 0.5), HALF)),
    Told("mnist", "unet_conditioned †", "unet", "0.001..0.1", HALF, significant=True),
    Told("mnist", "unet_conditioned †", "unet", "0.001..0.1", HALF, significant=False),
    Elsewhere("conv_autoencoder", "0.01", ((0.001, 34.8, 38.4), (0.01, 30.6, 30.6), (0.5, 8.6, None)), ()),
    Ranged("conv_autoencoder", "0.001..0.1", "0.01", HALF, ((0.001, 36.4, 34.8), (0.5, 13.1, 8.6)), ()),
    Deeper("deep_autoencoder", "conv_autoencoder", "0.01", HALF, (("`unet`, epochs=8", HALF, False),), ()),
    Deeper("deep_autoencoder", "conv_autoencoder", "0.01", None, (("`unet`, epochs=8", HALF, True),), ()),
    UNet("unet", "conv_autoencoder", "0.01", HALF, NEAR, SIGNED, FAR, ()),
    UNet("unet", "conv_autoencoder", "0.01", HALF, None, None, None, ()),
    AsPrinted("conv_autoencoder", 0.01, 22.32, 29.66, 22.66),
    AsPrinted("conv_autoencoder", 0.01, 22.32, 29.66, None),
]


@pytest.mark.parametrize("kind", Finding.__subclasses__())
def test_every_kind_of_finding_has_its_sentences(kind: type[Finding], snapshot: Snapshot) -> None:
    snapshot(kind.__name__, "".join(f"{sentence(finding)}\n" for finding in FINDINGS if type(finding) is kind))


TABLE = Table("Title", ("a", "b"), (("x", "y"),), "a note")


@pytest.mark.parametrize(
    ("name", "variants"),
    {
        "conventions": [{"recorded": False}, {"recorded": True}],
        "limits": [{"mnist": False}, {"mnist": True}],
        "reproduce": [
            {"commands": ["first", "second"], "packages": {}, "folders": []},
            {"commands": ["only"], "packages": {"bm3d": "bm3d"}, "folders": ["folder:a@1", "folder:b@2"]},
        ],
        "calibration": [
            {"outcomes": [1, 2, 3], "outside": [], "absent": [], "table": TABLE},
            {"outcomes": [1, 2, 3], "outside": ["x", "y"], "absent": ["`a`: needs --data", "`b`: too"], "table": TABLE},
            {"outcomes": [], "outside": [], "absent": ["`a`: needs --data"], "table": TABLE},
        ],
        "cost": [{"folder": "f", "drawings": [], "table": TABLE, "conditions": "a machine", "untimed": ["x", "y"]}],
        "harness": [
            {"table": TABLE, "conditions": "a machine", "falls_short": False, "missing": []},
            {"table": TABLE, "conditions": "a machine", "falls_short": True, "missing": ["this", "that"]},
        ],
        "ablations_at_a_glance": [{"table": TABLE}],
        "equivariance": [{"table": TABLE}],
        "noise_level": [{"table": TABLE}],
        "proof": [
            {
                "kept": {
                    "BSD68": {"close": 0.914, "lost": [0.051, 0.01], "images": 68, "variances": ["σ=10", "σ=25"]}
                    | {"trainings": 12}
                },
                "table": TABLE,
            }
        ],
        "statistics": [{}],
    }.items(),
)
def test_every_chapter_has_its_text(name: str, variants: list[dict[str, object]], snapshot: Snapshot) -> None:
    snapshot(name, "\n\n---\n\n".join(render(name, **values) for values in variants) + "\n")

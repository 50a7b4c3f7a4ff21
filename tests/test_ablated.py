"""What single ablations say, from made-up stores with known answers."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.ablations import ABLATIONS
from bench.analysis.findings.ablations import noise_mismatches, seed_deviations, target_slips
from bench.analysis.findings.facts import SeedDeviation
from bench.analysis.intervals import Sample
from bench.analysis.rows import Row, rows_of
from bench.analysis.scored import Scored
from bench.analysis.tutorial_losses import PRINTED, is_printed
from bench.calibration.measure import Setting, tutorial
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST, TUTORIAL, Recipe
from bench.core.results import ROWS, Progress
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.noises import NOISES
from bench.report.render import sentence
from bench.report.report import build
from bench.report.tables.tutorial import losses_beside
from bench.running.plan import ablation
from bench.store.frames import scores_frame
from bench.store.store import Store
from tests import made_up
from tests.conftest import Counter, Snapshot

PROTOCOL = Protocol("mnist", "gaussian", (0.01,), ("psnr",), 100)
BASE = Experiment("conv_autoencoder", (), "mnist", "gaussian", Range(0.01, 0.01), FAST)
HUNDREDTH = Range(0.01, 0.01)
IMAGES = np.tile([-1.0, 1.0], 50)


def keep(
    store: Store, experiment: Experiment, psnr: float, losses: Any = (0.1,), protocol: Protocol = PROTOCOL
) -> None:
    history = [
        Progress(epoch + (row + 1) / ROWS, loss, loss if row == ROWS - 1 else None)
        for epoch, loss in enumerate(losses)
        for row in range(ROWS)
    ]
    made_up.keep(store, protocol, experiment, {0.01: psnr + IMAGES}, history)


def asked(store: Store, name: str, seeds: int) -> list[Section]:
    sections = ablation(name, [], Range(0.01, 0.01), PROTOCOL, FAST, seeds)
    for section in sections:
        store.ask(section)
    return sections


def test_the_slip_of_the_tutorial_is_found_with_its_interval(tmp_path: Path, snapshot: Snapshot) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "target", seeds=3)
    printed = np.array(PRINTED["training"])
    for experiment in section.experiments:
        assert experiment.recipe is not None
        psnr = {"noisy": 23.0, "clean": 29.45, "renoised": 29.25}[experiment.recipe.target]
        # The middle seed prints what the tutorial does, and the others lie 1 % to each side.
        keep(store, experiment, psnr + 0.01 * experiment.seed, printed * (0.99 + 0.01 * experiment.seed))
    rows = rows_of(store, section)
    (slip,) = target_slips(rows)
    assert (slip.denoiser, slip.variance) == ("conv_autoencoder", 0.01)
    assert (slip.noisy, slip.clean) == pytest.approx((23.01, 29.46))
    assert slip.loss == pytest.approx((6.45, 0), abs=1e-9)
    assert slip.second_draw == pytest.approx((0.2, 0), abs=1e-9)
    losses = losses_beside(store, tutorial_row(rows))
    assert losses is not None
    # Validation is made up as training is, and only the training losses agree with what is printed for them.
    spread = 4.303 * 0.01 * printed * (4 / 3) ** 0.5
    inside = sum(abs(np.array(PRINTED["validation"]) - printed) <= spread)
    assert (losses.seeds, losses.inside, losses.of) == (3, 10 + inside, 20)
    interval = f"0.02538 ±{spread[0]:.5f}"
    assert losses.table.rows[0] == ("1", "0.02538", interval, "yes", "0.01088", interval, "no (−0.01450)")
    text = build(store).pages["pages/training.md"]
    assert sentence(slip) in text
    snapshot("ablation", text)


def test_what_one_noisy_image_each_costs_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "no_clean_images", seeds=2)
    for experiment in section.experiments:
        assert experiment.recipe is not None
        psnr = {"noisy": 22.8, "clean": 30.6, "renoised": 30.5, "sure": 30.4, "masked": 27.4}[experiment.recipe.target]
        keep(store, experiment, psnr + 0.01 * experiment.seed, np.ones(1))
    (slip,) = target_slips(rows_of(store, section))
    assert {target: loss.mean for target, loss in slip.one_draw.items()} == pytest.approx({"sure": 0.2, "masked": 3.2})
    assert not slip.listing
    assert sentence(slip) in build(store).pages["pages/data.md"]


def tutorial_row(rows: Sequence[Row]) -> Row:
    (row,) = (row for row in rows if is_printed(row.experiment))
    return row


def test_one_training_agrees_with_nothing_since_nobody_knows_its_spread(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "target", seeds=1)
    assert losses_beside(store, tutorial_row(rows_of(store, section))) is None
    for experiment in section.experiments:
        keep(store, experiment, 23.0, PRINTED["training"])
    losses = losses_beside(store, tutorial_row(rows_of(store, section)))
    assert losses is not None
    assert losses.seeds == 1
    assert losses.table.rows[0] == ("1", "0.02538", "0.02538", "–", "0.01088", "0.02538", "–")
    assert "beside one training of it here" in build(store).text


def test_seeds_stand_in_rows_of_their_own_and_their_spread_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "seeds", seeds=3)
    for experiment in section.experiments:
        keep(store, experiment, 30 + 0.1 * experiment.seed)
    rows = rows_of(store, section)
    assert [row.training for row in rows] == [f"0.01 (seed {seed})" for seed in range(5)]
    deviation = 0.1 * 2.5**0.5  # of five in steps of 0.1
    (deviations,) = seed_deviations(rows)
    assert deviations == SeedDeviation("conv_autoencoder", "0.01", 5, deviations.deviations)
    assert deviations.deviations == pytest.approx({0.01: deviation})


def test_laws_of_noise_are_one_table_of_training_and_test(tmp_path: Path, snapshot: Snapshot) -> None:
    store = Store(tmp_path / "full")
    sections = asked(store, "noise_law", seeds=1)
    assert len(sections) == len(NOISES)
    for section in sections:
        for experiment in section.experiments:
            same = experiment.noise == section.protocol.noise
            keep(store, experiment, 30.0 if same else 25.0, protocol=section.protocol)
    text = build(store).pages["pages/noise.md"]
    assert text.count("## Ablation `noise_law`") == 1
    snapshot("ablation_by_noise", text)
    for noise in ("gaussian", "laplace", "salt_and_pepper"):
        (line,) = (line for line in text.splitlines() if line.startswith(f"| conv_autoencoder | 0.01 ({noise}) |"))
        assert line.count("**30.0") == 1
        assert line.count("25.0") == len(NOISES) - 1
    (sentence,) = (line for line in text.splitlines() if "on 0.01 with one noise, and test it at 0.01" in line)
    assert all(f"−5.00 ±0.00 dB ({noise}, mean over {len(NOISES) - 1})" in sentence for noise in NOISES)


def test_what_a_law_of_noise_costs_is_told_from_least_to_most_and_over_what_is_there() -> None:
    def tested(psnr: dict[str, float], variance: Range = HUNDREDTH) -> list[Row]:
        return [
            Row(
                BASE.but(noise=trained, variance=variance),
                samples={(0.01, "psnr"): Sample((value + IMAGES)[None], (0,))},
            )
            for trained, value in psnr.items()
        ]

    wide = tested({"laplace": 12.0, "gaussian": 10.0}, Range(0.001, 0.1))
    found = {
        "gaussian": [*tested({"gaussian": 30.0, "laplace": 29.0, "uniform": 33.0}), *wide],
        "laplace": tested({"gaussian": 26.0, "laplace": 31.0}),
        "uniform": tested({"gaussian": math.inf, "uniform": 31.0}),
    }
    (mismatch,) = noise_mismatches(found, 0.01)
    assert [(other.trained, other.gain, other.count) for other in mismatch.noises] == [
        ("uniform", (3, 0), 1),
        ("laplace", (-1, 0), 1),
        ("gaussian", (-5, 0), 1),
    ]
    assert list(noise_mismatches(found, 0.1)) == []


def test_options_stand_with_their_defaults_where_others_have_other_values(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "width", seeds=1)
    names = [row.name for row in rows_of(store, section)]
    assert sorted(names) == [f"conv_autoencoder(width={width})" for width in (16, 4, 8)]


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_can_be_planned_with_the_denoiser_it_is_about(name: str) -> None:
    for section in ablation(name, [], Range(0.01, 0.01), PROTOCOL, FAST, seeds=2):
        assert len(section.experiments) >= (2 if ABLATIONS[name].told else 4)  # two seeds
        assert {experiment.seed for experiment in section.experiments} >= {0, 1}


@pytest.mark.parametrize("name", ["schedule", "optimizer"])
def test_what_changes_muon_does_not_start_from_adam(name: str) -> None:
    with pytest.raises(ValueError, match="got one of adam; leave out --recipe"):
        ablation(name, [], Range(0.01, 0.01), PROTOCOL, TUTORIAL, seeds=1)


def test_an_ablation_over_a_range_needs_a_test_variance_inside() -> None:
    with pytest.raises(ValueError, match="no test variance lies in it"):
        ablation("noise_law", [], Range(0.3, 0.4), replace(PROTOCOL, variances=(0.01,)), FAST, seeds=1)


def test_an_ablation_over_a_range_is_tested_inside_it() -> None:
    wide = replace(PROTOCOL, variances=(0.001, 0.01, 0.1, 0.5))
    sections = ablation("noise_law", [], Range(0.01, 0.1), wide, FAST, seeds=1)
    assert {section.protocol.variances for section in sections} == {(0.01, 0.1)}


def test_calibration_counts_the_printed_losses_that_do_not_agree(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "target", seeds=3)
    setting = Setting(tmp_path, store)
    for experiment in section.experiments:
        keep(store, experiment, 23.0, np.array(PRINTED["training"]) * (0.99 + 0.01 * experiment.seed))
    (row,) = tutorial(setting)
    # Validation losses are made up as those of training, and some of them are far from what is printed.
    far = [abs(b / a - 1) > 4.303 * 0.01 * (4 / 3) ** 0.5 for a, b in zip(*PRINTED.values(), strict=True)]
    assert (row.published, row.ours) == (1, sum(far))
    assert row.holds == (sum(far) <= 3)
    assert row.conventions.endswith("3 seeds here")
    store.ask(replace(section, protocol=replace(PROTOCOL, noise="laplace")))  # which the same trainings are scored by
    assert tutorial(setting) == [row]
    for experiment in section.experiments:
        keep(store, experiment, 23.0, np.full(10, 0.1) * (0.99 + 0.01 * experiment.seed))
    (row,) = tutorial(setting)
    assert row.ours == 20
    assert not row.holds


def test_a_wrong_variance_costs_those_that_are_told(tmp_path: Path) -> None:
    """Made-up: half the variance costs 1 dB, twice 0.5 dB."""
    told = made_up.UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1, "log-uniform"))
    protocol = Protocol("shapes", "gaussian", (0.01, 0.1), ("psnr",), 4)
    store = Store(tmp_path / "smoke")
    levels: dict[float | str, float] = {0.5: 29.0, 1.0: 30.0, 2.0: 29.5, "estimate": 29.75}
    for factor, level in levels.items():
        asked = replace(protocol, told=factor)
        values = {variance: level - 50 * variance + np.arange(4) / 100 for variance in asked.variances}
        made_up.keep(store, asked, told, values, measured=replace(made_up.MEASURED, blind=False))
        store.ask(Section("told", asked, (told,), bases=(told,)))
    report = build(store)
    text = report.pages["pages/noise.md"]
    (drawing,) = (drawing for drawing in report.drawings if drawing.kind == "losses")
    (line,) = (line for line in drawing.draw().axes[0].lines if line.get_marker() not in ("None", "_"))  # no caps
    assert np.array(line.get_xydata()) == pytest.approx(np.array([[0.5, 1], [1, 0], [2, 0.5]]))
    assert "`unet_conditioned †`, on average over the test variances: told 0.5 times the variance, it loses" in text
    assert "| unet_conditioned † | 0.001..0.1 log-uniform | 1.00 ±0.00 | 0.50 ±0.00 | 0.25 ±0.00 |" in text
    assert "told the estimate from the image, it loses 0.25 dB" in text.replace(" ±0.00", "")
    assert set(scores_frame(store).told) == {0.5, 1.0, 2.0, "estimate"}
    assert Scored(store).others == []


def test_a_denoiser_is_told_what_the_protocol_says(counter: Counter) -> None:
    words = (
        "--ablate",
        "told",
        "--profile",
        "smoke",
        "--test",
        "0.01",
        "--metrics",
        "psnr",
        "--denoisers",
        "memorizer",
    )
    assert counter.run(*words) == 0
    store = Store(Path("results/smoke"))
    factors = {section.protocol.told: section for section in store.sections()}
    assert set(factors) == {0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0, "estimate"}
    (experiment,) = factors[1.0].experiments
    psnr = {f: store.scores(experiment, section.protocol)[0].mean for f, section in factors.items()}
    assert len(set(psnr.values())) == 8
    told = pd.read_csv("results/smoke/told.csv")
    lost = psnr[1.0] - psnr[2.0]
    assert told[told.factor == "2.0"]["mean"].item() == pytest.approx(lost, abs=1e-4)
    assert counter.run("--grid", *words[2:], "--denoisers", "memorizer") == 0
    assert counter.scored == []  # told the truth, it is that of every table
    assert counter.run("--ablate", "told", "--profile", "smoke", "--denoisers", "unet") == 2


def test_no_more_images_are_repeated_than_there_are() -> None:
    def counts(dataset: str, recipe: Recipe = FAST) -> list[int]:
        protocol = replace(PROTOCOL, dataset=dataset)
        (section,) = ablation("train_images", [], Range(0.01, 0.01), protocol, recipe, seeds=1)
        return [experiment.recipe.train_images for experiment in section.experiments if experiment.recipe]

    assert counts("mnist") == [0, 10_000, 1_000, 100, 32]
    assert counts("shapes") == [0, 100, 32]
    assert counts("mnist", TUTORIAL)[-1] == 100  # since 32 are less than a batch


def test_a_protocol_of_the_truth_has_the_digest_of_old() -> None:
    assert replace(PROTOCOL, told=1.0).digest == PROTOCOL.digest != replace(PROTOCOL, told=2.0).digest
    with pytest.raises(ValueError, match="a positive multiple of the variance, or its estimate, got 0"):
        replace(PROTOCOL, told=0)

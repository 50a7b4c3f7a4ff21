"""What single ablations say, from made-up stores with known answers."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.ablations import ABLATIONS
from bench.analysis.intervals import Sample
from bench.analysis.rows import Row, rows_of
from bench.analysis.tutorial_losses import PRINTED
from bench.calibration.measure import Setting, tutorial
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST, TUTORIAL
from bench.core.results import ROWS, Progress, Restored
from bench.core.tasks import Result, Section, Task
from bench.core.variance import Range
from bench.noises import NOISES
from bench.report.report import build
from bench.report.sentences.ablations import law_losses, remarks
from bench.running.plan import ablation
from bench.store.store import Store

PROTOCOL = Protocol("mnist", "gaussian", (0.01,), ("psnr",), 100)
BASE = Experiment("conv_autoencoder", (), "mnist", "gaussian", Range(0.01, 0.01), FAST)
HUNDREDTH = Range(0.01, 0.01)
IMAGES = np.tile([-1.0, 1.0], 50)


def keep(
    store: Store, experiment: Experiment, psnr: float, losses: Any = (0.1,), protocol: Protocol = PROTOCOL
) -> None:
    pictures = np.zeros((1, 16, 16), np.uint8)
    history = [
        Progress(epoch + (row + 1) / ROWS, loss, loss if row == ROWS - 1 else None)
        for epoch, loss in enumerate(losses)
        for row in range(ROWS)
    ]
    restored = [(protocol, Restored(0.01, {"psnr": psnr + IMAGES}, pictures, pictures))]
    conditions = {"device": "cpu", "threads": 1, "torch": "2", "python": "3", "parameters": 10, "blind": True}
    conditions |= {"seconds": {}, "sources": {}}
    store.keep(Result(Task(experiment, ()), history, None, restored, conditions))


def asked(store: Store, name: str, seeds: int) -> list[Section]:
    sections = ablation(name, [], Range(0.01, 0.01), PROTOCOL, FAST, seeds)
    for section in sections:
        store.ask(section)
    return sections


def test_the_slip_of_the_tutorial_is_told_in_words_with_its_interval(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "target", seeds=3)
    printed = np.array(PRINTED["training"])
    for experiment in section.experiments:
        assert experiment.recipe is not None
        psnr = {"noisy": 23.0, "clean": 29.45, "renoised": 29.25}[experiment.recipe.target]
        # The middle seed prints what the tutorial does, and the others lie 1 % to each side.
        keep(store, experiment, psnr + 0.01 * experiment.seed, printed * (0.99 + 0.01 * experiment.seed))
    text, _ = build(store, "figures")
    assert (
        "At variance 0.01 that slip costs `conv_autoencoder` 6.45 ±0.00 dB: 23.01 dB as printed, 29.46 dB with the "
        "clean target." in text
    )
    assert "(Noise2Noise) needs no clean image either, and is 0.20 ±0.00 dB below the clean target." in text
    # Validation is made up as training is, and only the training losses agree with what is printed for them.
    assert "beside 3 trainings of it here: " in text
    spread = 4.303 * 0.01 * printed[0] * (4 / 3) ** 0.5
    assert f"| 1 | 0.02538 | 0.02538 ±{spread:.5f} | yes | 0.01088 | 0.02538 ±{spread:.5f} | no (−0.01450) |" in text


def test_one_training_agrees_with_nothing_since_nobody_knows_its_spread(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "target", seeds=1)
    for experiment in section.experiments:
        keep(store, experiment, 23.0, PRINTED["training"])
    (row, *_) = (
        row
        for row in rows_of(store, section)
        if row.experiment.recipe is not None and row.experiment.recipe.target == "noisy"
    )
    text = "".join(remarks(store, section, [row]))
    assert "| 1 | 0.02538 | 0.02538 | – | 0.01088 | 0.02538 | – |" in text
    assert "yes" not in text
    assert "no (" not in text


def test_seeds_stand_in_rows_of_their_own_and_their_spread_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "seeds", seeds=3)
    for experiment in section.experiments:
        keep(store, experiment, 30 + 0.1 * experiment.seed)
    rows = rows_of(store, section)
    assert [row.training for row in rows] == [f"0.01 (seed {seed})" for seed in range(5)]
    text = "".join(remarks(store, section, rows))
    assert "Standard deviation between the 5 trainings" in text
    assert f"{np.std([0, 0.1, 0.2, 0.3, 0.4], ddof=1):.3f} at 0.01" in text


def test_laws_of_noise_are_one_table_of_training_and_test(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    sections = asked(store, "noise_law", seeds=1)
    assert len(sections) == 6
    for section in sections:
        for experiment in section.experiments:
            same = experiment.noise == section.protocol.noise
            keep(store, experiment, 30.0 if same else 25.0, protocol=section.protocol)
    text, _ = build(store, "figures")
    assert text.count("## Ablation `noise_law`") == 1
    for noise in ("gaussian", "laplace", "salt_and_pepper"):
        (line,) = (line for line in text.splitlines() if line.startswith(f"| conv_autoencoder | 0.01 ({noise}) |"))
        assert line.count("**30.0") == 1
        assert line.count("25.0") == 5
    (sentence,) = (line for line in text.splitlines() if "trained on 0.01 with one noise and tested at 0.01" in line)
    assert all(f"−5.00 ±0.00 dB ({noise}, 5)" in sentence for noise in NOISES)


def test_what_a_law_of_noise_costs_is_told_from_least_to_most_and_over_what_is_there() -> None:
    def tested(psnr: dict[str, float], variance: Range = HUNDREDTH) -> list[Row]:
        rows = [Row(BASE.but(noise=trained, variance=variance)) for trained in psnr]
        for row, value in zip(rows, psnr.values(), strict=True):
            row.samples = {(0.01, "psnr"): Sample((value + IMAGES)[None], (0,))}
        return rows

    wide = tested({"laplace": 12.0, "gaussian": 10.0}, Range(0.001, 0.1))
    found = {
        "gaussian": [*tested({"gaussian": 30.0, "laplace": 29.0, "uniform": 33.0}), *wide],
        "laplace": tested({"gaussian": 26.0, "laplace": 31.0}),
        "uniform": tested({"gaussian": math.inf, "uniform": 31.0}),
    }
    assert [text.partition("): ")[2] for text in law_losses(found, 0.01)] == [
        "+3.00 ±0.00 dB (uniform, 1), −1.00 ±0.00 dB (laplace, 1), −5.00 ±0.00 dB (gaussian, 1).\n"
    ]
    assert list(law_losses(found, 0.1)) == []


def test_options_stand_with_their_defaults_where_others_have_other_values(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    (section,) = asked(store, "width", seeds=1)
    names = [row.name for row in rows_of(store, section)]
    assert sorted(names) == [f"conv_autoencoder(width={width})" for width in (16, 4, 8)]


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_can_be_planned_with_the_denoiser_it_is_about(name: str) -> None:
    for section in ablation(name, [], Range(0.01, 0.01), PROTOCOL, FAST, seeds=2):
        assert len(section.experiments) >= 4
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

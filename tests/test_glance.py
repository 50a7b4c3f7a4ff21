"""All ablations in one table, from made-up stores with known answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.analysis.effects import effects_frame
from bench.analysis.rows import rows_of
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST, TUTORIAL, Recipe
from bench.core.tasks import Section
from bench.core.variance import Range
from bench.report.report import build
from bench.report.tables.ablations import glance_table
from bench.running.plan import ablation, grid
from bench.store.store import Store
from tests import made_up

PROTOCOL = Protocol("mnist", "gaussian", (0.005, 0.01, 0.02, 0.05), ("psnr",), 100)
IMAGES = np.tile([-1.0, 1.0], 50)


def keep(store: Store, experiment: Experiment, *psnr: float, kin: str = "") -> None:
    """Scores at the four test variances, of 100 images that all differ from them by one dB."""
    values = {variance: level + IMAGES for variance, level in zip(PROTOCOL.variances, psnr, strict=True)}
    made_up.keep(store, PROTOCOL, experiment, values, measured=replace(made_up.MEASURED, kin=kin))


def asked(
    store: Store, name: str, *denoisers: str, seeds: int = 1, variance: float = 0.01, recipe: Recipe = FAST
) -> Section:
    (section,) = ablation(name, denoisers, Range(variance, variance), PROTOCOL, recipe, seeds)
    store.ask(section)
    return section


def lines(store: Store) -> list[tuple[str, ...]]:
    """Of the table, after the columns that every line shares."""
    return [
        row[3:]
        for row in glance_table(effects_frame((section, rows_of(store, section)) for section in store.sections())).rows
    ]


def test_every_change_stands_beside_what_it_does_where_trained_and_elsewhere(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    for experiment in asked(store, "width").experiments:
        width = dict(experiment.options).get("width", 8)
        keep(store, experiment, *{8: (33, 30, 27, 24), 4: (32, 29.5, 27, 24), 16: (33, 30, 28, 27)}[width])
    assert lines(store) == [
        ("width=16", "+0.00 ±0.00 ?", "+0.00 ±0.00 ?", "+2.00 ±0.00", "1"),
        ("width=4", "−0.50 ±0.00", "−1.00 ±0.00", "+0.00 ±0.00 ?", "1"),
    ]
    text = build(store).text
    assert text.index("## At a glance: mnist, gaussian noise") < text.index("## Ablation `width`")
    assert "of one seed, a difference holds for those two trainings" in text


def test_each_denoiser_is_compared_with_its_own_base_and_a_relative_with_what_it_is_made_from(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    level = {"conv_autoencoder": 30.0, "unet": 31.0, "unet_bias_free": 30.5}
    for experiment in asked(store, "loss", "conv_autoencoder", "unet").experiments:
        assert experiment.recipe is not None
        lost = {"psnr": 0.0, "mse": 0.125, "l1": 0.25, "charbonnier": 0.5}[experiment.recipe.loss]
        keep(store, experiment, *[level[experiment.denoiser] - lost] * 4)
    for experiment in asked(store, "bias_free").experiments:
        kin = "unet" if experiment.denoiser == "unet_bias_free" else ""
        keep(store, experiment, *[level[experiment.denoiser]] * 4, kin=kin)
    found = [(change, at) for change, at, *_ in lines(store)]
    assert found.count(("loss=l1", "−0.25 ±0.00")) == 2
    assert found.count(("loss=charbonnier", "−0.50 ±0.00")) == 2
    assert found.count(("`unet_bias_free`", "−0.50 ±0.00")) == 1
    assert len(found) == 7


def test_trainings_that_differ_in_their_seed_alone_are_the_yardstick(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    for experiment in asked(store, "seeds").experiments:
        keep(store, experiment, 33 + experiment.seed, 30 + 0.1 * experiment.seed, 27, 24 + 2 * experiment.seed)
    spread = float(np.std(range(5), ddof=1))
    (line,) = lines(store)
    assert line == ("another seed", f"sd {0.1 * spread:.2f}", f"sd {spread:.2f}", f"sd {spread:.2f}", "5")


def test_seeds_are_averaged_and_their_differences_paired(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    for experiment in asked(store, "precision", seeds=3).experiments:
        assert experiment.recipe is not None
        gain = 0.3 * (experiment.recipe.precision == "bfloat16")
        keep(store, experiment, *[30 + experiment.seed + gain] * 4)
    # Trainings lie 1 dB apart, and the change gains the same in each: the interval is of the differences.
    assert lines(store) == [("precision=bfloat16", *["+0.30 ±0.00"] * 3, "3")]
    text = build(store).text
    assert "of one seed" not in text


def test_each_ablation_is_corrected_by_itself(tmp_path: Path) -> None:
    """Three seeds tell a difference in a family of one that they do not tell among eighteen."""
    store, rng = Store(tmp_path / "full"), np.random.default_rng(1)
    for name in ("schedule", "precision"):
        for experiment in asked(store, name, seeds=3).experiments:
            assert experiment.recipe is not None
            lost = 0.15 * (experiment.recipe.lr != FAST.lr or experiment.recipe.precision == "bfloat16")
            keep(store, experiment, *(30 - lost + 0.02 * rng.normal(size=4)))
    found = {change: at for change, at, *_ in lines(store)}
    assert not found["precision=bfloat16"].endswith("?")
    assert found["lr=0.06"].endswith("?")


def test_each_command_has_a_base_of_its_own(tmp_path: Path) -> None:
    """An ablation that was asked three times: at two variances, and with another recipe."""
    store = Store(tmp_path / "full")
    for variance, recipe, level in ((0.01, FAST, 30.0), (0.02, FAST, 28.0), (0.01, TUTORIAL, 26.0)):
        for experiment in asked(store, "width", variance=variance, recipe=recipe).experiments:
            keep(store, experiment, *[level + dict(experiment.options).get("width", 8) / 8] * 4)
    changes = [(change, at) for change, at, *_ in lines(store)]
    assert sorted(changes) == [("width=16", "+1.00 ±0.00")] * 3 + [("width=4", "−0.50 ±0.00")] * 3
    found = {
        row[1:3]
        for row in glance_table(effects_frame((section, rows_of(store, section)) for section in store.sections())).rows
    }
    base = "`conv_autoencoder(width=8)`"
    assert found == {("0.01", f"{base}, fast"), ("0.02", f"{base}, fast"), ("0.01", f"{base}, tutorial")}


def test_nothing_to_compare_makes_no_table(tmp_path: Path) -> None:
    store = Store(tmp_path / "full")
    asked(store, "width")
    store.ask(grid({"unet": [Range(0.01, 0.01)]}, PROTOCOL, FAST, seeds=1))
    assert "At a glance" not in build(store).text

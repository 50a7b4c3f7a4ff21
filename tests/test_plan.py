from dataclasses import replace
from typing import Any

import pytest

from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST, RECIPES
from bench.core.registry import UnknownName
from bench.core.tasks import Task
from bench.core.variance import Range, written
from bench.measurements import MEASUREMENTS
from bench.running import checks
from bench.running.command import Command
from bench.running.plan import ablation, cost, grid, settle
from tests import made_up

PROTOCOL = Protocol("shapes", "gaussian", (0.01, 0.1), ("psnr",), 128)
RANGES = [Range(0.01, 0.01), Range(0.001, 0.1)]


def test_a_denoiser_without_weights_is_one_experiment_whatever_the_training() -> None:
    section = grid(dict.fromkeys(["clip", "unet"], RANGES), PROTOCOL, FAST, seeds=2)
    assert [experiment.denoiser for experiment in section.experiments] == ["clip"] + 4 * ["unet"]
    (clip,) = (e for e in section.experiments if e.denoiser == "clip")
    assert (clip.variance, clip.recipe, clip.dataset) == (None, None, None)
    assert {e.seed for e in section.experiments if e.denoiser == "unet"} == {0, 1}


def test_what_is_named_twice_is_planned_once() -> None:
    section = grid({"unet": [*RANGES, *RANGES]}, PROTOCOL, FAST, seeds=1)
    assert len(section.experiments) == 2


@pytest.mark.parametrize("change", [{"dataset": "minst"}, {"noise": "gausian"}, {"metrics": ("pnsr",)}])
def test_every_name_is_checked(change: dict[str, Any]) -> None:
    with pytest.raises(UnknownName, match=r"did you mean '(mnist|gaussian|psnr)'"):
        grid(dict.fromkeys(["unet"], RANGES), replace(PROTOCOL, **change), FAST, seeds=1)
    with pytest.raises(UnknownName, match="did you mean 'median'"):
        grid(dict.fromkeys(["medain"], RANGES), PROTOCOL, FAST, seeds=1)


def test_an_ablation_starts_from_a_base_that_learns() -> None:
    (section,) = ablation("training_noise", ["conv_autoencoder"], RANGES[0], PROTOCOL, FAST, seeds=1)
    assert len(section.experiments) == 11
    with pytest.raises(ValueError, match="needs a denoiser that is trained, and 'median' is not"):
        ablation("training_noise", ["median"], RANGES[0], PROTOCOL, FAST, seeds=1)
    with pytest.raises(UnknownName, match="did you mean 'training_noise'"):
        ablation("training_nose", ["unet"], RANGES[0], PROTOCOL, FAST, seeds=1)


def test_an_unbiased_estimate_of_the_risk_needs_noise() -> None:
    experiment = made_up.UNET.but(variance=Range(0, 0), recipe=replace(FAST, target="sure", loss="mse"))
    with pytest.raises(ValueError, match="divides by the noise, and there is none at --train 0"):
        checks.check([Task(experiment, ())])


def test_an_option_the_denoiser_lacks_is_refused_in_the_plan() -> None:
    with pytest.raises(ValueError, match="denoiser 'unet' has no option 'depth'; it has: width"):
        ablation("depth", ["unet"], RANGES[0], PROTOCOL, FAST, seeds=1)


def test_sections_of_one_question_join() -> None:
    one = grid(dict.fromkeys(["clip"], RANGES), PROTOCOL, FAST, seeds=1)
    two = grid(
        dict.fromkeys(["clip", "noisy"], RANGES), replace(PROTOCOL, variances=(0.2,), metrics=("mse",)), FAST, seeds=1
    )
    both = one.joined(two)
    assert one.key == two.key == both.key
    assert [e.denoiser for e in both.experiments] == ["clip", "noisy"]
    assert both.protocol.variances == (0.01, 0.1, 0.2)
    assert both.protocol.metrics == ("psnr", "mse")


def test_work_grows_with_size_and_epochs() -> None:
    base = Experiment("conv_autoencoder", (), "shapes", "gaussian", RANGES[0], FAST)
    larger, longer = base.but(denoiser="unet"), base.but(recipe=replace(FAST, epochs=3))
    assert cost(base, 6) < cost(longer, 6)
    assert cost(base, 6) < cost(larger, 6)
    assert cost(settle(base.but(denoiser="clip")), 6) < cost(base, 6)


def test_whole_numbers_and_others_are_one_value() -> None:
    whole, broken = (settle(Experiment("nlm", (("h", h),), None, None, None, None)) for h in (1, 1.0))
    assert whole.id == broken.id


def test_a_profile_may_test_with_further_noises_what_was_trained_with_one() -> None:
    command = Command(asked={"grid": ""}, profile="sigma15", denoisers=("clip", "unet"))
    first, *others = MEASUREMENTS["grid"].sections(command)
    assert [first.protocol.noise, *(section.protocol.noise for section in others)] == [
        *("gaussian", "correlated", "poisson", "salt_and_pepper")
    ]
    assert {section.experiments for section in others} == {first.experiments}
    assert {e.noise for e in first.experiments if e.recipe} == {"gaussian"}
    assert (first.protocol.images, [written(v) for v in first.protocol.variances]) == (6, ["σ=15", "σ=25", "σ=50"])
    (trained,) = (e for e in first.experiments if e.recipe)
    assert trained.recipe == RECIPES["photographs"]

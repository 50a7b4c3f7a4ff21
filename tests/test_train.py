import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import bench.training.train
from bench.core.experiment import Experiment
from bench.core.images import one_size
from bench.core.recipes import FAST, TUTORIAL, Recipe
from bench.core.results import Progress
from bench.core.rng import stream
from bench.core.variance import Range
from bench.datasets import DATASETS
from bench.lookup.denoisers import build
from bench.lookup.images import split
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.training.fast_layers import Doubling, ToOneChannel
from bench.training.muon import Muon, orthogonalize
from bench.training.self_supervised import LOSSES as LOSSES_OF_ONE_DRAW
from bench.training.train import LOSSES, draw, fit, optimizers_of, share_of_peak, validate

CPU = torch.device("cpu")
BASE = Experiment("conv_autoencoder", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
IMAGES = one_size(DATASETS["shapes"]().train)


class Identity(nn.Module):
    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        return noisy


def trained(experiment: Experiment) -> tuple[nn.Module, list[Progress]]:
    model = build(experiment)
    return model, list(fit(model, IMAGES, experiment, CPU))


def test_the_autoencoder_is_the_tutorials() -> None:
    assert sum(parameter.numel() for parameter in build(BASE).parameters()) == 16_385


def test_training_is_reproducible_and_depends_on_the_seed() -> None:
    torch.rand(3)  # what was drawn before must not matter
    (one, rows), (two, again) = trained(BASE), trained(BASE)
    assert rows == again
    for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert trained(BASE.but(seed=1))[1] != rows


def test_building_leaves_the_global_stream_alone() -> None:
    before = torch.random.get_rng_state()
    build(BASE)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    "change",
    [{}, {"optimizer": "adam", "lr": 1e-2, "lr_vectors": 0}, {"schedule": "constant"}, {"loss": "l1"},
     {"loss": "psnr"}, {"loss": "charbonnier"}, {"target": "noisy"}, {"target": "renoised"}, {"precision": "bfloat16"}],
)  # fmt: skip
def test_every_recipe_learns(change: dict[str, Any]) -> None:
    recipe = replace(replace(FAST, epochs=3, loss="mse"), **change)
    _, rows = trained(BASE.but(recipe=recipe))
    if recipe.loss == "psnr":
        assert rows[-1].training < rows[0].training - 2  # dB
    else:
        assert rows[-1].training < 0.6 * rows[0].training
    assert [row.epoch for row in rows if row.validation is not None] == [1, 2, 3]
    assert all(math.isfinite(row.training) for row in rows)


def test_training_is_what_its_recipe_says() -> None:
    """A loop in plain torch with torch's own Adam gives the same losses."""
    recipe = Recipe(epochs=2, batch=32, optimizer="adam", lr=1e-3, schedule="constant", train_images=400)
    experiment = BASE.but(recipe=recipe, variance=Range(0.001, 0.1), seed=3)
    training, validation = (one_size(part) for part in split(IMAGES, "shapes"))
    model = build(experiment)
    adam = torch.optim.Adam(model.parameters(), 1e-3)
    order, noise = stream("order", "shapes", 3), stream("training noise", "shapes", 3)
    losses, validated = [], []

    def loss(network: nn.Module, batch: Tensor, rng: torch.Generator) -> Tensor:
        clean = batch.float() / 255
        variances = 0.001 + 0.099 * torch.rand(len(clean), generator=rng)
        noisy = NOISES["gaussian"](clean, variances, rng)
        return nn.functional.mse_loss(network(noisy, variances), clean)

    for _ in range(2):
        shuffled = training[:400][torch.randperm(400, generator=order)]
        for first in range(0, 384, 32):
            adam.zero_grad()
            step = loss(model.train(), shuffled[first : first + 32], noise)
            step.backward()  # type: ignore[no-untyped-call]  # not annotated in torch
            adam.step()
            losses.append(step.item())
        with torch.no_grad():
            validated.append(loss(model.eval(), validation, stream("validation", "shapes")).item())
    _, rows = trained(experiment)
    # Twelve steps in ten rows: the first and the sixth row hold the mean of two.
    ends = [2, 3, 4, 5, 6, 8, 9, 10, 11, 12]
    bounds = list(pairwise([0, *ends, *(12 + end for end in ends)]))
    assert [row.epoch for row in rows] == pytest.approx([last / 12 for _, last in bounds])
    assert [row.training for row in rows] == pytest.approx([np.mean(losses[a:b]) for a, b in bounds], rel=1e-3)
    assert [row.validation for row in rows[9::10]] == pytest.approx(validated, rel=1e-3)
    assert [row.validation for row in rows[:9]] == [None] * 9


@pytest.mark.parametrize(("name", "value"), [("mse", 0.25), ("l1", 0.5), ("psnr", -6.0206), ("charbonnier", 0.500001)])
def test_a_loss_by_hand(name: str, value: float) -> None:
    assert LOSSES[name](torch.full((2, 1, 4, 4), 0.5), torch.zeros(2, 1, 4, 4)).item() == pytest.approx(value, abs=1e-6)


def test_kernels_go_to_muon_and_all_else_to_adam() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    first, second = optimizers_of(model, FAST)
    assert isinstance(first, Muon)
    assert [tuple(p.shape) for p in first.param_groups[0]["params"]] == [(4, 1, 3, 3)]
    assert isinstance(second, torch.optim.Adam)
    assert [tuple(p.shape) for p in second.param_groups[0]["params"]] == [(4,)] * 3
    assert (first.param_groups[0]["lr"], second.param_groups[0]["lr"]) == (FAST.lr, FAST.lr_vectors)
    assert [type(one) for one in optimizers_of(nn.BatchNorm2d(4), FAST)] == [torch.optim.Adam]
    assert [type(one) for one in optimizers_of(nn.Conv2d(1, 4, 3, bias=False), FAST)] == [Muon]
    (adam,) = optimizers_of(model, TUTORIAL)
    assert isinstance(adam, torch.optim.Adam)
    assert len(adam.param_groups[0]["params"]) == 4
    assert adam.param_groups[0]["lr"] == TUTORIAL.lr


def test_a_noisy_target_is_the_input_and_a_renoised_one_is_not() -> None:
    def loss(target: str) -> float:
        experiment = BASE.but(recipe=replace(FAST, loss="mse", target=target))
        return bench.training.train.loss_of(Identity(), IMAGES, experiment, stream("x")).item()

    assert loss("noisy") == 0
    assert loss("clean") == pytest.approx(0.01, rel=0.02)
    assert loss("renoised") == pytest.approx(0.02, rel=0.02)


ONE_DRAW_RECIPE = replace(FAST, loss="mse", target="sure", epochs=2)


def test_the_loss_sure_is_the_error_to_the_clean_image_that_it_never_sees() -> None:
    """On average over noise, for a linear filter and for one that clips, within its own standard error."""
    clean = IMAGES.float().repeat(8, 1, 1, 1) / 255
    variances = torch.linspace(0.005, 0.05, len(clean))
    noisy = NOISES["gaussian"](clean, variances, stream("noise"))
    for restore in (lambda x: functional.avg_pool2d(x, 3, 1, 1), lambda x: x.clamp(0, 1)):
        estimate = LOSSES_OF_ONE_DRAW["sure"](restore, noisy, variances, stream("x"))
        assert estimate.item() == pytest.approx((restore(noisy) - clean).square().mean().item(), rel=0.02)


def test_the_loss_masked_does_not_reward_the_noise_itself() -> None:
    """The identity sees no hidden pixel: it gives the mean of its neighbours, whose error is 9/8 of the noise."""
    noise = 0.1 * torch.randn(400, 1, 28, 28, generator=stream("noise"))
    losses = [LOSSES_OF_ONE_DRAW["masked"](lambda x: x, noise, noise, stream(n)).item() for n in "abcd"]
    assert np.mean(losses) == pytest.approx(0.01 * 9 / 8, rel=0.03)


@pytest.mark.parametrize("target", ["sure", "masked"])
def test_each_image_shows_one_draw_of_its_noise_in_all_epochs(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[bytes, bytes]] = [{}, {}]
    whole = LOSSES_OF_ONE_DRAW[target]
    steps: list[Tensor] = []

    def spy(restore: Any, noisy: Tensor, variances: Tensor, rng: torch.Generator) -> Tensor:
        epoch = len(steps) * 2 // (2 * (len(everything) // FAST.batch))
        steps.append(noisy)
        seen[epoch] |= {image.numpy().tobytes(): b"" for image in noisy}
        return whole(restore, noisy, variances, rng)

    everything, _ = split(IMAGES, "shapes")
    monkeypatch.setitem(LOSSES_OF_ONE_DRAW, target, spy)
    trained(BASE.but(recipe=replace(ONE_DRAW_RECIPE, target=target)))
    first, second = seen
    both = len(first.keys() & second.keys())  # but for those of the short last batch of an epoch
    assert both >= len(everything) - 2 * FAST.batch
    assert len(first.keys() | second.keys()) <= len(everything)


@pytest.mark.parametrize("target", ["sure", "masked"])
def test_a_network_learns_without_clean_images(target: str) -> None:
    _, rows = trained(BASE.but(recipe=replace(ONE_DRAW_RECIPE, target=target, epochs=16)))
    losses = [row.validation for row in rows if row.validation is not None]
    assert losses[-1] < 0.6 * losses[0]


def test_few_images_are_repeated_for_as_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[Tensor] = []
    whole = bench.training.train.loss_of

    def spy(model: nn.Module, clean: Tensor, *rest: Any) -> Tensor:
        batches.append(clean)
        return whole(model, clean, *rest)

    monkeypatch.setattr(bench.training.train, "loss_of", spy)
    everything, _ = split(IMAGES, "shapes")
    trained(BASE.but(recipe=replace(FAST, train_images=40, repeat=True)))
    assert len(batches) == len(everything) // FAST.batch
    images = torch.cat(batches).flatten(1)
    kinds, counts = torch.unique(images, dim=0, return_counts=True)
    assert len(kinds) == 40
    assert counts.max() - counts.min() <= 1 + len(images) % 40


def test_the_loss_psnr_is_minus_the_metric_and_finite_at_equality() -> None:
    clean, restored = torch.rand(2, 5, 1, 20, 20)
    assert LOSSES["psnr"](restored, clean).item() == pytest.approx(-METRICS["psnr"].function(clean, restored).mean())
    assert LOSSES["psnr"](clean, clean).item() == -100


class Zero(nn.Module):
    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        return torch.zeros_like(noisy)


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        return self.scale * noisy


def test_the_validation_loss_is_the_mean_over_images() -> None:
    """200 black images and 50 white ones, restored as black: 50 of 250 have an error of 1."""
    images = torch.cat([torch.zeros(200, 1, 8, 8), torch.full((50, 1, 8, 8), 255.0)]).byte()
    assert validate(Zero(), images, BASE.but(recipe=replace(FAST, loss="mse")))[0] == pytest.approx(0.2)


def test_the_validation_loss_of_the_input_is_its_noise_and_the_same_every_time() -> None:
    experiment = BASE.but(recipe=replace(FAST, loss="mse"))
    loss, psnr = validate(Identity(), IMAGES, experiment)
    assert loss == pytest.approx(0.01, rel=0.01)
    assert psnr > 21  # of clipped images; unclipped they have 20 dB
    assert validate(Identity(), IMAGES, experiment) == (loss, psnr)


def test_the_validation_psnr_is_that_of_clipped_images_whatever_the_loss_and_target() -> None:
    class Bright(nn.Module):
        def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
            return noisy * 0 + 3

    white = torch.full_like(IMAGES, 204)  # 0.2 below 1
    for loss in ("mse", "psnr"):
        experiment = BASE.but(recipe=replace(FAST, loss=loss, target="renoised"))
        assert validate(Bright(), white, experiment)[1] == pytest.approx(-10 * np.log10(0.04), abs=1e-4)


def test_the_history_has_the_validation_loss_of_the_images_set_aside() -> None:
    model, rows = trained(BASE)
    aside = one_size(split(IMAGES, "shapes")[1])
    assert (rows[-1].validation, rows[-1].psnr) == validate(model, aside, BASE)
    assert not model.training


def test_no_more_than_2000_images_are_validated() -> None:
    experiment = BASE.but(denoiser="median", dataset="mnist", recipe=replace(FAST, loss="mse", train_images=32))
    images = torch.randint(256, (10_100, 1, 4, 4), generator=stream("x")).byte()
    model = Scaled()
    (row,) = fit(model, images, experiment, CPU)
    aside = one_size(split(images, "mnist")[1])
    assert len(aside) > 2000
    assert (row.validation, row.psnr) == validate(model, aside[:2000], experiment)


def test_a_short_epoch_has_a_row_for_each_step() -> None:
    _, rows = trained(BASE.but(recipe=replace(FAST, train_images=100)))
    assert [row.epoch for row in rows] == pytest.approx([1 / 3, 2 / 3, 1])


def test_a_diverging_training_ends_at_once() -> None:
    recipe = replace(FAST, epochs=5, optimizer="adam", lr=1e30, lr_vectors=0)
    _, rows = trained(BASE.but(denoiser="unet", recipe=recipe))
    assert rows[-1].diverged
    assert not any(row.diverged for row in rows[:-1])
    assert rows[-1].epoch < 5


@pytest.mark.parametrize("change", [{}, {"optimizer": "adam", "lr": 1e-2, "lr_vectors": 0}])
def test_what_is_frozen_stays_as_it_is(change: dict[str, Any]) -> None:
    model, experiment = build(BASE), BASE.but(recipe=replace(FAST, **change))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith("encoder."))
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    assert math.isfinite(list(fit(model, IMAGES, experiment, CPU))[-1].training)
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) == name.startswith("encoder."), name


def test_the_split_is_disjoint_whole_and_of_the_dataset_alone() -> None:
    images = torch.arange(100)

    def parts(dataset: str) -> list[torch.Tensor]:
        return [one_size(part) for part in split(images, dataset)]

    training, validation = parts("mnist")
    assert (len(training), len(validation)) == (80, 20)
    assert sorted(torch.cat([training, validation]).tolist()) == list(range(100))
    assert torch.equal(parts("mnist")[0], training)
    assert not torch.equal(parts("shapes")[0], training)


@pytest.mark.parametrize(("law", "median"), [("uniform", 0.0505), ("uniform-sigma", 0.0303), ("log-uniform", 0.01)])
def test_a_random_variance_follows_its_law(law: str, median: float) -> None:
    values = draw(Range(0.001, 0.1, law), 20_000, stream("x"))
    assert values.min() >= 0.001 - 1e-9
    assert values.max() <= 0.1 + 1e-9
    assert values.median().item() == pytest.approx(median, rel=0.05)


def test_a_fixed_variance_is_exact_and_uses_the_stream_like_a_range() -> None:
    fixed, ranged = stream("x"), stream("x")
    assert (draw(Range(0.01, 0.01), 10, fixed) == torch.tensor(0.01)).all()
    draw(Range(0.001, 0.1), 10, ranged)
    assert torch.equal(torch.rand(3, generator=fixed), torch.rand(3, generator=ranged))


def test_one_cycle_warms_up_and_ends_near_zero() -> None:
    shares = [share_of_peak(FAST, (step + 0.5) / 100) for step in range(100)]
    assert max(shares) == pytest.approx(1.0, rel=0.01)
    assert shares.index(max(shares)) == 100 * FAST.warm_up
    assert shares[0] < 0.1
    assert shares[-1] < 0.001


def test_one_cycle_by_hand() -> None:
    """A linear warm-up over 30 % of 10 steps, then half a cosine, at the middle of each step."""

    def shares(recipe: Recipe) -> list[float]:
        return [share_of_peak(recipe, done) for done in np.arange(0.05, 1, 0.1)]

    rising = [0.05 / 0.3, 0.15 / 0.3, 0.25 / 0.3]
    falling = [(1 + math.cos(math.pi * (done - 0.3) / 0.7)) / 2 for done in np.arange(0.35, 1, 0.1)]
    assert shares(replace(FAST, warm_up=0.3)) == pytest.approx(rising + falling)
    assert shares(TUTORIAL) == [1.0] * 10


@pytest.mark.parametrize("shape", [(8, 72), (72, 8), (16, 16)])
def test_muon_brings_singular_values_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=stream("x"))
    values = torch.linalg.svdvals(orthogonalize(matrix))
    assert values.max() < 1.3
    assert values.min() > 0.3


def test_muon_steps_against_the_gradient_by_its_rate() -> None:
    kernel = nn.Parameter(torch.zeros(4, 2, 3, 3))
    kernel.grad = torch.randn(kernel.shape, generator=stream("x"))
    Muon([kernel], lr=0.1).step()
    assert (kernel * kernel.grad).sum() < 0
    assert torch.linalg.matrix_norm(kernel.flatten(1), 2).item() == pytest.approx(0.1, rel=0.3)


def test_recipes_of_unknown_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="no optimizer named 'sgd'"):
        Recipe(1, 1, "sgd", 0.1)


def test_layers_that_have_a_faster_way_take_it_while_they_train() -> None:
    model, _ = trained(BASE.but(recipe=replace(FAST, train_images=64)))
    assert {ToOneChannel, Doubling} < {type(module) for module in model.modules()}

"""What single denoisers promise, beyond the contract."""

import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.signal
import torch
from torch import Tensor, nn

from architectures import DENOISERS
from bench.core.experiment import Experiment
from bench.core.images import one_size
from bench.core.recipes import FAST
from bench.core.rng import stream
from bench.core.variance import Range
from bench.datasets import DATASETS
from bench.lookup.denoisers import build, learns
from bench.lookup.denoisers import parameters as denoisers_parameters
from bench.metrics import METRICS
from bench.training.train import fit
from tests.conftest import prepared

BASE = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
FILTERS = [name for name in DENOISERS if DENOISERS[name].grid]


def built(name: str, **options: Any) -> nn.Module:
    return prepared(BASE.but(denoiser=name, options=options), 16, 16).eval()


def noisy_images(count: int, height: int = 20, width: int = 23, channels: int = 1) -> Tensor:
    return 0.5 + 0.4 * torch.randn(count, channels, height, width, generator=stream("images"))


@torch.inference_mode()
def restore(model: nn.Module, noisy: Tensor, variance: float = 0.01) -> Tensor:
    restored: Tensor = model(noisy, torch.full((len(noisy),), variance))
    return restored


# Options.


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("bilateral", {"sigma_color": 0}, "sigma_color must be positive, got 0"),
        ("bilateral", {"sigma_spatial": -1}, "sigma_spatial must be positive, got -1"),
        ("gaussian", {"sigma": math.nan}, "sigma must be positive, in pixels, got nan"),
        ("median", {"size": 2}, "size must be odd so that a window has a centre, got 2"),
        ("wiener", {"strength": 0}, "strength must be positive, got 0"),
        ("wiener", {"size": 4}, "size must be odd and at least 3, .* got 4"),
        ("wiener", {"size": 1}, "size must be odd and at least 3, .* got 1"),
        ("total_variation", {"weight": 0}, "weight must be positive, got 0"),
        ("wavelet", {"strength": -2}, "strength must be positive, got -2"),
        ("nlm", {"h": 0}, "h must be positive, got 0"),
        ("nlm", {"patch": 4}, "patch must be odd .* got 4"),
        ("nlm", {"distance": 0}, "distance must be at least 1 pixel, got 0"),
        ("conv_autoencoder", {"width": 0}, "width counts channels and must be at least 1, got 0"),
        ("deep_autoencoder", {"depth": 6}, "depth must be at least 7, .* got 6"),
        ("unet_bias_free", {"width": 0}, "width counts channels and must be at least 1, got 0"),
        ("unet_conditioned", {"width": 0}, "width counts channels and must be at least 1, got 0"),
        ("dncnn_small", {"depth": 1}, "depth must be at least 2, .* got 1"),
        ("dncnn_small", {"width": 0}, "width counts channels and must be at least 1, got 0"),
    ],
)
def test_an_option_out_of_range_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DENOISERS[name](**options)


@pytest.mark.parametrize(("name", "hint"), [("bm3d", "pip install bm3d")])
def test_a_missing_package_is_named_in_the_plan(name: str, hint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    list(DENOISERS)
    monkeypatch.setattr(f"architectures.{name}.find_spec", lambda package: None)
    denoisers_parameters.cache_clear()
    with pytest.raises(ValueError, match=f"the denoiser '{name}' needs .*{hint}"):
        learns(BASE.but(denoiser=name))
    denoisers_parameters.cache_clear()


# Filters.


@pytest.mark.parametrize("name", [*FILTERS, "bm3d"])
def test_a_filter_gains_over_clipping_on_a_smooth_image(name: str) -> None:
    built(name)
    steps = torch.linspace(0, 2 * math.pi, 32)
    clean = (0.5 + 0.4 * torch.sin(steps)[:, None] * torch.cos(steps)).expand(8, 1, 32, 32)
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=stream("noise"))
    grid = DENOISERS[name].grid or {"exact": (False,)}
    ((option, values),) = grid.items()
    restored = [restore(built(name, **{option: value}), noisy).clamp(0, 1) for value in values]
    found = [METRICS["psnr"](clean, each).mean().item() for each in restored]
    assert max(found) > METRICS["psnr"](clean, noisy.clamp(0, 1)).mean().item() + 4


@pytest.mark.parametrize("name", [*FILTERS, "bm3d"])
def test_a_filter_takes_colour_channel_by_channel(name: str) -> None:
    model, noisy = built(name), noisy_images(2, channels=3)
    apart = torch.cat([restore(model, noisy[:, channel : channel + 1]) for channel in range(3)], dim=1)
    torch.testing.assert_close(restore(model, noisy), apart, atol=1e-6, rtol=0)


@pytest.mark.parametrize("value", [-0.25, 0.0, 1.0])
@pytest.mark.parametrize("name", [*FILTERS, "bm3d"])
def test_a_filter_leaves_a_constant_image_alone(name: str, value: float) -> None:
    """Where nothing varies a filter that divides by a variance divides by zero. Borders may differ."""
    restored = restore(built(name), torch.full((2, 1, 24, 24), value))
    torch.testing.assert_close(restored[..., 4:-4, 4:-4], torch.full((2, 1, 16, 16), value), atol=1e-4, rtol=0)
    assert restored.isfinite().all()


def test_wiener_at_strength_1_is_scipys() -> None:
    (noisy,) = noisy_images(1, 28, 28)
    expected = scipy.signal.wiener(noisy[0].double().numpy(), 3)
    found = restore(built("wiener"), noisy[None])[0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_bilateral_is_its_formula_on_values_below_zero_too() -> None:
    """Weights exp(-d² / 2 sigma²) in place and in grey, by numpy on whole windows."""
    noisy = noisy_images(1, 16, 16)
    assert noisy.min() < -0.2
    plane: npt.NDArray[np.float64] = noisy[0, 0].double().numpy()
    padded = np.pad(plane, 3, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7))
    rows, columns = np.mgrid[-3:4, -3:4]
    weights = np.exp(-(rows**2 + columns**2) / 2) * np.exp(-((windows - plane[..., None, None]) ** 2) / (2 * 0.2**2))
    expected = (weights * windows).sum(axis=(2, 3)) / weights.sum(axis=(2, 3))
    found = restore(built("bilateral", sigma_color=0.2), noisy)[0, 0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


# Networks.


@pytest.mark.parametrize(
    ("name", "parameters", "last"),
    [("conv_autoencoder", 16_385, -0.100277), ("deep_autoencoder", 148_193, 0.038032), ("unet", 117_073, 0.164259)],
)
def test_defaults_draw_the_weights_they_always_did(name: str, parameters: int, last: float) -> None:
    """The last weight drawn tells of any change in the number or order of draws before it."""
    weights = list(build(BASE.but(denoiser=name)).parameters())
    assert sum(weight.numel() for weight in weights) == parameters
    assert weights[-1].item() == pytest.approx(last, abs=1e-6)


@pytest.mark.parametrize(("depth", "width"), [(2, 4), (5, 8), (8, 16)])
def test_dncnn_has_the_parameters_of_its_layers(depth: int, width: int) -> None:
    first, between, last = 10 * width, 9 * width**2 + 2 * width, 9 * width + 1
    model = built("dncnn_small", depth=depth, width=width)
    assert sum(parameter.numel() for parameter in model.parameters()) == first + (depth - 2) * between + last


def test_a_deep_autoencoder_counts_its_layers() -> None:
    for depth in (7, 9, 12):
        model = built("deep_autoencoder", depth=depth)
        assert sum(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in model.modules()) == depth


@pytest.mark.parametrize("name", ["dncnn_small", "unet", "unet_bias_free", "unet_conditioned"])
def test_a_residual_network_subtracts_what_it_gives(name: str) -> None:
    noisy = noisy_images(2)
    weights = built(name, residual=False).state_dict()
    restored = []
    for residual in (False, True):
        model = built(name, residual=residual)
        model.load_state_dict(weights)
        restored.append(restore(model, noisy))
    torch.testing.assert_close(noisy - restored[0], restored[1], atol=1e-6, rtol=0)


def test_a_unet_without_skips_is_an_hourglass() -> None:
    """Only what passes the bottleneck reaches the output; `unet` itself also hands detail across."""
    noisy = noisy_images(1, 16, 16)
    for skips in (True, False):
        model = built("unet", skips=skips, residual=False)
        whole = restore(model, noisy)
        model.get_submodule("rise_half").register_forward_hook(lambda module, inputs, output: output * 0)
        blocked = [restore(model, image) for image in (noisy, 1 - noisy)]
        assert not torch.equal(whole, blocked[0])
        assert torch.equal(*blocked) != skips


# Homogeneity.


def trained(name: str, **options: Any) -> nn.Module:
    """After a few steps, so that running statistics are no longer what they start from."""
    experiment = BASE.but(denoiser=name, options=options)
    model = build(experiment)
    list(fit(model, one_size(DATASETS["shapes"]().train)[:160], experiment, torch.device("cpu")))
    return model.eval()


@pytest.mark.parametrize("factor", [0.5, 2, 10])
@pytest.mark.parametrize("residual", [False, True])
def test_the_bias_free_unet_is_homogeneous(residual: bool, factor: float) -> None:
    model, noisy = trained("unet_bias_free", residual=residual), noisy_images(3)
    scaled = restore(model, factor * noisy)
    torch.testing.assert_close(scaled, factor * restore(model, noisy), rtol=1e-5, atol=1e-5 * scaled.abs().max().item())


@pytest.mark.parametrize(("factor", "shift"), [(0.5, 0), (2, -1), (10, 3)])
@pytest.mark.parametrize("residual", [False, True])
def test_the_normalized_unet_follows_contrast_and_brightness(residual: bool, factor: float, shift: float) -> None:
    model, noisy = trained("unet_normalized", residual=residual), noisy_images(3)
    expected = factor * restore(model, noisy) + shift
    torch.testing.assert_close(restore(model, factor * noisy + shift), expected, rtol=1e-4, atol=1e-4 * factor)


def test_a_constant_image_stays_finite_where_it_is_normalized() -> None:
    model = trained("unet_normalized")
    assert restore(model, torch.full((1, 1, 16, 16), 0.3)).isfinite().all()


def test_the_unet_follows_neither_and_the_bias_free_one_no_brightness() -> None:
    noisy = noisy_images(3)
    for name in ("unet", "unet_bias_free"):
        model = trained(name)
        assert (restore(model, noisy + 10) - restore(model, noisy) - 10).abs().max() > 0.1
    model = trained("unet")
    assert (restore(model, 10 * noisy) - 10 * restore(model, noisy)).abs().max() > 0.1


def test_the_norm_without_bias_divides_by_the_deviation_and_learns_it() -> None:
    built("unet_bias_free")  # the registry imports the file
    norm = sys.modules["architectures.unet_bias_free"].ScaleNorm(2, momentum=1.0)
    features = torch.randn(64, 2, 8, 8, generator=stream("x")) * torch.tensor([3.0, 0.5]).view(-1, 1, 1) + 5
    normed = norm(features)
    assert normed.std(dim=(0, 2, 3)).tolist() == pytest.approx([1, 1], abs=1e-3)
    torch.testing.assert_close(norm.eval()(features), normed, rtol=1e-5, atol=0)
    # The mean is divided too, not taken away.
    expected = features.mean(dim=(0, 2, 3)) / features.std(dim=(0, 2, 3))
    torch.testing.assert_close(normed.mean(dim=(0, 2, 3)), expected, rtol=1e-4, atol=0)


def test_the_conditioned_unet_takes_the_variance_of_each_image() -> None:
    model, noisy = built("unet_conditioned"), noisy_images(1).repeat(3, 1, 1, 1)
    with torch.inference_mode():
        one, two, three = model(noisy, torch.tensor([0.01, 0.01, 0.1]))
    torch.testing.assert_close(one, two)
    assert (one - three).abs().max() > 1e-4


# The memorizer.


def memorizer(*images: list[list[int]]) -> Any:
    model = DENOISERS["memorizer"]()
    model.fit(torch.tensor(images, dtype=torch.uint8)[:, None])  # type: ignore[operator]  # a method of this class
    return model


def test_the_memorizer_by_hand() -> None:
    """Squared distances 1/16 and 9/16 at variance 1/4: weights 1 : exp(-1)."""
    restored = restore(memorizer([[0, 0]], [[255, 0]]), torch.tensor([[[[0.25, 0.0]]]]), 0.25)
    assert restored.flatten().tolist() == pytest.approx([1 / (1 + math.e), 0])


def test_the_memorizer_gives_the_nearest_image_as_the_variance_vanishes() -> None:
    model, noisy = memorizer([[0, 0]], [[255, 0]], [[255, 255]]), torch.tensor([[[[0.6, 0.1]]], [[[0.9, 0.6]]]])
    for variance in (0.0, 1e-9, 1e-4):
        restored = restore(model, noisy, variance)
        torch.testing.assert_close(restored, torch.tensor([[[[1.0, 0.0]]], [[[1.0, 1.0]]]]))
    tie = restore(model, torch.tensor([[[[0.5, 0.0]]]]), 0.0)
    assert tie.flatten().tolist() == pytest.approx([0.5, 0])


def test_the_memorizer_gives_the_mean_of_all_as_the_variance_grows() -> None:
    restored = restore(memorizer([[0, 0]], [[255, 0]], [[255, 255]]), torch.zeros(1, 1, 1, 2), 1e6)
    assert restored.flatten().tolist() == pytest.approx([2 / 3, 1 / 3], abs=1e-5)


def test_neither_chunks_nor_the_batch_move_the_memorizer(monkeypatch: pytest.MonkeyPatch) -> None:
    images, noisy = DATASETS["shapes"](), one_size(DATASETS["shapes"]().test)[:20].float() / 255
    noisy = noisy + 0.3 * torch.randn(noisy.shape, generator=stream("noise"))
    model: Any = DENOISERS["memorizer"]()
    model.fit(images.train)
    whole = restore(model, noisy, 0.09)
    monkeypatch.setattr("architectures.memorizer.CHUNK", 7)
    torch.testing.assert_close(restore(model, noisy, 0.09), whole, atol=1e-6, rtol=0)
    torch.testing.assert_close(restore(model, noisy[5:6], 0.09), whole[5:6], atol=1e-6, rtol=0)


def test_the_memorizer_keeps_its_images_out_of_the_state_and_refuses_what_it_cannot_compare() -> None:
    model = memorizer([[0, 0]], [[255, 0]])
    assert not model.state_dict()
    assert not list(model.parameters())
    with pytest.raises(ValueError, match=r"knows images of \(channels, height, width\) \(1, 1, 2\), got \(1, 2, 1\)"):
        restore(model, torch.zeros(1, 1, 2, 1))
    with pytest.raises(ValueError, match=r"no images yet; call fit\(images\)"):
        restore(DENOISERS["memorizer"](), torch.zeros(1, 1, 16, 16))
    with pytest.raises(ValueError, match=r"fit needs images, uint8 \(N, C, H, W\), got torch.float32 \(2, 1, 4, 4\)"):
        model.fit(torch.zeros(2, 1, 4, 4))

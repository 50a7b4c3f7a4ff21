"""What each noise is, beyond the contract."""

import pytest
import torch
from torch import Tensor

from bench.core.rng import stream
from bench.noises import NOISES

GREY = torch.full((500, 1, 28, 28), 0.5)


def added(name: str, clean: Tensor, variance: float) -> Tensor:
    return NOISES[name](clean, torch.full((len(clean),), variance), stream("test")) - clean


def correlation(field: Tensor, right: int, down: int) -> float:
    shifted = field[..., down:, right:]
    return (field[..., : shifted.shape[2], : shifted.shape[3]] * shifted).mean().item() / field.var().item()


@pytest.mark.parametrize("name", ["correlated", "gaussian", "laplace", "poisson", "ramp", "speckle", "uniform"])
def test_the_field_is_the_same_at_every_variance_and_each_image_has_its_own(name: str) -> None:
    torch.testing.assert_close(2 * added(name, GREY, 0.01), added(name, GREY, 0.04), atol=1e-6, rtol=0)
    both = NOISES[name](GREY[:2], torch.tensor([0.0, 0.04]), stream("test"))
    assert torch.equal(both[0], GREY[0])
    assert both[1].std().item() == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize(("name", "kurtosis"), [("gaussian", 3), ("uniform", 1.8), ("laplace", 6), ("correlated", 3)])
def test_the_law_has_its_kurtosis(name: str, kurtosis: float) -> None:
    field = added(name, GREY, 0.01).double()
    assert field.isfinite().all()
    assert (field**4).mean().item() / 0.01**2 == pytest.approx(kurtosis, rel=0.05)


def test_uniform_noise_is_bounded() -> None:
    assert added("uniform", GREY, 0.03).abs().max().item() == pytest.approx(0.3, abs=1e-4)


@pytest.mark.parametrize(("shift", "expected"), [((1, 0), 2 / 3), ((0, 1), 2 / 3), ((2, 0), 1 / 6), ((1, 1), 4 / 9)])
def test_correlated_noise_is_correlated_as_it_says(shift: tuple[int, int], expected: float) -> None:
    assert correlation(added("correlated", GREY, 0.01), *shift) == pytest.approx(expected, abs=0.02)
    assert correlation(added("gaussian", GREY, 0.01), *shift) == pytest.approx(0, abs=0.02)


def test_correlated_noise_is_alike_at_borders_and_in_the_middle() -> None:
    field = added("correlated", GREY.repeat(4, 1, 1, 1), 0.01).square().mean(dim=(0, 1))
    rim = torch.cat([field[0], field[-1], field[1:-1, 0], field[1:-1, -1]])
    assert rim.mean().item() == pytest.approx(0.01, rel=0.02)
    assert field[1:-1, 1:-1].mean().item() == pytest.approx(0.01, rel=0.02)


def test_poisson_noise_grows_with_the_signal_and_spares_no_black_image() -> None:
    clean = torch.zeros(500, 1, 28, 28)
    assert added("poisson", clean, 0.02).var().item() == pytest.approx(0.02, rel=0.02)
    clean[..., :14, :] = 1
    field = added("poisson", clean, 0.02).square()
    bright, dark = field[..., :14, :].mean().item(), field[..., 14:, :].mean().item()
    assert bright / dark == pytest.approx(1.1 / 0.1, rel=0.04)
    assert (bright + dark) / 2 == pytest.approx(0.02, rel=0.02)


def test_speckle_grows_with_the_value() -> None:
    clean = torch.zeros(500, 1, 28, 28)
    clean[..., :14, :] = 1
    field = added("speckle", clean, 0.02).square()
    bright, dark = field[..., :14, :].mean().item(), field[..., 14:, :].mean().item()
    assert bright / dark == pytest.approx((1.1 / 0.1) ** 2, rel=0.05)
    assert (bright + dark) / 2 == pytest.approx(0.02, rel=0.02)


def test_a_ramp_rises_from_left_to_right() -> None:
    by_column = added("ramp", GREY.repeat(4, 1, 1, 1), 0.02).square().mean(dim=(0, 1, 2))
    torch.testing.assert_close(by_column, 0.04 * (torch.arange(28) + 0.5) / 28, rtol=0.04, atol=0)


def test_a_camera_has_half_shot_noise_with_the_skewness_of_counts_and_half_read_noise() -> None:
    clean = torch.full((4000, 1, 28, 28), 0.8)
    clean[..., :14, :] = 0
    field = added("poisson_gaussian", clean, 0.02).double()
    dark, bright = field[..., :14, :], field[..., 14:, :]
    # The mean value is 0.4, so shot noise has a variance of 0.01 in the mean, all of it where it is bright.
    assert dark.square().mean().item() == pytest.approx(0.01, rel=0.01)
    assert bright.square().mean().item() == pytest.approx(0.03, rel=0.01)
    photons = 0.8 / (0.02 / (2 * 0.4))
    third = 0.02**1.5 / photons**0.5  # of the shot noise alone; read noise has none
    assert (bright**3).mean().item() == pytest.approx(third, rel=0.1)
    assert bright.mean().item() == pytest.approx(0, abs=3e-4)
    assert added("poisson_gaussian", torch.zeros_like(GREY), 0.02).square().mean().item() == pytest.approx(
        0.02, rel=0.01
    )


def test_salt_and_pepper_replaces_by_0_and_1_alike() -> None:
    noisy = GREY + added("salt_and_pepper", GREY, 0.05)
    shares = [(noisy == value).float().mean().item() for value in (0, 0.5, 1)]
    assert shares == pytest.approx([0.1, 0.8, 0.1], abs=0.003)  # a lost pixel of this grey costs 0.25


def test_salt_and_pepper_means_its_squared_error_on_a_black_image_too() -> None:
    black = torch.zeros_like(GREY)
    low, high = added("salt_and_pepper", black, 0.1), added("salt_and_pepper", black, 0.4)
    assert low.square().mean().item() == pytest.approx(0.1, rel=0.02)
    assert high.square().mean().item() == pytest.approx(0.4, rel=0.02)
    assert torch.equal(high[low > 0], low[low > 0])


def test_salt_and_pepper_says_what_it_cannot_reach() -> None:
    clean = torch.stack([torch.zeros(1, 28, 28), GREY[0]])
    rng = stream("test")
    everything = NOISES["salt_and_pepper"](clean, torch.tensor([0.5, 0.25]), rng)
    assert ((everything == 0) | (everything == 1)).all()
    with pytest.raises(ValueError, match=r"at most 0\.25 on this image, with every pixel replaced, got 0\.3"):
        NOISES["salt_and_pepper"](clean, torch.tensor([0.3, 0.3]), rng)

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import bench.scoring.score
from architectures import DENOISERS
from bench.core.experiment import Protocol
from bench.core.images import one_size
from bench.core.results import summarize
from bench.core.rng import stream
from bench.datasets import DATASETS
from bench.metrics import METRICS
from bench.scoring.score import corrupt, evaluate

PROTOCOL = Protocol("shapes", "gaussian", (0.01, 0.1), ("psnr", "mse"), 128)
CPU = torch.device("cpu")


def cells(protocol: Protocol) -> list[tuple[float, str]]:
    return [(variance, metric) for variance in protocol.variances for metric in protocol.metrics]


@pytest.mark.parametrize(("name", "expected", "tolerance"), [("noisy", 20.00, 0.02), ("clip", 22.66, 0.05)])
def test_the_input_scores_the_analytic_psnr_and_clipping_what_it_is_known_to(
    name: str, expected: float, tolerance: float
) -> None:
    """All 10,000 MNIST images at variance 0.01: -10·log10(0.01) = 20 dB."""
    protocol = Protocol("mnist", "gaussian", (0.01,), ("psnr",), 10_000)
    (restored,) = evaluate(DENOISERS[name](), DATASETS["mnist"]().test, protocol, cells(protocol), CPU)
    assert restored.values["psnr"].mean() == pytest.approx(expected, abs=tolerance)


def test_each_image_has_its_own_field_at_every_variance() -> None:
    clean = one_size(DATASETS["shapes"]().test)[:20].float() / 255
    low, high = (corrupt(clean, variance, PROTOCOL, range(20)) - clean for variance in (0.01, 0.04))
    torch.testing.assert_close(2 * low, high, atol=1e-6, rtol=0)
    later = corrupt(clean[7:12], 0.01, PROTOCOL, range(7, 12))
    assert torch.equal(later, corrupt(clean, 0.01, PROTOCOL, range(20))[7:12])
    assert not torch.equal(low, corrupt(clean, 0.01, replace(PROTOCOL, seed=1), range(20)) - clean)


def test_neither_batches_nor_the_number_of_images_move_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    clean, model = DATASETS["shapes"]().test, DENOISERS["median"]()
    whole = list(evaluate(model, clean, PROTOCOL, cells(PROTOCOL), CPU))
    monkeypatch.setattr(bench.scoring.score, "BATCH", 7)
    batched = list(evaluate(model, clean, PROTOCOL, cells(PROTOCOL), CPU))
    part = list(evaluate(model, clean, replace(PROTOCOL, images=50), cells(PROTOCOL), CPU))
    for one, two, three in zip(whole, batched, part, strict=True):
        for metric in PROTOCOL.metrics:
            np.testing.assert_array_equal(one.values[metric], two.values[metric])
            np.testing.assert_array_equal(one.values[metric][:50], three.values[metric])


def test_the_restored_image_is_clipped_and_the_noisy_one_is_not() -> None:
    seen: list[Tensor] = []

    class Spy(nn.Module):
        def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
            seen.append(noisy)
            return noisy * 0 + 7

    clean = torch.full((4, 1, 16, 16), 255, dtype=torch.uint8)
    (low, _) = evaluate(Spy(), clean, PROTOCOL, cells(PROTOCOL), CPU)
    assert seen[0].max() > 1.1
    assert np.isposinf(low.values["psnr"]).all()  # 7 is clipped to 1, which is the clean image
    (low, _) = evaluate(Spy(), clean, replace(PROTOCOL, clip=False), cells(PROTOCOL), CPU)
    assert low.values["mse"] == pytest.approx(36)


def mixed(count: int, channels: int = 1) -> tuple[Tensor, ...]:
    """Images of three sizes in turn, the largest larger than what is kept to look at."""
    sizes = [(20, 31), (120, 100), (17, 24)]
    rng = stream("mixed")
    return tuple(
        torch.randint(256, (channels, *sizes[number % 3]), generator=rng, dtype=torch.uint8) for number in range(count)
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_unequal_size_are_scored_whole_each_as_if_it_were_alone(channels: int) -> None:
    clean, model = mixed(10, channels), DENOISERS["median"]()
    asked = [(0.01, metric) for metric in METRICS]
    (found,) = evaluate(model, clean, PROTOCOL, asked, CPU)
    for number, image in enumerate(clean):
        alone = image[None].float() / 255
        noisy = corrupt(alone, 0.01, PROTOCOL, [number])
        restored = model(noisy, torch.full((1,), 0.01)).clamp(0, 1)
        for metric in METRICS:
            # Matrix products of another shape may round otherwise.
            expected = METRICS[metric](alone, restored).item()
            assert found.values[metric][number] == pytest.approx(expected, rel=1e-12)


def test_the_middles_of_the_first_eight_images_are_kept_to_look_at() -> None:
    images = mixed(10)
    (found,) = evaluate(DENOISERS["noisy"](), images, replace(PROTOCOL, images=10), [(0.0, "mse")], CPU)
    assert found.clean.shape == (8, 17, 24)  # as high and as wide as the smallest
    np.testing.assert_array_equal(found.clean[0], images[0][0, 1:18, 3:27])
    np.testing.assert_array_equal(found.clean[7], images[7][0, 51:68, 38:62])
    np.testing.assert_array_equal(found.clean, found.examples)
    large = mixed(2, 3)[1:]
    (found,) = evaluate(DENOISERS["noisy"](), large, replace(PROTOCOL, images=1), [(0.0, "mse")], CPU)
    np.testing.assert_array_equal(found.clean, large[0][:, 28:92, 18:82].permute(1, 2, 0)[None])
    np.testing.assert_array_equal(found.clean, found.examples)


@pytest.mark.parametrize("images", [1, 6, 12, 68])
def test_a_few_images_are_blocks_of_their_own(images: int) -> None:
    (found,) = evaluate(DENOISERS["noisy"](), mixed(images), PROTOCOL, [(0.01, "mse")], CPU)
    score = summarize(0.01, "mse", found.values["mse"])
    assert score.images == images
    assert score.blocks == tuple(found.values["mse"])


def test_only_the_cells_asked_for_are_measured() -> None:
    asked = [(0.1, "mse"), (0.01, "psnr"), (0.1, "psnr")]
    found = list(evaluate(DENOISERS["clip"](), DATASETS["shapes"]().test, PROTOCOL, asked, CPU))
    assert [(each.variance, sorted(each.values)) for each in found] == [(0.01, ["psnr"]), (0.1, ["mse", "psnr"])]


def test_the_quality_floor_of_filters_on_mnist() -> None:
    """At variance 0.1 even plain filters gain decibels over clipping (13.1 dB)."""
    protocol = Protocol("mnist", "gaussian", (0.1,), tuple(METRICS), 300)
    for name, floor in (("gaussian", 16.0), ("median", 14.5)):
        (restored,) = evaluate(DENOISERS[name](), DATASETS["mnist"]().test, protocol, cells(protocol), CPU)
        assert restored.values["psnr"].mean() > floor, name

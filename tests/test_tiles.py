"""Large images are restored in tiles, and come out as if they had not been."""

import pytest
import torch
from torch import Tensor, nn

import bench.lookup.tiles
from architectures import DENOISERS
from bench.core.experiment import Experiment
from bench.core.rng import stream
from bench.core.variance import Range
from bench.lookup.denoisers import build, missing_package, parameters
from bench.lookup.tiles import restore

BASE = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), None)
NETWORKS = [name for name in DENOISERS if not missing_package(name) and DENOISERS[name]().reach is not None]
DEEPER = [("dncnn_small", 5), ("dncnn_small", 12), ("deep_autoencoder", 7), ("deep_autoencoder", 12)]


def positive(name: str, **options: int) -> nn.Module:
    """With no weight at zero or below, so that whatever can reach a pixel does."""
    model = build(BASE.but(denoiser=name, options=options)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_().add_(0.01)
    return model


@pytest.fixture
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.lookup.tiles, "LARGEST", 16 * 16)
    monkeypatch.setattr(bench.lookup.tiles, "TILE", 32)


def test_every_network_that_is_trained_can_be_tiled_unless_it_uses_the_mean_of_the_image() -> None:
    trained = [name for name in DENOISERS if not missing_package(name) and parameters(name, ())]
    assert [name for name in trained if name != "unet_normalized"] == NETWORKS
    assert len(NETWORKS) >= 6


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_tiles_give_what_the_whole_gives(name: str, channels: int) -> None:
    """Also where the last tile is a single row, and sizes are no multiples of four."""
    model = build(BASE.but(denoiser=name, options={"channels": channels})).eval()
    noisy = torch.rand(2, channels, 65, 99, generator=stream("tiles"))
    variance = torch.tensor([0.01, 0.1])
    with torch.inference_mode():
        torch.testing.assert_close(restore(model, noisy, variance), model(noisy, variance), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "depth"), [*((name, 0) for name in NETWORKS), *DEEPER])
def test_a_network_looks_no_further_than_it_says_and_nearly_as_far(name: str, depth: int) -> None:
    """By the gradient of a pixel, for each of the four places it may have between the steps of a network."""
    model = positive(name, **({"depth": depth} if depth else {}))
    noisy = torch.rand(6, 1, 80, 80, generator=stream("reach"), requires_grad=True)
    seen: list[Tensor] = []
    for layer in model.modules():  # before a sigmoid, which would be flat
        if isinstance(layer, nn.Conv2d):
            last = layer
    last.register_forward_hook(lambda module, inputs, output: seen.append(output))
    model(noisy, torch.full((6,), 0.01))
    distances = []
    for place in range(38, 42):
        (gradient,) = torch.autograd.grad(seen[0][:, 0, place, place].sum(), noisy, retain_graph=True)
        rows = gradient.abs().amax(dim=(0, 1, 3)).nonzero().flatten()
        distances += [place - int(rows.min()), int(rows.max()) - place]
    reach = getattr(model, "reach", 0)
    assert reach - 4 < max(distances) <= reach


@pytest.mark.usefixtures("_small_tiles")
def test_a_tile_is_small_and_a_filter_of_the_whole_image_sees_the_whole() -> None:
    sizes: list[tuple[int, ...]] = []

    class Spy(nn.Module):
        def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
            sizes.append(tuple(noisy.shape[2:]))
            return noisy

    class Near(Spy):
        reach = 6

    noisy = torch.rand(1, 1, 100, 33)
    assert torch.equal(restore(Spy(), noisy, torch.ones(1)), noisy)
    assert sizes == [(100, 33)]
    sizes.clear()
    assert torch.equal(restore(Near(), noisy, torch.ones(1)), noisy)
    assert len(sizes) == 8
    assert max(max(size) for size in sizes) <= 32 + 2 * 8
    assert not any(DENOISERS[name].reach for name in ("wavelet", "wiener", "total_variation", "bm3d"))

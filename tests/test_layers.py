"""Layers that train faster are the layers they stand for."""

import copy

import pytest
import torch
from torch import Tensor, nn

from architectures import DENOISERS
from bench.training.fast_layers import quicken

LAYERS = {
    "to one channel": (nn.Conv2d(5, 1, 3, padding=1), 5),
    "doubling": (nn.ConvTranspose2d(6, 3, 4, stride=2, padding=1), 6),
}


def gradients(layer: nn.Module, features: Tensor) -> list[Tensor]:
    """The output and, of a sum that weighs each of its values otherwise, the gradients."""
    features = features.clone().requires_grad_()
    output: Tensor = layer(features)
    weights = torch.linspace(-1, 2, output.numel(), dtype=output.dtype).view_as(output)
    return [output, *torch.autograd.grad((output * weights).sum(), [features, *layer.parameters()])]


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("size", [(4, 4), (7, 10)])
@pytest.mark.parametrize("name", LAYERS)
def test_output_and_gradients_are_those_of_torch(name: str, size: tuple[int, int], layout: torch.memory_format) -> None:
    layer, channels = LAYERS[name]
    layer = copy.deepcopy(layer).double()
    fast = quicken(copy.deepcopy(layer))
    assert type(fast) is not type(layer)
    features = torch.randn(3, channels, *size, generator=torch.Generator().manual_seed(0)).double()
    features = features.to(memory_format=layout)
    for ours, theirs in zip(gradients(fast, features), gradients(layer, features), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_evaluated_or_cast_is_done_by_torch_bit_for_bit(name: str) -> None:
    layer, channels = LAYERS[name]
    fast, features = quicken(copy.deepcopy(layer)), torch.rand(2, channels, 9, 9)
    assert torch.equal(fast.eval()(features), layer(features))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(fast.train()(features), layer(features))


@pytest.mark.parametrize("name", LAYERS)
def test_what_torch_takes_but_the_faster_way_does_not_is_left_to_torch(name: str) -> None:
    layer, channels = LAYERS[name]
    fast = quicken(copy.deepcopy(layer))
    assert torch.equal(fast(torch.ones(channels, 9, 9)), layer(torch.ones(channels, 9, 9)))
    features = torch.rand(2, channels, 9, 9, dtype=torch.bfloat16)
    assert torch.equal(fast.bfloat16()(features), copy.deepcopy(layer).bfloat16()(features))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(5, 2, 3, padding=1),
        nn.Conv2d(5, 1, 3),
        nn.Conv2d(5, 1, 3, padding=1, bias=False),
        nn.Conv2d(5, 1, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(5, 1, 1),
        nn.ConvTranspose2d(5, 16, 4, stride=2, padding=1),
        nn.ConvTranspose2d(5, 3, 2, stride=2),
        nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1, output_padding=1),
        nn.Linear(5, 1),
    ],
)
def test_other_layers_stay_as_they_are(layer: nn.Module) -> None:
    kind = type(layer)
    assert type(quicken(layer)) is kind


def test_a_layer_derived_from_one_of_torch_keeps_what_it_does() -> None:
    class Mine(nn.Conv2d):
        pass

    assert type(quicken(Mine(5, 1, 3, padding=1))) is Mine


def test_the_networks_of_the_study_have_such_layers() -> None:
    def changed(name: str) -> int:
        model = DENOISERS[name]()
        before = [type(module) for module in model.modules()]
        return sum(kind is not type(module) for kind, module in zip(before, quicken(model).modules(), strict=True))

    found = {name: changed(name) for name in ("conv_autoencoder", "deep_autoencoder", "dncnn", "unet")}
    assert found == {"conv_autoencoder": 2, "deep_autoencoder": 1, "dncnn": 1, "unet": 0}

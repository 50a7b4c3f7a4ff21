"""Layers that train faster are the layers they stand for."""

import copy
import json
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from architectures import DENOISERS
from bench.core.experiment import Experiment
from bench.core.recipes import FAST, FAST_LAYERS, Recipe
from bench.core.values import as_json
from bench.core.variance import Range
from bench.datasets import DATASETS
from bench.lookup.denoisers import build
from bench.training import train
from bench.training.fast_layers import KINDS, quicken

LAYERS = {
    "to one channel": (nn.Conv2d(5, 1, 3, padding=1), 5),
    "doubling": (nn.ConvTranspose2d(6, 3, 4, stride=2, padding=1), 6),
}


def faster(layer: nn.Module, same: bool = False) -> nn.Module:
    """What stands for a layer, or for a copy of it, in a model."""
    (found,) = quicken(nn.Sequential(layer if same else copy.deepcopy(layer)), KINDS).children()
    return found


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
    fast = faster(layer)
    assert type(fast) is not type(layer)
    features = torch.randn(3, channels, *size, generator=torch.Generator().manual_seed(0)).double()
    features = features.to(memory_format=layout)
    for ours, theirs in zip(gradients(fast, features), gradients(layer, features), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_evaluated_or_cast_is_done_by_torch_bit_for_bit(name: str) -> None:
    layer, channels = LAYERS[name]
    fast, features = faster(layer), torch.rand(2, channels, 9, 9)
    assert torch.equal(fast.eval()(features), layer(features))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(fast.train()(features), layer(features))


@pytest.mark.parametrize("name", LAYERS)
def test_what_torch_takes_but_the_faster_way_does_not_is_left_to_torch(name: str) -> None:
    layer, channels = LAYERS[name]
    fast = faster(layer)
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
    assert faster(layer, same=True) is layer


def test_a_layer_derived_from_one_of_torch_keeps_what_it_does() -> None:
    class Mine(nn.Conv2d):
        pass

    assert type(faster(Mine(5, 1, 3, padding=1))) is Mine


def test_the_networks_of_the_study_have_such_layers() -> None:
    def changed(name: str) -> int:
        model = DENOISERS[name]()
        before = [type(module) for module in model.modules()]
        return sum(
            kind is not type(module) for kind, module in zip(before, quicken(model, KINDS).modules(), strict=True)
        )

    found = {name: changed(name) for name in ("conv_autoencoder", "deep_autoencoder", "dncnn_small", "unet")}
    assert found == {"conv_autoencoder": 2, "deep_autoencoder": 1, "dncnn_small": 1, "unet": 0}


def test_a_replaced_layer_has_the_very_parameters_and_names_of_the_other() -> None:
    model = DENOISERS["conv_autoencoder"]()
    before, names = list(model.parameters()), list(model.state_dict())
    quicken(model.eval(), KINDS)
    assert all(new is old for new, old in zip(model.parameters(), before, strict=True))
    assert list(model.state_dict()) == names
    assert not any(module.training for module in model.modules())


def test_a_recipe_names_the_kinds_of_fast_layers() -> None:
    assert tuple(KINDS) == FAST_LAYERS == FAST.fast_layers
    for kinds, count in (((), 0), (("doubling",), 1), (FAST_LAYERS, 2)):
        model = quicken(DENOISERS["conv_autoencoder"](), kinds)
        assert sum(type(module) in KINDS.values() for module in model.modules()) == count
    some = Experiment("unet", (), "shapes", "gaussian", Range(0.1, 0.1), replace(FAST, fast_layers=("doubling",)))
    assert Experiment.from_json(json.loads(as_json(some))) == some
    assert some.id != some.but(recipe=FAST).id
    with pytest.raises(ValueError, match="no fast layer named 'double'; there are: doubling, to_one_channel"):
        Recipe(1, 32, "adam", 0.1, fast_layers=("double",))


def test_layers_of_a_plugin_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = Experiment("conv_autoencoder", (), "shapes", "gaussian", Range(0.1, 0.1), FAST)
    for module, changed in (("architectures.mine", True), ("plugins.mine", False)):
        model = build(experiment)
        monkeypatch.setattr(type(model), "__module__", module)
        next(train.fit(model, DATASETS["shapes"]().train, experiment, torch.device("cpu")))
        assert any(type(layer) in KINDS.values() for layer in model.modules()) == changed

"""Every entry of every registry keeps its contract; a new file is tested by being there."""

import inspect
import itertools
from pathlib import Path

import pytest
import torch

from architectures import DENOISERS
from bench.ablations import ABLATIONS
from bench.core.experiment import Experiment, Protocol
from bench.core.images import twins
from bench.core.recipes import FAST
from bench.core.rng import stream
from bench.core.tasks import Source
from bench.core.variance import Range
from bench.datasets import DATASETS
from bench.lookup.denoisers import learns, missing_package, parameters
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.running.plan import grid
from tests.conftest import folder_of_images, prepared

BASE = Experiment("conv_autoencoder", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)


def experiment(name: str, channels: int = 1) -> Experiment:
    """As a plan asks for it where images have that many channels; skips the test if its package is missing."""
    if package := missing_package(name):
        pytest.skip(f"{name} needs the package {package}, which is not installed")
    protocol = Protocol("shapes", "gaussian", (0.01,), ("psnr",), 1)
    *_, last = grid({name: [Range(0.01, 0.01)]}, protocol, FAST, 1, Source("shapes", channels)).experiments
    return BASE.but(denoiser=name, options=last.options)


def images(count: int, height: int, width: int, channels: int = 1) -> torch.Tensor:
    return torch.rand(count, channels, height, width, generator=stream("test images"))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 23), (28, 28), (31, 18)])
@pytest.mark.parametrize("name", DENOISERS)
def test_a_denoiser_keeps_the_shape_and_is_finite(name: str, height: int, width: int, channels: int) -> None:
    noisy = images(3, height, width, channels) * 1.5 - 0.25
    with torch.inference_mode():
        model = prepared(experiment(name, channels), height, width, channels).eval()
        restored = model(noisy, torch.full((3,), 0.01))
    assert restored.shape == noisy.shape
    assert restored.dtype == noisy.dtype
    assert restored.isfinite().all()


@pytest.mark.parametrize("name", DENOISERS)
def test_a_denoiser_treats_each_image_alone_and_leaves_it_untouched(name: str) -> None:
    model, noisy = prepared(experiment(name, 3), 20, 20, 3).eval(), images(5, 20, 20, 3)
    variance = torch.linspace(0.001, 0.1, 5)
    before = noisy.clone()
    with torch.inference_mode():
        together = model(noisy, variance)
        alone = torch.cat([model(noisy[i : i + 1], variance[i : i + 1]) for i in range(5)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert torch.equal(noisy, before)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", DENOISERS)
def test_every_parameter_of_a_denoiser_gets_a_gradient(name: str, channels: int) -> None:
    model = prepared(experiment(name, channels), 16, 16, channels).train()
    if learns(experiment(name)):
        noisy = images(4, 16, 16, channels)
        (model(noisy, torch.full((4,), 0.01)) - noisy).square().mean().backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.isfinite().all(), parameter_name
        assert parameter.grad.any(), parameter_name


@pytest.mark.parametrize("name", DENOISERS)
def test_a_blind_denoiser_ignores_the_variance(name: str) -> None:
    model, noisy = prepared(experiment(name), 16, 16).eval(), images(2, 16, 16)
    with torch.inference_mode():
        low, high = (model(noisy, torch.full((2,), variance)) for variance in (0.001, 0.5))
    assert torch.equal(low, high) == DENOISERS[name].blind


@pytest.mark.parametrize("name", [name for name in DENOISERS if DENOISERS[name].grid])
def test_a_grid_is_of_one_option_and_holds_its_default(name: str) -> None:
    prepared(experiment(name), 16, 16)
    ((option, values),) = (DENOISERS[name].grid or {}).items()
    assert inspect.signature(DENOISERS[name]).parameters[option].default in values
    assert 4 <= len(values) <= 8
    assert list(values) == sorted(set(values))
    for value in values:
        assert parameters(name, ((option, value),)) == 0


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_is_uint8_stable_and_disjoint(name: str, tmp_path: Path) -> None:
    paths = [folder_of_images(tmp_path)] * len(inspect.signature(DATASETS[name]).parameters)
    one, two = DATASETS[name](*paths), DATASETS[name](*paths)
    images = [*one.train, *one.test]
    assert {image.dtype for image in images} == {torch.uint8}
    assert {image.shape[0] for image in images} in ({1}, {3})
    assert min(min(image.shape[1:]) for image in images) >= 16
    assert all(torch.equal(image, again) for image, again in zip(images, [*two.train, *two.test], strict=True))
    assert not twins(one.test, one.train)


LARGEST = {"salt_and_pepper": 0.25}  # what a noise reaches on every image; all others reach any variance


@pytest.mark.parametrize("variance", [0.001, 0.01, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("name", NOISES)
def test_a_noise_has_the_variance_asked_for(name: str, variance: float) -> None:
    """Within what chance allows: four standard errors, from the values that whole images give."""
    clean, variances = images(2000, 28, 28), torch.full((2000,), variance)
    if variance > LARGEST.get(name, 1):
        with pytest.raises(ValueError, match="at most"):
            NOISES[name](clean, variances, stream("test"))
        return
    added = (NOISES[name](clean, variances, stream("test")) - clean).double()
    for moment, expected, scale in ((added, 0, variance**0.5), (added.square(), variance, variance)):
        each = moment.mean(dim=(1, 2, 3))
        error = each.std().item() / 2000**0.5
        assert error < 0.025 * scale
        assert each.mean().item() == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("name", NOISES)
def test_a_noise_depends_on_its_stream_alone(name: str) -> None:
    clean, variance = images(3, 16, 16), torch.full((3,), 0.01)
    before = clean.clone()
    first, same, other = (NOISES[name](clean, variance, stream("test", key)) for key in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert torch.equal(clean, before)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_best_at_equality_and_worse_with_more_noise(name: str) -> None:
    metric, clean = METRICS[name], images(4, 28, 28)
    field = torch.randn(clean.shape, generator=stream("field"))
    values = torch.stack([metric(clean, clean + scale * field) for scale in (0.0, 0.05, 0.2, 0.5)])
    assert values.shape == (4, 4)
    assert values.dtype == torch.float64
    steps = values.diff(dim=0) * (-1 if metric.better == "higher" else 1)
    assert (steps > 0).all()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", METRICS)
def test_a_metric_gives_each_image_the_number_it_has_alone(name: str, channels: int) -> None:
    clean = images(6, 28, 28, channels)
    restored = (clean + 0.1 * torch.randn(clean.shape, generator=stream("field"))).clamp(0, 1)
    together = METRICS[name](clean, restored)
    alone = torch.cat([METRICS[name](clean[i : i + 1], restored[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(together, alone, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_yields_distinct_experiments_that_can_be_built(name: str) -> None:
    found = list(ABLATIONS[name].function(BASE.but(denoiser=ABLATIONS[name].of)))
    assert len(found) > 1
    assert all(a != b for a, b in itertools.combinations(found, 2))
    assert all(learns(each) for each in found)


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_changes_one_factor_at_a_time_from_what_it_yields_first(name: str) -> None:
    first, *others = (factors(each) for each in ABLATIONS[name].function(BASE.but(denoiser=ABLATIONS[name].of)))
    for other in others:
        assert sum(first.get(factor) != other.get(factor) for factor in {*first, *other}) == 1


def factors(experiment: Experiment) -> dict[str, object]:
    """What may be changed one at a time; an optimizer comes with its rates."""
    values = dict(vars(experiment)) | dict(experiment.options) | vars(experiment.recipe)
    rates = [values.pop(name) for name in ("optimizer", "lr", "lr_vectors")]
    return {name: value for name, value in values.items() if name not in ("options", "recipe")} | {"rates": rates}

"""Every entry of every registry keeps its contract; a new file is tested by being there."""

import inspect
import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import run_all
from architectures import DENOISERS
from bench.ablations import ABLATIONS
from bench.core.experiment import Experiment, Protocol
from bench.core.images import twins
from bench.core.recipes import FAST
from bench.core.registry import Registry, load_plugin
from bench.core.rng import stream
from bench.core.settings import SETTINGS
from bench.core.tasks import Source
from bench.core.values import Note
from bench.core.variance import Range
from bench.datasets import DATASETS
from bench.lookup.contracts import Broken, check_denoiser, check_metric, check_noise, check_plugin
from bench.lookup.denoisers import learns, missing_package, parameters
from bench.lookup.images import images_of
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
    for part in ("noisy", "clean") if paths else ():
        shutil.copy(tmp_path / "test" / "3.png", tmp_path / f"a_{part}.png")
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
    assert len(found) > (0 if ABLATIONS[name].told else 1)  # what is told is a factor of the protocol
    assert all(a != b for a, b in itertools.combinations(found, 2))
    assert all(learns(each) or each.denoiser == "memorizer" for each in found)  # which stands beside networks


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_changes_one_factor_at_a_time_from_what_it_yields_first(name: str) -> None:
    base = BASE.but(denoiser=ABLATIONS[name].of)
    first, *others = (factors(each) for each in ABLATIONS[name].function(base) if each.denoiser != "memorizer")
    for other in others:
        assert sum(first.get(factor) != other.get(factor) for factor in {*first, *other}) == 1


def factors(experiment: Experiment) -> dict[str, object]:
    """What may be changed one at a time; an optimizer comes with its rates, and few images are repeated."""
    values = dict(vars(experiment)) | dict(experiment.options) | vars(experiment.recipe)
    rates = [values.pop(name) for name in ("optimizer", "lr", "lr_vectors")]
    return {name: value for name, value in values.items() if name not in ("options", "recipe", "repeat")} | {
        "rates": rates
    }


# What plug-ins are tried for.


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", DENOISERS)
def test_our_own_denoisers_pass_what_plugins_must_pass(name: str, channels: int) -> None:
    check_denoiser(experiment(name, channels))


@pytest.mark.parametrize("name", NOISES)
def test_our_own_noises_pass_what_plugins_must_pass(name: str) -> None:
    check_noise(name)


@pytest.mark.parametrize("name", METRICS)
def test_our_own_metrics_pass_what_plugins_must_pass(name: str) -> None:
    check_metric(name)


DENOISER = """
import numpy as np
import torch
from torch import nn
from architectures import Denoiser, denoiser

@denoiser
class Mine(Denoiser):
    def forward(self, noisy, variance):
        {body}
"""
NETWORK = """
import torch
from torch import nn
from architectures import Denoiser, denoiser

@denoiser
class Mine(Denoiser):
    def __init__(self):
        super().__init__()
        {layers}

    def forward(self, noisy, variance):
        {body}
"""
NOISE = """
import numpy as np
import torch
from bench.noises import noise

@noise
def mine(clean, variance, rng):
    scale = variance.sqrt().view(-1, 1, 1, 1)
    {body}
"""
METRIC = """
import torch
from bench.metrics import metric

@metric(better="{better}")
def mine(clean, restored):
    {body}
"""
DATASET = """
import numpy as np
import torch
from bench.datasets import Images, dataset

def stack(count, *shape, seed=0):
    return torch.randint(256, (count, *(shape or (1, 16, 16))), generator=torch.Generator().manual_seed(seed)).byte()

@dataset
def mine():
    return {images}
"""
DRAWN = "torch.randn(clean.shape, generator=rng)"
BROKEN_DENOISERS = {
    "return noisy.squeeze(1)": "gives the shape .* for images of shape",
    "return noisy, variance": "gives a tuple",
    "return None": "gives a NoneType",
    "return noisy.numpy()": "gives a ndarray",
    "return noisy[..., 1:]": "gives the shape",
    "return (noisy.clamp(0, 1) * 255).byte()": "gives torch.uint8, and must give torch.float32, with values in",
    "return noisy.clamp(0, 1) * 255": "are they in 0..255",
    "return noisy.double()": "gives torch.float64",
    "return noisy.to(torch.complex64)": "gives torch.complex64",
    "return noisy * float('nan')": "not finite",
    "return noisy - noisy.mean()": "does it use statistics of the batch",
    "return noisy + 0.01 * torch.rand(1)": "another result the second time",
    "self.seen = getattr(self, 'seen', 0) + 1; return noisy + self.seen": "another result the second time",
    "return noisy * (1 - variance.view(-1, 1, 1, 1))": "uses the variance .* blind = False",
    "return noisy.mul_(0.5)": "changes its input",
    "variance += 1; return noisy": "changes its input",
    "raise RuntimeError('of its own')": "fails on a tiny batch: RuntimeError: of its own",
    "raise SystemExit('bye')": "fails on a tiny batch: SystemExit: bye",
}
BROKEN_NETWORKS = {
    ("self.layer = nn.Conv2d(1, 1, 3, padding=1)", "return self.layer(noisy).detach()"): "no gradient",
    (
        "self.layer = nn.BatchNorm2d(1, track_running_stats=False)",
        "return self.layer(noisy)",
    ): "does it use statistics of the batch",
    ("self.reach = 1", "return noisy - noisy.mean((1, 2, 3), keepdim=True)"): "says reach = 1",
}
BROKEN_NOISES = {
    f"return clean + {DRAWN} * scale ** 2": "where 0.01 was asked for: does it take a standard deviation",
    f"return clean + {DRAWN} * 2 * scale": "has a variance of 0.04.* where 0.01 was asked for",
    f"return clean.add_({DRAWN} * scale)": "changes its input",
    "return clean + torch.randn_like(clean) * scale": "draws from a global generator",
    f"np.random.rand(); return clean + {DRAWN} * scale": "draws from a global generator",
    f"return (clean + {DRAWN} * scale).double()": "gives torch.float64",
    f"return (clean + {DRAWN} * scale)[:, 0]": "gives torch.float32 of shape",
    "return clean + torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)) * scale": "another one",
}
BROKEN_METRICS = {
    ("lower", "return (clean - restored).square().mean()"): "gives one value for all images",
    ("lower", "return (clean - restored).square().mean((1, 2, 3)).numpy()"): "gives a ndarray",
    ("lower", "return clean.mul_(255).sub(restored).square().mean((1, 2, 3))"): "changes its input",
    ("higher", "return (clean - restored).square().mean((1, 2, 3))"): "says better = 'higher'",
    ("lower", "return (clean - restored).square().mean((1, 2))"): "gives the shape",
    ("lower", "return (clean - restored).square().mean((1, 2, 3)) + restored.std()"): "in a batch than alone",
}
BROKEN_DATASETS = {
    "Images(torch.rand(9, 1, 16, 16), torch.rand(5, 1, 16, 16))": "has torch.float32 in train, .*multiply by 255",
    "Images(stack(9, 16, 16), stack(5, 16, 16, seed=1))": "add a channel axis",
    "Images(stack(9, 16, 16, 3), stack(5, 16, 16, 3, seed=1))": "channels come first",
    "Images(stack(9).numpy(), stack(5, seed=1).numpy())": "use torch.from_numpy",
    "((stack(9), 1), (stack(5, seed=1), 2))": "leave labels out",
    "stack(9)": "must return Images",
    "Images(stack(9, 1, 8, 8), stack(5, 1, 8, 8, seed=1))": "has an image of 8 pixels to a side, and 16 are needed",
    "Images(stack(9), stack(9)[:0])": "no image to test on",
    "Images(stack(9), stack(9)[3:5])": "has 2 of its test images among those for training",
    "Images(stack(9), torch.randint(256, (5, 1, 16, 16)).byte())": "gives other images at each call",
    "Images(stack(9, 3, 16, 16), stack(5, seed=1))": r"images of \[1, 3\] channels",
}


def loaded(path: Path, text: str) -> None:
    """Loads a plug-in `mine` from its text."""
    file = path / "mine.py"
    file.write_text(text)
    load_plugin(file)


@pytest.fixture(autouse=True)
def _everything_of_mine_is_forgotten() -> Iterator[None]:
    yield
    for registry in Registry.every:
        if "mine" in registry:
            registry.forget("mine")
    sys.modules.pop("plugins.mine", None)
    parameters.cache_clear()
    images_of.cache_clear()


@pytest.mark.parametrize(("body", "message"), BROKEN_DENOISERS.items())
def test_a_denoiser_that_breaks_its_contract_is_told_why(tmp_path: Path, body: str, message: str) -> None:
    loaded(tmp_path, DENOISER.format(body=body))
    with pytest.raises(Broken, match=f"the denoiser 'mine' .*{message}"):
        check_plugin(DENOISERS, "mine", lambda: check_denoiser(BASE.but(denoiser="mine")))


@pytest.mark.parametrize(("parts", "message"), BROKEN_NETWORKS.items())
def test_a_network_that_breaks_its_contract_is_told_why(tmp_path: Path, parts: tuple[str, str], message: str) -> None:
    loaded(tmp_path, NETWORK.format(layers=parts[0], body=parts[1]))
    with pytest.raises(Broken, match=f"the denoiser 'mine' .*{message}"):
        check_plugin(DENOISERS, "mine", lambda: check_denoiser(BASE.but(denoiser="mine")))


@pytest.mark.parametrize(("body", "message"), BROKEN_NOISES.items())
def test_a_noise_that_breaks_its_contract_is_told_why(tmp_path: Path, body: str, message: str) -> None:
    loaded(tmp_path, NOISE.format(body=body))
    with pytest.raises(Broken, match=f"the noise 'mine' .*{message}"):
        check_plugin(NOISES, "mine", lambda: check_noise("mine"))


@pytest.mark.parametrize(("parts", "message"), BROKEN_METRICS.items())
def test_a_metric_that_breaks_its_contract_is_told_why(tmp_path: Path, parts: tuple[str, str], message: str) -> None:
    loaded(tmp_path, METRIC.format(better=parts[0], body=parts[1]))
    with pytest.raises(Broken, match=f"the metric 'mine' .*{message}"):
        check_plugin(METRICS, "mine", lambda: check_metric("mine"))


@pytest.mark.parametrize(("images", "message"), BROKEN_DATASETS.items())
def test_a_dataset_that_breaks_its_contract_is_told_why(tmp_path: Path, images: str, message: str) -> None:
    loaded(tmp_path, DATASET.format(images=images))
    with pytest.raises(Broken, match=f"the dataset 'mine' .*{message}"):
        images_of("mine")


SOUND = {
    "reads values of tensors": (
        "self.rates = [x.item() for x in torch.linspace(0, 0.1, 4)]; self.layer = nn.Conv2d(1, 1, 3, padding=1)",
        "return self.layer(noisy)",
    ),
    "reads arrays of tensors": (
        "self.rates = torch.ones(3).numpy().tolist(); self.layer = nn.Conv2d(1, 1, 3, padding=1)",
        "return self.layer(noisy)",
    ),
    "lazy": ("self.layer = nn.LazyConv2d(1, 3, padding=1)", "return self.layer(noisy)"),
    "tied": ("self.layer = nn.Conv2d(1, 1, 3, padding=1); self.again = self.layer", "return self.again(noisy)"),
    "unused": (
        "self.layer = nn.Conv2d(1, 1, 3, padding=1); self.more = nn.Conv2d(1, 1, 3)",
        "return self.layer(noisy)",
    ),
    "dropout": ("self.layers = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Dropout(0.5))", "return self.layers(noisy)"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("layers", "body"), SOUND.values(), ids=SOUND)
def test_sound_networks_are_trained(here: Path, layers: str, body: str) -> None:
    Path("mine.py").write_text(NETWORK.format(layers=layers, body=body))
    options = ["--plugin", "mine.py", "--denoisers", "mine", "--train", "0.01", "--test", "0.01", "--jobs", "1"]
    assert run_all.main(["--grid", "--profile", "smoke", "--metrics", "psnr", *options]) == 0
    assert len(list(Path("results").rglob("weights.safetensors"))) == 1


def test_a_metric_of_single_precision_is_sound(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.py").write_text(METRIC.format(better="lower", body="return (clean - restored).abs().mean((1, 2, 3))"))
    options = ["--plugin", "mine.py", "--denoisers", "clip", "--test", "0.01", "--metrics", "mine", "--jobs", "1"]
    assert run_all.main(["--grid", "--profile", "smoke", *options]) == 0
    assert "MINE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (DENOISER.format(body="return None"), ["--denoisers", "mine"], "the denoiser 'mine' gives a NoneType"),
        (NOISE.format(body=f"return clean + {DRAWN} * scale ** 2"), ["--noise", "mine"], "a standard deviation?"),
        (METRIC.format(better="lower", body="return clean.mean()"), ["--metrics", "mine"], "one value for all images"),
        (DATASET.format(images="stack(9)"), ["--dataset", "mine"], "the dataset 'mine' gives a Tensor"),
        ("import sys; sys.exit('bye')", [], "does not load: it ended the program (bye)"),
        (
            "import argparse; argparse.ArgumentParser().parse_args(['--x'])",
            [],
            "does not load: it ended the program (2)",
        ),
    ],
)
def test_a_broken_plugin_is_refused_in_the_plan(
    here: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str], message: str
) -> None:
    Path("mine.py").write_text(text)
    denoisers = [] if "--denoisers" in options else ["--denoisers", "clip"]
    arguments = ["--grid", "--profile", "smoke", "--plugin", "mine.py", *denoisers, *options]
    assert run_all.main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("torch.set_grad_enabled(False)", "grad mode"),
        ("torch.set_default_dtype(torch.float64)", "default dtype"),
        ("torch.set_num_threads(3)", "number of threads"),
        ("torch.use_deterministic_algorithms(True)", "deterministic mode"),
        ("torch.set_default_device('meta')", "default device"),
    ],
)
def test_what_a_plugin_does_to_torch_is_undone_and_told(tmp_path: Path, line: str, setting: str) -> None:
    before = {name: get() for name, (get, _) in SETTINGS.items()}
    text = DENOISER.format(body="return noisy").replace("@denoiser", f"{line}\n\n@denoiser")
    with pytest.warns(Note, match=f"the plug-in mine.py changes torch's {setting}, which is undone"):
        loaded(tmp_path, text)
    assert {name: get() for name, (get, _) in SETTINGS.items()} == before

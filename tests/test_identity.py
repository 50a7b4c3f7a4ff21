"""A number depends on values alone: on weights and pixels, not on paths, names of files, or what was drawn before."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

import run_all
from bench.core.registry import Registry
from bench.core.rng import global_streams
from bench.lookup.denoisers import parameters
from bench.lookup.images import images_of
from bench.store.store import Store
from tests.conftest import Counter

MINE = """
import safetensors.torch
from pathlib import Path
from torch import nn
from architectures import denoiser
from {helper} import layer

@denoiser
class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = layer()
        self.layer.load_state_dict(safetensors.torch.load_file(Path(__file__).with_suffix(".safetensors")))
        self.requires_grad_(False)

    def forward(self, noisy, variance):
        return noisy - self.layer(noisy)
"""
HELPER = """
from torch import nn

def layer():
    return nn.Conv2d(1, 1, 3, padding=1, bias={bias})
"""
RUN = ("--grid", "--profile", "smoke", "--metrics", "psnr", "--jobs", "1")


def weights(centre: float) -> None:
    kernel = torch.zeros(1, 1, 3, 3)
    kernel[..., 1, 1] = centre
    safetensors.torch.save_file({"weight": kernel}, "mine.safetensors")


def psnr() -> dict[float, float]:
    """Of the only denoiser of the smoke store, by test variance."""
    store = Store(Path("results/smoke"))
    (section,) = store.sections()
    (experiment,) = section.experiments
    return {score.variance: score.mean for score in store.scores(experiment, section.protocol)}


def forget_plugins() -> None:
    """As a new process does."""
    for registry in Registry.every:
        for name in [name for name in registry if registry[name].__module__.startswith("plugins.")]:
            registry.forget(name)
    parameters.cache_clear()


@pytest.fixture(autouse=True)
def _parameters_are_forgotten() -> Iterator[None]:
    yield
    parameters.cache_clear()


@pytest.fixture
def helper(here: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A module beside the plug-in, of another name for each test, since Python keeps modules."""
    name = f"helper_of_{request.node.name.partition('[')[0]}"
    monkeypatch.syspath_prepend(str(here))
    Path(f"{name}.py").write_text(HELPER.format(bias=False))
    Path("mine.py").write_text(MINE.format(helper=name))
    weights(0)
    return name


def run(counter: Counter, *more: str, test: Sequence[str] = ("0.01",)) -> None:
    forget_plugins()
    assert counter.run(*RUN, "--plugin", "mine.py", "--denoisers", "mine", "--test", *test, *more) == 0


def test_new_weights_are_told_measured_again_on_demand_and_never_mixed(
    helper: str, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    run(counter)
    first = psnr()
    weights(0.9)
    run(counter)
    assert "1 experiments were measured by other code" in capsys.readouterr().err
    assert psnr() == first
    run(counter, test=("0.01", "0.1"))
    both = psnr()
    assert set(both) == {0.01, 0.1}
    assert both[0.01] < first[0.01] - 5  # measured again with its new neighbour
    weights(0)
    run(counter, "--refresh")
    assert psnr()[0.01] == first[0.01]


def test_a_module_that_a_plug_in_imports_counts_as_its_code(
    helper: str, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    from bench.running.provenance import code_digest

    run(counter)
    Path(f"{helper}.py").write_text(HELPER.format(bias=False).replace("return", "print()\n    return"))
    code_digest.cache_clear()
    run(counter)
    assert "1 experiments were measured by other code" in capsys.readouterr().err
    run(counter, "--refresh")
    assert counter.scored == [("mine", 0.01, "psnr")]
    capsys.readouterr()
    run(counter)
    assert capsys.readouterr().err == ""


def test_equal_pixels_are_one_dataset_wherever_they_are(counter: Counter) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 24, 32), dtype=np.uint8)
    Path("one").mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(f"one/{number}.png")
    shutil.copytree("one", "deep/er/two")
    Path("linked").symlink_to("one")
    options = [*RUN, "--denoisers", "clip,median", "--train", "0.01", "--test", "0.01", "--train-data", "shapes"]
    assert counter.run(*options, "--dataset", "folder:one") == 0
    assert len(counter.scored) == 3
    for place in ("deep/er/two", "linked", "deep/../one", str(Path("one").resolve())):
        images_of.cache_clear()
        assert counter.run(*options, "--dataset", f"folder:{place}") == 0
        assert (counter.trained, counter.tuned, counter.scored) == ([], [], []), place
    (section,) = Store(Path("results/smoke")).sections()
    assert section.protocol.dataset.startswith("folder@")


def test_images_that_moved_are_read_where_the_command_says(counter: Counter) -> None:
    Path("one").mkdir()
    for number in range(4):
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (20, 20), dtype=np.uint8)).save(
            f"one/{number}.png"
        )
    options = [*RUN, "--denoisers", "clip"]
    assert counter.run(*options, "--dataset", "folder:one", "--test", "0.01") == 0
    Path("one").rename("moved")
    images_of.cache_clear()
    assert counter.run(*options, "--dataset", "folder:moved", "--test", "0.01", "0.1") == 0
    assert counter.scored == [("clip", 0.1, "psnr")]


DROPOUT = """
import random
import numpy as np
import torch
from torch import nn
from architectures import denoiser

@denoiser
class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.Dropout(0.2), nn.Conv2d(8, 1, 3, padding=1))

    def forward(self, noisy, variance):
        if self.training:
            noisy = noisy + 0.01 * (np.random.random() + random.random())
        return self.layers(noisy)
"""


def test_what_a_network_draws_from_the_global_generators_is_the_same_every_time(here: Path, counter: Counter) -> None:
    Path("mine.py").write_text(DROPOUT)
    found = set()
    for number in range(2):
        torch.manual_seed(number)
        np.random.seed(number)  # noqa: NPY002  # the generator that this is about
        run(counter, "--train", "0.01", "--results", f"results{number}")
        (path,) = Path(f"results{number}").rglob("weights.safetensors")
        found.add(path.read_bytes())
    assert len(found) == 1


def test_the_global_generators_go_on_as_if_nothing_had_been_drawn() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    with global_streams("a", 1):
        first = torch.rand(2), np.random.random()  # noqa: NPY002  # the generator that this is about
    with global_streams("a", 1):
        second = torch.rand(2), np.random.random()  # noqa: NPY002  # as above
    with global_streams("a", 2):
        assert not torch.equal(torch.rand(2), first[0])
    assert torch.equal(first[0], second[0])
    assert first[1] == second[1]
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.slow
def test_a_layer_that_is_not_used_and_one_with_two_names_can_be_trained(here: Path) -> None:
    text = DROPOUT.replace("        self.layers", "        self.unused = nn.Conv2d(1, 1, 3)\n        self.layers", 1)
    text = text.replace("padding=1))\n", "padding=1))\n        self.again = self.layers[0]\n", 1)
    Path("mine.py").write_text(text)
    forget_plugins()
    options = ("--plugin", "mine.py", "--denoisers", "mine", "--train", "0.01", "--test", "0.01")
    assert run_all.main([*RUN, *options]) == 0
    (path,) = Path("results").rglob("weights.safetensors")
    assert {"again.weight", "layers.0.weight", "unused.weight"} <= set(safetensors.torch.load_file(path))

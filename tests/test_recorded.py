"""Noise that a camera recorded: pairs of noisy and clean images, tested as they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.core.experiment import ESTIMATE, RECORDED
from bench.core.images import digest
from bench.datasets import Images
from bench.lookup.images import identified, images_of
from bench.metrics import METRICS
from bench.scoring.noise_level import noise_level
from bench.store.store import Store
from tests.conftest import Counter

GRID = ("--grid", "--profile", "smoke", "--metrics", "psnr", "--jobs", "1")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Four smooth images of two sizes, each beside itself with rising noise."""
    draw = np.random.default_rng(0)
    for number, size in enumerate((40, 40, 48, 48)):
        clean = 128 + 80 * np.sin(np.linspace(0, 3, size))[:, None] * np.ones(size)
        noisy = clean + 4 * (number + 1) * draw.standard_normal(clean.shape)
        for name, image in (("mean", clean), ("real", noisy)):
            pixels = image.clip(0, 255).round().astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"scene_{number}_{name}.png")
    return tmp_path


def test_noisy_images_are_scored_as_they_are(pairs: Path, counter: Counter) -> None:
    assert counter.run(*GRID, "--dataset", f"folder_pairs:{pairs}", "--denoisers", "noisy,median,wavelet") == 0
    store = Store(Path("results/smoke"))
    (section,) = store.sections()
    images = images_of(identified(f"folder_pairs:{pairs}"))
    clean, noisy = ([image.float() / 255 for image in part] for part in (images.test, images.recorded))
    errors = [(a - b).square().mean().item() for a, b in zip(clean, noisy, strict=True)]
    assert (section.protocol.noise, section.protocol.told) == (RECORDED, ESTIMATE)
    assert section.protocol.variances == pytest.approx([np.mean(errors)], rel=0.01)
    score = {e.denoiser: store.scores(e, section.protocol)[0].mean for e in section.experiments}
    assert score["noisy"] == pytest.approx(-10 * np.log10(errors).mean())
    assert score["median"] > score["noisy"]


def test_who_is_told_is_told_the_estimate_from_the_file(pairs: Path, counter: Counter) -> None:
    plugin = pairs / "echo.py"
    plugin.write_text(
        "import torch\nfrom architectures import Denoiser, denoiser\n\n@denoiser\nclass Echo(Denoiser):\n"
        "    blind = False\n    def forward(self, noisy, variance):\n"
        "        return 0 * noisy + variance.view(-1, 1, 1, 1).sqrt()\n"
    )
    words = (*GRID, "--dataset", f"folder_pairs:{pairs}", "--plugin", str(plugin), "--denoisers", "echo")
    assert counter.run(*words) == 0
    store = Store(Path("results/smoke"))
    (section,) = store.sections()
    (experiment,) = section.experiments
    images = images_of(identified(f"folder_pairs:{pairs}"))
    expected = []
    for clean, noisy in zip(images.test, images.recorded, strict=True):
        sigma = noise_level(noisy.float() / 255, clipped=True).variance ** 0.5
        flat = torch.full((1, *clean.shape), sigma)
        expected.append(METRICS["psnr"](clean[None].float() / 255, flat).item())
    assert store.scores(experiment, section.protocol)[0].mean == pytest.approx(np.mean(expected), abs=1e-4)


def test_what_is_trained_elsewhere_is_tested_on_it(pairs: Path, counter: Counter) -> None:
    train = pairs / "train"
    train.mkdir()
    draw = np.random.default_rng(1)
    for number in range(80):
        Image.fromarray(draw.integers(0, 255, (40, 40)).astype(np.uint8)).save(train / f"{number}.png")
    words = (*GRID, "--dataset", f"folder_pairs:{pairs}", "--train-data", f"folder:{train}", "--train", "0.001")
    assert counter.run(*words, "--denoisers", "conv_autoencoder") == 0
    (section,) = Store(Path("results/smoke")).sections()
    (experiment,) = section.experiments
    assert (experiment.noise, section.protocol.noise) == ("gaussian", RECORDED)


def test_datasets_without_recorded_images_keep_their_digests() -> None:
    clean = torch.zeros(2, 1, 16, 16, dtype=torch.uint8)
    assert Images((), clean).digest == digest((), clean)
    assert Images(clean, clean).digest == digest(clean, clean)
    assert Images((), clean, clean).digest == digest((), clean, clean) != digest((), clean)


@pytest.mark.parametrize("words", [["--test", "0.01"], ["--noise", "laplace"]])
def test_its_noise_is_not_chosen(
    pairs: Path, counter: Counter, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.run(*GRID, "--dataset", f"folder_pairs:{pairs}", "--denoisers", "clip", *words) == 2
    assert "have a noise of their own: leave out --test and --noise" in capsys.readouterr().err


def test_a_pair_that_is_none_is_named(pairs: Path) -> None:
    (pairs / "scene_0_mean.png").unlink()
    with pytest.raises(ValueError, match=r"scene_0_real\.png has 0 clean images named scene_0_mean"):
        images_of(f"folder_pairs:{pairs}")
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(pairs / "scene_0_mean.png")
    with pytest.raises(ValueError, match=r"differ in size \(40×40 and 20×30\): crop them"):
        images_of(f"folder_pairs:{pairs}")
    (pairs / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no pair of noisy and clean images: name them NAME_noisy and NAME_cl"):
        images_of(f"folder_pairs:{pairs / 'empty'}")


def test_names_of_two_kinds_and_other_files_beside_a_pair_do_no_harm(pairs: Path) -> None:
    for name, grey in (("real_noisy_1", 100), ("real_clean_1", 90)):
        Image.fromarray(np.full((40, 40), grey, np.uint8)).save(pairs / f"{name}.png")
        (pairs / f"{name}.txt").write_text("taken at night")
    images = images_of(identified(f"folder_pairs:{pairs}"))
    assert len(images.test) == len(images.recorded) == 5
    (noisy,) = [image for image in images.recorded if (image == 100).all()]
    assert noisy.shape == (1, 40, 40)


def test_ablations_of_what_a_camera_recorded_are_told_the_estimate(
    pairs: Path, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--profile", "smoke", "--dataset", f"folder_pairs:{pairs}", "--train-data", "shapes", "--jobs", "1")
    assert counter.run("--ablate", "loss", *words, "--metrics", "psnr") == 0
    assert {s.protocol.told for s in Store(Path("results/smoke")).sections()} == {ESTIMATE}
    assert "as it came in the files" in Path("results/smoke/pages/trust.md").read_text()
    assert counter.run("--ablate", "noise_law", *words) == 2
    assert "have one of their own" in capsys.readouterr().err

from collections import Counter as Counts
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats

from bench.core.experiment import Experiment
from bench.core.recipes import FAST, RECIPES
from bench.core.rng import stream
from bench.core.variance import Range
from bench.lookup.denoisers import build
from bench.lookup.images import identified, training_of
from bench.training.patches import draw_patches
from bench.training.train import fit
from tests.conftest import Counter, report_text

NUMBERED = torch.arange(24 * 20, dtype=torch.int32).view(1, 24, 20)


def test_patches_are_pieces_of_the_images_turned_and_mirrored() -> None:
    image = (NUMBERED % 251).byte()
    found = draw_patches((image,), 16, 40, stream("test"))
    assert (found.shape, found.dtype) == ((40, 1, 16, 16), torch.uint8)
    windows = image.unfold(1, 16, 1).unfold(2, 16, 1).reshape(-1, 1, 16, 16)
    turned = [side.rot90(turn, (2, 3)) for side in (windows, windows.flip(3)) for turn in range(4)]
    ways = torch.tensor([[bool((way == patch).all(dim=(1, 2, 3)).any()) for way in turned] for patch in found])
    assert ways.any(dim=1).all()
    assert ways.any(dim=0).all()


def test_every_patch_of_every_image_is_as_likely() -> None:
    """Two images with 3 × 5 and 1 × 2 places for a patch, in eight ways each: 136 patches."""
    images = torch.arange(18 * 20).view(1, 18, 20), torch.arange(-272, 0).view(1, 16, 17)
    windows = [image.unfold(1, 16, 1).unfold(2, 16, 1).reshape(-1, 16, 16) for image in images]
    expected = [
        tuple(way.rot90(turn).flatten().tolist())
        for window in torch.cat(windows)
        for way in (window, window.flip(1))
        for turn in range(4)
    ]
    patches = draw_patches(images, 16, 136 * 50, stream("test"))
    counts = Counts(tuple(patch.flatten().tolist()) for patch in patches)
    assert set(counts) == set(expected)
    assert stats.chisquare(list(counts.values())).pvalue > 0.01


def test_the_draw_depends_on_its_stream_alone() -> None:
    image = (NUMBERED % 251).byte()
    one, same, other = (draw_patches((image,), 16, 8, stream("test", key)) for key in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_an_image_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match="image 1 is 24×20, too small for a patch of 32"):
        draw_patches((torch.zeros(1, 40, 40), NUMBERED), 32, 1, stream("test"))
    for height, width in ((20, 24), (24, 20)):
        with pytest.raises(ValueError, match=f"image 0 is {height}×{width}, too small for a patch of 21"):
            draw_patches((torch.zeros(1, height, width),), 21, 1, stream("test"))
    assert draw_patches((NUMBERED,), 20, 1, stream("test")).shape == (1, 1, 20, 20)


PHOTOGRAPHS = replace(FAST, epochs=2, batch=8, patch=16, patches=32)


def photographs(folder: Path, count: int = 10) -> Path:
    """Smooth images of unequal size with a few edges, in train/ and test/."""
    for part, first in (("train", 0), ("test", 100)):
        (folder / part).mkdir(parents=True)
        for number in range(first, first + count):
            rng = np.random.default_rng(number)
            pixels = rng.integers(0, 256, (3 + number % 2, 4), np.uint8)
            Image.fromarray(pixels).resize((40, 30 + 10 * (number % 2))).save(folder / part / f"{number}.png")
    return folder


def test_a_network_is_trained_on_patches_of_images_of_any_size(tmp_path: Path) -> None:
    folder = identified(f"folder:{photographs(tmp_path / 'photographs').as_posix()}")
    base = Experiment("conv_autoencoder", (), folder, "gaussian", Range(0.01, 0.01), PHOTOGRAPHS)
    images = training_of(folder)
    weights = []
    for _ in range(2):
        model = build(base)
        rows = list(fit(model, images, base, torch.device("cpu")))
        weights.append(torch.cat([parameter.flatten() for parameter in model.parameters()]))
    assert [row.epoch for row in rows if row.validation is not None] == [1, 2]
    assert torch.equal(*weights)


@pytest.mark.slow
def test_the_command_trains_on_photographs_and_scores_them_whole(
    counter: Counter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photographs(Path("photographs"))
    arguments = ("--grid", "--profile", "smoke", "--dataset", "folder:photographs", "--train", "0.01", "--test", "0.01")
    networks = (*arguments, "--denoisers", "clip,conv_autoencoder")
    assert counter.run(*networks) == 2
    assert "train on patches with --recipe photographs" in capsys.readouterr().err
    monkeypatch.setitem(RECIPES, "photographs", replace(PHOTOGRAPHS, patch=48))
    assert counter.run(*networks, "--recipe", "photographs") == 2
    assert "an image of 30 pixels to a side, and the recipe trains on patches of 48" in capsys.readouterr().err
    assert not Path("results").exists()
    monkeypatch.setitem(RECIPES, "photographs", PHOTOGRAPHS)
    assert counter.run(*networks, "--recipe", "photographs") == 0
    assert counter.trained == ["conv_autoencoder"]
    assert "the first 10 test images" in report_text(Path("results/smoke"))

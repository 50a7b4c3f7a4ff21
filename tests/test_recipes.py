"""Recipes: what is refused, and how one is said in words."""

import re
from dataclasses import asdict, replace
from typing import Any

import pytest

from bench.core.recipes import FAST, PHOTOGRAPHS, RECIPES, TUTORIAL, Recipe, changed, recipe_name, recipe_text

LEAST = Recipe(1, 1, "adam", 1e-9)


def test_named_recipes_are_these() -> None:
    """A change here changes every network that is trained by its name."""
    plain: dict[str, object] = {"target": "clean", "precision": "float32", "train_images": 0, "patch": 0, "patches": 0}
    plain["repeat"] = False
    plain["fast_layers"] = ("doubling", "to_one_channel")
    muon = {"optimizer": "muon", "lr": 0.03, "lr_vectors": 0.02, "schedule": "one-cycle", "warm_up": 0.3, "batch": 32}
    adam = {"optimizer": "adam", "lr": 0.001, "lr_vectors": 0.0, "schedule": "constant", "warm_up": 0.15, "batch": 64}
    assert {name: asdict(recipe) for name, recipe in RECIPES.items()} == {
        "fast": {"epochs": 1, **muon, "loss": "psnr", **plain},
        "tutorial": {"epochs": 10, **adam, "loss": "mse", **plain},
        "photographs": {"epochs": 4, **muon, "loss": "mse", **plain, "patch": 48, "patches": 20_000},
    }


@pytest.mark.parametrize(
    "change",
    [{"warm_up": 1e-9}, {"warm_up": 1 - 1e-9}, {"patch": 16, "patches": 1}, {"patch": 17, "patches": 2},
     {"train_images": 1}, {"batch": 8, "train_images": 8}, {"batch": 8, "patch": 16, "patches": 8},
     {"optimizer": "muon", "lr_vectors": 1e-9}, {"schedule": "constant"}, {"target": "renoised"}],
)  # fmt: skip
def test_the_least_of_everything_is_taken(change: dict[str, Any]) -> None:
    assert changed(replace(LEAST, **change), LEAST) == change


@pytest.mark.parametrize(
    ("change", "message"),
    [*(({name: 0}, f"{name} must be a whole number of at least 1, got 0") for name in ("epochs", "batch")),
     *(({name: -1}, f"{name} must be a whole number of at least 0") for name in ("train_images", "patch", "patches")),
     ({"lr": 0}, "lr must be positive, got 0.0"),
     ({"warm_up": 0}, "between 0 and 1, got 0.0"), ({"warm_up": 1}, "between 0 and 1, got 1.0"),
     ({"lr_vectors": 0.1}, "0 elsewhere, got 0.1"), ({"optimizer": "muon"}, "positive under muon"),
     ({"patch": 15, "patches": 8}, "at least 16 pixels wide, got 15"),
     ({"patch": 16}, "must fill a batch where patch is given, and be 0 elsewhere, got 0"),
     ({"patches": 8}, "be 0 elsewhere, got 8"), ({"batch": 8, "train_images": 7}, "fill a batch of 8, got 7"),
     ({"batch": 8, "patch": 16, "patches": 7}, "got 7"),
     ({"schedule": "cosine"}, "no schedule named 'cosine'; there are: constant, one-cycle"),
     ({"loss": "l2"}, "no loss named 'l2'"), ({"target": "x"}, "no target"), ({"precision": "x"}, "no precision")],
)  # fmt: skip
def test_less_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(LEAST, **change)


def test_a_recipe_is_called_by_the_nearest_name() -> None:
    assert recipe_name(None) == recipe_text(None) == "–"
    assert [recipe_name(recipe) for recipe in RECIPES.values()] == ["fast", "tutorial", "photographs"]
    assert recipe_name(replace(FAST, epochs=2)) == "fast, epochs=2"
    assert recipe_name(replace(TUTORIAL, lr=0.01, loss="l1")) == "tutorial, lr=0.01, loss=l1"
    assert changed(FAST, replace(FAST, batch=64)) == {"batch": 32}


def test_a_recipe_in_words() -> None:
    assert recipe_text(FAST) == (
        "1 epoch, batch 32, muon, lr 0.03 and 0.02, one-cycle (30 % warm-up), loss psnr to the clean image, float32"
    )
    assert recipe_text(replace(TUTORIAL, train_images=640, target="noisy")) == (
        "10 epochs of 640 images, batch 64, adam, lr 0.001, constant, loss mse to the noisy image, float32"
    )
    assert recipe_text(PHOTOGRAPHS).startswith("4 epochs of 20,000 patches, 48×48, batch 32, muon")

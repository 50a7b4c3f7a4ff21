"""Recipes with a name, and any recipe in words."""

from dataclasses import replace
from typing import Any

from bench.experiment import Recipe

FAST = Recipe(epochs=1, batch=32, optimizer="muon", lr=0.03, lr_vectors=0.02, warm_up=0.3, loss="psnr")
TUTORIAL = Recipe(epochs=10, batch=64, optimizer="adam", lr=1e-3, schedule="constant")
# Squared error, as with those whose numbers stand beside it.
PHOTOGRAPHS = replace(FAST, epochs=4, patch=48, patches=20000, loss="mse")
RECIPES = {"fast": FAST, "tutorial": TUTORIAL, "photographs": PHOTOGRAPHS}


def changed(recipe: Recipe, base: Recipe) -> dict[str, Any]:
    """The fields that differ from those of another recipe."""
    return {name: value for name, value in vars(recipe).items() if value != getattr(base, name)}


def recipe_name(recipe: Recipe | None) -> str:
    """The nearest recipe that has a name, with the fields that differ from it."""
    if recipe is None:
        return "–"
    changes = {name: changed(recipe, base) for name, base in RECIPES.items()}
    nearest = min(changes, key=lambda name: len(changes[name]))
    return ", ".join([nearest, *(f"{name}={value}" for name, value in changes[nearest].items())])


def recipe_text(recipe: Recipe | None) -> str:
    """A recipe in words."""
    if recipe is None:
        return "–"
    epochs = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
    images = f" of {recipe.train_images} images" if recipe.train_images else ""
    images = f" of {recipe.patches:,} patches, {recipe.patch}×{recipe.patch}" if recipe.patch else images
    warm_up = f" ({100 * recipe.warm_up:g} % warm-up)" if recipe.schedule == "one-cycle" else ""
    schedule = recipe.schedule + warm_up
    rates = f"lr {recipe.lr:g}" + (f" and {recipe.lr_vectors:g}" if recipe.lr_vectors else "")
    return (
        f"{epochs}{images}, batch {recipe.batch}, {recipe.optimizer}, {rates}, {schedule}, "
        f"loss {recipe.loss} to the {recipe.target} image, {recipe.precision}"
    )

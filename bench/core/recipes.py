"""Recipes: how weights are fitted, the recipes that have a name, and any recipe in words."""

from dataclasses import dataclass, replace
from typing import Any

from bench.core.values import later, require, whole

ONE_DRAW = ("sure", "masked")  # targets that need one noisy image each
FAST_LAYERS = ("doubling", "to_one_channel")  # see `bench.training.fast_layers`


@dataclass(frozen=True)
class Recipe:
    """How weights are fitted.

    Attributes:
        epochs: passes over the training images.
        batch: images in a step. A short last batch is left out.
        optimizer: "adam", or "muon" (Muon for kernels, Adam for all other parameters).
        lr: peak learning rate; under Muon that of the kernels.
        lr_vectors: under Muon the peak rate of Adam for norms and biases; 0 elsewhere.
        schedule: "constant", or "one-cycle" (a linear warm-up, then a cosine to zero).
        loss: between output and target: "mse", "l1", "charbonnier", or "psnr" (minus the PSNR of each image in dB,
            unclipped, averaged over images).
        target: "clean"; "noisy", the input itself; "renoised", a second draw of the noise; or, where each image is seen
            with one draw of the noise alone, "sure" and "masked" (see `bench.training.self_supervised`).
        precision: "float32", or "bfloat16" by autocast in the forward pass.
        train_images: number of training images used; 0 means all.
        warm_up: share of all steps in which the rate of one-cycle rises.
        patch: width in pixels of square training patches; 0 means whole images.
        patches: number of patches in an epoch.
        repeat: whether few training images are seen again and again in an epoch, for as many steps as all would take.
        fast_layers: kinds of layers of Desruido's own architectures that are replaced by faster equivalents.
    """

    epochs: int
    batch: int
    optimizer: str
    lr: float
    lr_vectors: float = 0.0
    schedule: str = "one-cycle"
    loss: str = "mse"
    target: str = "clean"
    precision: str = "float32"
    train_images: int = 0
    warm_up: float = later(0.15)
    patch: int = later(0)
    patches: int = later(0)
    fast_layers: tuple[str, ...] = later(FAST_LAYERS)
    repeat: bool = later(False)

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("train_images", 0), ("patch", 0), ("patches", 0)):
            object.__setattr__(self, name, whole(name, getattr(self, name), least))
        for name in ("lr", "lr_vectors", "warm_up"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "fast_layers", tuple(sorted(set(self.fast_layers))))
        require(self.lr > 0, f"lr must be positive, got {self.lr}")
        require(0 < self.warm_up < 1, f"warm_up is a share of the steps, between 0 and 1, got {self.warm_up}")
        choices = {
            "optimizer": ("adam", "muon"),
            "schedule": ("constant", "one-cycle"),
            "loss": ("mse", "psnr", "l1", "charbonnier"),
            "target": ("clean", "noisy", "renoised", *ONE_DRAW),
            "precision": ("float32", "bfloat16"),
        }
        for name, known in choices.items():
            value = getattr(self, name)
            require(value in known, f"no {name} named {value!r}; there are: {', '.join(known)}")
        for layer in self.fast_layers:
            require(layer in FAST_LAYERS, f"no fast layer named {layer!r}; there are: {', '.join(FAST_LAYERS)}")
        vectors = self.lr_vectors > 0 if self.optimizer == "muon" else self.lr_vectors == 0
        require(vectors, f"lr_vectors must be positive under muon and 0 elsewhere, got {self.lr_vectors}")
        require(self.patch == 0 or self.patch >= 16, f"a patch is at least 16 pixels wide, got {self.patch}")
        together = self.patches >= self.batch if self.patch else self.patches == 0
        require(together, f"patches must fill a batch where patch is given, and be 0 elsewhere, got {self.patches}")
        one_draw = self.target in ONE_DRAW
        require(not one_draw or self.loss == "mse", f"the target {self.target!r} needs the loss mse, got {self.loss}")
        whole_images = not (one_draw or self.repeat) or not self.patch
        require(whole_images, "patches cannot be repeated, nor learned from one draw of the noise: leave out patch")
        enough = self.train_images == 0 or self.train_images >= self.batch
        require(enough, f"train_images must fill a batch of {self.batch}, got {self.train_images}")


FAST = Recipe(epochs=1, batch=32, optimizer="muon", lr=0.03, lr_vectors=0.02, warm_up=0.3, loss="psnr")
TUTORIAL = Recipe(epochs=10, batch=64, optimizer="adam", lr=1e-3, schedule="constant")
# Squared error, as in the papers whose numbers stand beside ours.
PHOTOGRAPHS = replace(FAST, epochs=4, patch=48, patches=20000, loss="mse")
RECIPES = {"fast": FAST, "tutorial": TUTORIAL, "photographs": PHOTOGRAPHS}


def changed(recipe: Recipe, base: Recipe) -> dict[str, Any]:
    """The fields that differ from those of another recipe."""
    return {name: value for name, value in vars(recipe).items() if value != getattr(base, name)}


def family_of(recipe: Recipe) -> str:
    """The name of the nearest recipe that has one."""
    return min(RECIPES, key=lambda name: len(changed(recipe, RECIPES[name])))


def recipe_name(recipe: Recipe | None) -> str:
    """The nearest recipe that has a name, with the fields that differ from it."""
    if recipe is None:
        return "–"
    family = family_of(recipe)
    return ", ".join([family, *(f"{name}={value}" for name, value in changed(recipe, RECIPES[family]).items())])


def recipe_text(recipe: Recipe | None) -> str:
    """A recipe in words."""
    if recipe is None:
        return "–"
    epochs = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
    again = " again and again" if recipe.repeat else ""
    images = f" of {recipe.train_images} images{again}" if recipe.train_images else ""
    images = f" of {recipe.patches:,} patches, {recipe.patch}×{recipe.patch}" if recipe.patch else images
    warm_up = f" ({100 * recipe.warm_up:g} % warm-up)" if recipe.schedule == "one-cycle" else ""
    rates = f"lr {recipe.lr:g}" + (f" and {recipe.lr_vectors:g}" if recipe.lr_vectors else "")
    aim = recipe.target if recipe.target in ONE_DRAW else f"the {recipe.target} image"
    return (
        f"{epochs}{images}, batch {recipe.batch}, {recipe.optimizer}, {rates}, {recipe.schedule}{warm_up}, "
        f"loss {recipe.loss} to {aim}, {recipe.precision}"
    )

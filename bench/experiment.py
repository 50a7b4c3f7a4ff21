"""The frozen types: every value that can move a number, and the digest that names its folder."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Self

Cell = tuple[float, str]  # a test variance and the name of a metric
LAWS = ("uniform", "uniform-sigma", "log-uniform")
TARGETS = ("clean", "noisy", "renoised")


def later(neutral: Any) -> Any:
    """A field added after results were published: out of the digest while it has its neutral value."""
    return field(default=neutral, metadata={"neutral": neutral})


def canonical(value: Any) -> Any:
    """A frozen value as plain JSON types, without later fields at their neutral value."""
    if hasattr(value, "__dataclass_fields__"):
        return {
            f.name: canonical(getattr(value, f.name))
            for f in fields(value)
            if not ("neutral" in f.metadata and getattr(value, f.name) == f.metadata["neutral"])
        }
    if isinstance(value, tuple):
        return [canonical(entry) for entry in value]
    return value


def digest(value: Any) -> str:
    """Ten hexadecimal digits of the SHA-256 of a frozen value's canonical JSON."""
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _whole(name: str, value: int, least: int) -> int:
    _require(value == int(value) and value >= least, f"{name} must be a whole number of at least {least}, got {value}")
    return int(value)


def written(variance: float) -> str:
    """A variance in the shorter of two exact ways: as a number, or by its σ in grey levels of 255, such as "σ=25"."""
    return _shorter(f"{variance:.12g}", _grey(variance))


def _shorter(number: str, sigma: str | None) -> str:
    return f"σ={sigma}" if sigma is not None and len(sigma) + 2 < len(number) else number


def _grey(variance: float) -> str | None:
    """σ of a variance in grey levels, if that is a whole number."""
    sigma = round(255 * math.sqrt(variance))
    return f"{sigma}" if (sigma / 255) ** 2 == variance else None


@dataclass(frozen=True, order=True)
class Range:
    """Noise variances, in squared pixel units with pixels in [0, 1]; a fixed one has width zero.

    `law` says how one is drawn: uniform in variance, uniform in its root σ, or log-uniform.
    """

    low: float
    high: float
    law: str = "uniform"

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = float(getattr(self, name)) + 0.0  # which makes -0.0 a plain zero
            _require(math.isfinite(value) and value >= 0, f"a variance is finite and not negative, got {value}")
            object.__setattr__(self, name, value)
        _require(self.low <= self.high, f"the range {self.low:g}..{self.high:g} is reversed: write low..high")
        _require(self.law in LAWS, f"no law named {self.law!r}; there are: {', '.join(LAWS)}")
        if self.fixed:
            object.__setattr__(self, "law", "uniform")  # one value is drawn alike under every law
        _require(self.low > 0 or self.law != "log-uniform", "a log-uniform range must start above zero")

    @classmethod
    def parse(cls, text: str, law: str | None = None) -> Self:
        """Reads "0.01", "0.001..0.1" or "0.001..0.1 log-uniform"; `law` is for a range that names none.

        "sigma=25" and "sigma=0..55", or with the letter σ, are in grey levels of 255. Without any law, a
        range is uniform in what it is written in, variance or σ.
        """
        numbers, _, named = text.strip().partition(" ")
        sigma = numbers.removeprefix("sigma=").removeprefix("σ=")
        low, dots, high = sigma.partition("..")
        try:
            ends = float(low), float(high if dots else low)
            if sigma != numbers:
                _require(min(ends) >= 0, f"a noise σ is not negative, got {text!r}")
                ends, law = ((ends[0] / 255) ** 2, (ends[1] / 255) ** 2), law or "uniform-sigma"
            return cls(*ends, named.strip() or law or "uniform")
        except ValueError as error:
            if "could not convert" in str(error):
                raise ValueError(
                    f"a variance is a number or a range low..high and its law, or σ in grey levels as in sigma=25, "
                    f"got {text!r}"
                ) from None
            raise

    @property
    def fixed(self) -> bool:
        return self.low == self.high

    def __contains__(self, variance: float) -> bool:
        return self.low <= variance <= self.high

    def __str__(self) -> str:
        if self.fixed:
            return written(self.low)
        low, high = _grey(self.low), _grey(self.high)
        number, sigma = f"{self.low:.12g}..{self.high:.12g}", f"{low}..{high}" if low and high else None
        text = _shorter(number, sigma)
        law = "" if self.law == ("uniform" if text == number else "uniform-sigma") else f" {self.law}"
        return text + law


@dataclass(frozen=True)
class Recipe:
    """How weights are fitted.

    Attributes:
        epochs: passes over the training images.
        batch: images in a step; a last batch that is short is left out.
        optimizer: "adam", or "muon" (Muon for kernels, Adam for all other parameters).
        lr: peak learning rate; under Muon that of the kernels.
        lr_vectors: under Muon the peak rate of Adam for norms and biases; 0 elsewhere.
        schedule: "constant", or "one-cycle" (a linear warm-up, then a cosine to zero).
        loss: what is minimized between output and target: "mse"; "psnr", the mean over images of minus their
            PSNR in dB, unclipped; "l1" or "charbonnier".
        target: "clean"; "noisy", the input itself; or "renoised", a second draw of the noise.
        precision: "float32", or "bfloat16" by autocast in the forward pass.
        train_images: how many of the training images are used; 0 is all.
        warm_up: share of all steps in which the rate of one-cycle rises.
        patch: width in pixels of the square patches that photographs are trained on; 0 is whole images.
        patches: how many of them are an epoch.
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

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("train_images", 0), ("patch", 0), ("patches", 0)):
            object.__setattr__(self, name, _whole(name, getattr(self, name), least))
        for name in ("lr", "lr_vectors", "warm_up"):
            object.__setattr__(self, name, float(getattr(self, name)))
        _require(self.lr > 0, f"lr must be positive, got {self.lr}")
        _require(0 < self.warm_up < 1, f"warm_up is a share of the steps, between 0 and 1, got {self.warm_up}")
        choices = {
            "optimizer": ("adam", "muon"),
            "schedule": ("constant", "one-cycle"),
            "loss": ("mse", "psnr", "l1", "charbonnier"),
            "target": TARGETS,
            "precision": ("float32", "bfloat16"),
        }
        for name, known in choices.items():
            value = getattr(self, name)
            _require(value in known, f"no {name} named {value!r}; there are: {', '.join(known)}")
        vectors = self.lr_vectors > 0 if self.optimizer == "muon" else self.lr_vectors == 0
        _require(vectors, f"lr_vectors must be positive under muon and 0 elsewhere, got {self.lr_vectors}")
        _require(self.patch == 0 or self.patch >= 16, f"a patch is at least 16 pixels wide, got {self.patch}")
        together = self.patches >= self.batch if self.patch else self.patches == 0
        _require(together, f"patches must fill a batch where patch is given, and be 0 elsewhere, got {self.patches}")
        enough = self.train_images == 0 or self.train_images >= self.batch
        _require(enough, f"train_images must fill a batch of {self.batch}, got {self.train_images}")


@dataclass(frozen=True)
class Experiment:
    """All that decides the weights of one denoiser.

    A denoiser that learns nothing is one experiment whatever the training: the fields that cannot
    move it are None (see `plan.settle`). A filter with a `variance` but no recipe is tuned for it.
    """

    denoiser: str
    options: tuple[tuple[str, Any], ...]
    dataset: str | None
    noise: str | None
    variance: Range | None
    recipe: Recipe | None
    seed: int = 0

    def __post_init__(self) -> None:
        pairs = self.options.items() if isinstance(self.options, Mapping) else self.options
        object.__setattr__(self, "options", tuple(sorted(pairs)))
        object.__setattr__(self, "seed", _whole("seed", self.seed, 0))

    def but(self, **changes: Any) -> Self:
        """The same experiment with other values; `options` are added to those it has."""
        if "options" in changes:
            changes["options"] = dict(self.options) | dict(changes["options"])
        return replace(self, **changes)

    @property
    def tuned(self) -> bool:
        """Whether its parameter is chosen on validation images."""
        return self.recipe is None and self.variance is not None

    @cached_property
    def id(self) -> str:
        """Name of its folder: the denoiser and a digest of every value."""
        return f"{self.denoiser}-{digest(self)}"

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `canonical`."""
        ranged, recipe = values["variance"], values["recipe"]
        options = tuple((name, value) for name, value in values["options"])
        return cls(
            **values
            | {
                "options": options,
                "variance": ranged and Range(**ranged),
                "recipe": recipe and Recipe(**recipe),
            }
        )


@dataclass(frozen=True)
class Protocol:
    """All that decides a table, given the weights.

    The digest covers the conditions alone: variances and metrics are asked for cell by cell, so
    that a further one computes only what it adds.
    """

    dataset: str
    noise: str
    variances: tuple[float, ...]
    metrics: tuple[str, ...]
    images: int
    clip: bool = True
    seed: int = 0
    version: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "variances", tuple(sorted({Range(v, v).low for v in self.variances})))
        object.__setattr__(self, "metrics", tuple(dict.fromkeys(self.metrics)))
        object.__setattr__(self, "images", _whole("test images", self.images, 1))
        _require(bool(self.variances), "a protocol needs at least one test variance")

    @cached_property
    def digest(self) -> str:
        return digest(replace(self, variances=(0.0,), metrics=()))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All it asks for."""
        return tuple((variance, metric) for variance in self.variances for metric in self.metrics)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The inverse of `canonical`."""
        return cls(**values | {name: tuple(values[name]) for name in ("variances", "metrics")})


@dataclass(frozen=True)
class Score:
    """One cell: a metric at a test variance, over test images.

    `blocks` holds the means of about a hundred equal runs of images (see `statistics.block_count`), which
    keeps differences between denoisers paired at a fraction of the size; `spread` is the standard
    deviation over images.
    """

    variance: float
    metric: str
    mean: float
    spread: float
    images: int
    blocks: tuple[float, ...]


def as_json(value: Any) -> str:
    """Canonical JSON to read: indented, sorted, ending in a newline."""
    return json.dumps(canonical(value), indent=2, sort_keys=True) + "\n"

"""Which denoiser to take for an image: from the estimate of its noise, and what a study measured."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench.analysis.costs import latencies, seconds_for
from bench.analysis.findings.answers import grids_of
from bench.analysis.rows import METRIC, Row, rows_of
from bench.core.dataset_names import dataset_title
from bench.core.program import PUBLISHED, invocation
from bench.core.results import Array
from bench.core.tasks import Section
from bench.lookup.denoisers import missing_package
from bench.running.applied.denoise_file import channels, complete, noise_of
from bench.scoring.noise_level import NoiseLevel
from bench.store.store import Store

BLACK = 0.02  # pixels below are black
LEAST = 1e-12  # variance of noise below which an image is clean
NOISY = 1e-5  # variance from which on noise moves half of the black pixels up
SMALL = 64  # pixels to each side, which kept examples have at most
UNLIKE = 0.35  # difference in the share of black pixels, from which on an image is unlike all that was measured


@dataclass(frozen=True)
class Limits:
    """What leaves a denoiser out.

    Attributes:
        budget_ms: time for the image in milliseconds; what was never timed does not fit.
        blind: whether denoisers that must be told the variance are left out.
        ready: whether only those are weighed that have their weights here, or need none.
    """

    budget_ms: float | None = None
    blind: bool = False
    ready: bool = False


ANY = Limits()
READY = Limits(ready=True)


@dataclass(frozen=True)
class Pick:
    """A denoiser in its best training for an image.

    Attributes:
        psnr: in dB, on average over what the noise may be.
        lost: how far below the best of all it is at worst in the interval of the noise, in dB.
        seconds: for an image of that size, scaled from what was timed; None where it was not.
        ready: whether its weights and its package are here.
    """

    row: Row = field(repr=False)  # which holds all its scores
    psnr: float
    lost: float
    seconds: float | None
    ready: bool

    @property
    def name(self) -> str:
        return self.row.with_training + ("" if self.row.blind else " (told the estimate)")


@dataclass(frozen=True, repr=False)
class Advice:
    """What to take; a notebook shows it in words.

    Attributes:
        noise: of the image, as estimated or told.
        like: the grid that it is weighed by.
        picks: one for each denoiser that fits, the best first.
        over: how many denoisers take too long.
        device: that times are of; empty if nothing was timed.
    """

    noise: NoiseLevel
    like: "Like"
    picks: tuple[Pick, ...]
    over: int
    device: str

    @property
    def outside(self) -> bool:
        """Whether the noise lies outside what was tested, so that the nearest was taken."""
        return not self.like.tested[0] <= self.noise.variance <= self.like.tested[-1]

    @property
    def notes(self) -> list[str]:
        """What is not to be relied on, in words."""
        if not self.outside:
            return []
        said = ["note     the noise lies outside what was tested; the nearest tested variance was taken"]
        as_it_is = -10 * math.log10(max(self.noise.variance, LEAST))
        if as_it_is > self.picks[0].psnr:
            said.append(
                f"warning  the image as it is should have {as_it_is:.1f} dB, more than what is expected: leave it alone"
            )
        return said

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """In words."""
        best, *others = self.picks
        noise, unlike = self.noise, self.like.unlike
        sigma, low, high = (255 * math.sqrt(variance) for variance in (noise.variance, noise.low, noise.high))
        said = [
            f"noise    variance {noise.variance:.4g}, σ = {sigma:.1f} of 255 (95 %: {low:.1f} to {high:.1f})",
            f"like     {'nothing that was measured, so only filters are weighed; nearest: ' * unlike}{self.like.name}",
            f"take     {best.name}",
            f"expect   {'on those images ' * unlike}{best.psnr:.2f} dB; "
            f"in that interval at worst {best.lost:.2f} dB below the best of all",
        ]
        if best.seconds:
            milliseconds = float(f"{1000 * best.seconds:.2g}")
            said.append(f"time     about {milliseconds:g} ms on one thread of {self.device}")
        said += [f"next     {others[0].name}, {best.psnr - others[0].psnr:.2f} dB less"] if others else []
        said += (
            [f"over     the budget, or never timed: {self.over} denoiser{'s' * (self.over > 1)}"] if self.over else []
        )
        if not best.ready:
            ready = next((f"{p.name}, {best.psnr - p.psnr:.2f} dB less" for p in others if p.ready), "nothing")
            said.append(f"ready    {ready}; for what is taken, the weights or the package are not here: train it first")
        return said + self.notes


def advise(
    noisy: Path | Array,
    stores: Sequence[Store],
    limits: Limits = ANY,
    variance: float | None = None,
) -> Advice:
    """Weighs what each denoiser reaches under what the noise may be; no clean image is used.

    Args:
        noisy: an image file, or pixels, (H, W) or (H, W, 3): uint8, or floats with clean values in [0, 1].
        stores: studies; the first that tested images like this one is taken.
        variance: of the noise; estimated if it is None.

    Raises:
        ValueError: the file is no image, its noise cannot be estimated, no study has a grid, or nothing fits.
    """
    pixels = channels(noisy)
    level = noise_of(noisy, pixels) if variance is None else NoiseLevel(variance)
    if math.isnan(level.variance):
        raise ValueError("the noise of this image cannot be estimated, since it has no detail")
    like = likest(stores, pixels, level.variance)
    if like is None:
        raise ValueError(f"{stores[0].root} has no grid to choose from; measure one with: {invocation()} --grid")
    rows = [row for row in like.rows if row.filters] if like.unlike else like.rows
    points = points_of(level, like.tested)
    weighed = [row for row in rows or like.rows if not row.untouched]
    reached = {row: psnr for row in weighed if (psnr := _psnr(row, like.tested, points)) is not None}
    best = np.max(list(reached.values()), axis=0)
    timed = next((times for store in (like.store, *stores) if (times := latencies(store))), [])
    seconds = seconds_for(timed, pixels.numel())  # channels one by one
    picks: dict[str, Pick] = {}
    over: set[str] = set()
    for row, psnr in reached.items():
        took = seconds.get(row.experiment.denoiser)
        ready = any(map(complete, row.experiments, repeat(like.store))) and not missing_package(row.experiment.denoiser)
        if (limits.blind and not row.blind) or (limits.ready and not ready):
            continue
        if limits.budget_ms is not None and (took is None or 1000 * took > limits.budget_ms):
            over.add(row.subject)
            continue
        pick = Pick(row, float(psnr.mean()), float((best - psnr).max()), took, ready)
        if row.subject not in picks or pick.psnr > picks[row.subject].psnr:
            picks[row.subject] = pick
    if not picks:
        if limits.budget_ms is None:
            raise ValueError(
                f"{like.store.root} has nothing that is ready to use; train it with: {invocation()} --grid"
            )
        names = {row.experiment.denoiser for row in reached}
        fastest = min((pair for pair in seconds.items() if pair[0] in names), key=lambda pair: pair[1], default=None)
        known = f"the fastest is {fastest[0]} with {1000 * fastest[1]:.1f} ms" if fastest else "nothing was timed"
        raise ValueError(
            f"nothing fits {limits.budget_ms:g} ms for an image of this size; {known}: time it with --latency"
        )
    ranked = tuple(sorted(picks.values(), key=lambda pick: -pick.psnr))
    return Advice(level, like, ranked, len(over - picks.keys()), timed[0].conditions.device if timed else "")


@dataclass(frozen=True)
class Like:
    """The grid whose test images an image is most like.

    Attributes:
        black: share of the pixels of the image that are black.
        difference: between the two, of which `UNLIKE` is much.
    """

    store: Store = field(repr=False)
    section: Section = field(repr=False)
    rows: list[Row] = field(repr=False)
    black: float
    difference: float

    @property
    def unlike(self) -> bool:
        return self.difference > UNLIKE

    @property
    def tested(self) -> list[float]:
        """Test variances above zero."""
        return [variance for variance in self.section.protocol.variances if variance > 0]

    @property
    def name(self) -> str:
        title, black = dataset_title(self.section.protocol.dataset), f"{100 * self.black:.0f} % of the image is black"
        return f"{title}, of {self.store.root} ({black})"


def likest(stores: Sequence[Store], pixels: Tensor, variance: float, denoiser: str = "") -> Like | None:
    """The grid whose test images are most like an image; None if there is no grid with images.

    Images differ by their share of black pixels, and by whether they are small.

    Args:
        stores: the first that has a grid not unlike the image is taken.
        pixels: (C, H, W), clean values in [0, 1].
        variance: of the noise.
        denoiser: one that the grid must have ready for use, if it is named.
    """
    found = [like for store in stores if (like := _likest(store, pixels, variance, denoiser))]
    alike = (like for like in found if not like.unlike)
    return next(alike, min(found, key=lambda like: like.difference, default=None))


def _likest(store: Store, pixels: Tensor, variance: float, denoiser: str) -> Like | None:
    black, small, found = _black(pixels, variance), max(pixels.shape[1:]) < SMALL, []
    for section, every in grids_of([(section, rows_of(store, section)) for section in store.sections()]):
        rows = [row for row in every if row.means]
        if denoiser:
            named = [row for row in rows if row.experiment.denoiser == denoiser]
            rows = [row for row in named if any(complete(experiment, store) for experiment in row.experiments)]
        examples = (store.examples(row.experiment, section.protocol) for row in every)
        clean = next((arrays["clean"] for arrays in examples if "clean" in arrays), None)
        if rows and clean is not None:
            share = abs(_black(torch.from_numpy(clean / 255), 0.0) - black)
            size = UNLIKE * (small != (max(clean.shape[-2:]) < SMALL))
            found.append(Like(store, section, rows, black, share + size))
    return min(found, key=lambda like: (like.difference, -len(like.rows)), default=None)


def studies_at(store: Store) -> list[Store]:
    """What was measured in a store, if it has a grid, then the published study; an installed package has none."""
    here = [store] if any(section.name == "grid" for section in store.sections()) else []
    published = [Store(PUBLISHED)] if PUBLISHED.is_dir() and store.root.resolve() != PUBLISHED else []
    return here + published or [store]


def _black(pixels: Tensor, variance: float) -> float:
    """Share of pixels that are black, or were before noise moved half of them up."""
    if variance < NOISY:
        return float((pixels < BLACK).double().mean())
    return min(1.0, 2 * float((pixels <= 0).double().mean()))


def _psnr(row: Row, tested: Sequence[float], points: Array) -> Array | None:
    """PSNR at any variances, by straight lines over the logarithm; None where one was not measured."""
    known = [row.psnr_at(variance) for variance in tested]
    if not all(known):
        return None
    return interpolated(tested, [row.means[variance, METRIC] for variance in tested], points)


def points_of(level: NoiseLevel, tested: Sequence[float]) -> Array:
    """Equally likely variances, as far as they were tested; over all that was tested where the noise is not known."""
    if math.isnan(level.variance):
        return np.geomspace(tested[0], tested[-1], 9)
    return np.clip(level.likely, tested[0], tested[-1])


def interpolated(tested: Sequence[float], values: Sequence[float] | Array, points: Array) -> Array:
    """Values at any variances, by straight lines over the logarithm."""
    between: Array = np.interp(np.log(points), np.log(tested), values)
    return between

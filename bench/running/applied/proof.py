"""Whether the choice of a denoiser by the noise of an image holds, image by image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.analysis.costs import latencies, seconds_for
from bench.analysis.findings.answers import grids_of, widest
from bench.analysis.intervals import Sample
from bench.analysis.rows import METRIC, Row, rows_of
from bench.core.dataset_names import dataset_title
from bench.core.experiment import ESTIMATE
from bench.core.results import Array, block_means
from bench.core.tasks import Section
from bench.core.values import digest
from bench.core.variance import written
from bench.running.applied.bank import levels
from bench.running.applied.choose import interpolated, points_of
from bench.scoring.noise_level import NoiseLevel
from bench.store.store import Store

CLOSE = 0.15  # dB that nobody should mind to lose
PRICES = (None, 1.0, 0.2)  # seconds that a megapixel may take


@dataclass(frozen=True)
class Case:
    """A grid with the PSNR of every image.

    Attributes:
        psnr: by row, test variance and image, (R, V, N).
        seconds: of a megapixel by row, infinite where it was not timed.
    """

    section: Section
    rows: Sequence[Row]
    psnr: Array
    seconds: Array

    @property
    def digest(self) -> str:
        """Changes with whatever moves the proof: trainings, their scores, and what is fast enough."""
        fast = [[bool(seconds <= price) for seconds in self.seconds] for price in PRICES if price]
        rows = [[e.id for e in row.experiments] for row in self.rows]
        return digest((self.section.protocol, rows, self.psnr.mean(-1).tolist(), fast))

    @property
    def tested(self) -> list[float]:
        return [variance for variance in self.section.protocol.variances if variance > 0]

    @property
    def inside(self) -> list[int]:
        """Which of them lie inside the widest training range."""
        wide = widest(self.rows)
        return [number for number, variance in enumerate(self.tested) if wide and variance in wide]


def cases(store: Store) -> dict[str, Case]:
    """The grids with a network of a range that was tested inside it, and with the PSNR of every image here.

    Their names are those of the datasets; where several are called alike, with the digest of the protocol.
    """
    found: dict[str, Case] = {}
    seconds = seconds_for(latencies(store), 1e6)
    for section, rows in grids_of([(section, rows_of(store, section)) for section in store.sections()]):
        kept = {row: psnr for row in rows if not row.untouched and (psnr := _psnr(store, section, row)) is not None}
        took = np.array([seconds.get(row.experiment.denoiser, np.inf) for row in kept])
        case = Case(section, list(kept), np.array(list(kept.values())), took)
        if len(kept) > 1 and case.inside and section.protocol.images > 1:
            title = dataset_title(section.protocol.dataset)
            found[f"{title} {section.protocol.digest}" if title in found else title] = case
    return found


def _psnr(store: Store, section: Section, row: Row) -> Array | None:
    """PSNR of the first seed, (V, N); of a denoiser that is told the variance, where it was told the estimate."""
    protocol = section.protocol if row.blind else replace(section.protocol, told=ESTIMATE)
    for experiment in sorted(row.experiments, key=lambda e: e.seed):
        kept = store.images(experiment, protocol)
        values = [kept.get(f"{METRIC} {variance}") for variance in section.protocol.variances if variance > 0]
        if values and all(value is not None for value in values):
            return np.stack([value for value in values if value is not None])
    return None


def proven(case: Case) -> dict[str, Any]:
    """How far strategies stay below what is best at the true variance, and below what is best for each image.

    The choice sees the noisy image alone. Means that it weighs leave out the image itself, under every noise.
    """
    inside = case.inside
    chosen = {number: _choices(case, levels(case.section.protocol, case.tested[number])) for number in inside}
    lines = []
    for price in PRICES if np.isfinite(case.seconds).any() else PRICES[:1]:
        fits = np.ones(len(case.rows), bool) if price is None else case.seconds <= price
        if not fits.any():
            continue
        fitting = np.where(fits[:, None, None], case.psnr, -np.inf)
        known = fitting.mean(-1).argmax(0)  # the row to take at each variance, if it were known
        for name, rows_by_variance in _strategies(case, inside, chosen, fits).items():
            taken = np.stack([rows_by_variance[number] for number in inside])
            reached = np.stack(
                [case.psnr[rows, n, np.arange(len(rows))] for n, rows in zip(inside, taken, strict=True)]
            )
            lost = case.psnr[known[inside], inside] - reached
            of_image = fitting[:, inside].max(0) - reached
            lines.append(
                {"price": price, "strategy": name, "close": float((lost <= CLOSE).mean())}
                | {"same": float((taken == known[inside][:, None]).mean()), "lost": _mean(lost)}
                | {"tail": float(np.percentile(lost, 95)), "lost_of_image": _mean(of_image)}
            )
    return {
        "rows": lines,
        "images": case.section.protocol.images,
        "variances": [written(case.tested[number]) for number in inside],
        "trainings": len(case.rows),
        "digest": case.digest,
    }


def _mean(losses: Array) -> list[float]:
    """The mean over variances and images, (V, N), with half of its 95 % interval over images."""
    return list(Sample(np.array([block_means(losses.mean(0))])).estimate)


def _choices(case: Case, found: Sequence[NoiseLevel]) -> Array:
    """What is expected of each row for each image, (R, N), as `bench.running.applied.choose` weighs it."""
    count = case.psnr.shape[-1]
    others = (case.psnr.sum(-1, keepdims=True) - case.psnr) / (count - 1)
    shares = np.array([_shares(case.tested, level) for level in found])  # images, variances
    expected: Array = np.einsum("rvn,nv->rn", others, shares)
    return expected


def _shares(tested: Sequence[float], level: NoiseLevel) -> Array:
    """How much a mean over what the noise may be takes of each variance, (V,)."""
    points = points_of(level, tested)
    return np.array([interpolated(tested, unit, points).mean() for unit in np.eye(len(tested))])


def _strategies(
    case: Case, inside: Sequence[int], expected: Mapping[int, Array], fits: Array
) -> dict[str, dict[int, Array]]:
    """The row that each strategy takes for each image, (N,), by number of the test variance."""
    means, every = case.psnr.mean(-1), range(len(case.rows))
    blind = {number: np.where(fits[:, None], values, -np.inf).argmax(0) for number, values in expected.items()}
    strategies = {"choose by the estimate": blind}
    wide = widest(case.rows)
    ranged = [r for r in every if fits[r] and case.rows[r].learned and case.rows[r].experiment.variance == wide]
    if ranged:
        one = max(ranged, key=lambda r: means[r, inside].mean())
        strategies[f"always {case.rows[one].with_training}"] = {number: _always(case, one) for number in inside}
    specialists = {number: _specialist(case, number, fits, means) for number in inside}
    if all(one is not None for one in specialists.values()):
        strategies["always the specialist of the true variance"] = {
            number: _always(case, one) for number, one in specialists.items() if one is not None
        }
    for r in every:
        if fits[r] and not case.rows[r].blind and not case.rows[r].learned:
            strategies[f"always {case.rows[r].with_training}, told the estimate"] = {
                number: _always(case, r) for number in inside
            }
    return strategies


def _always(case: Case, row: int) -> Array:
    return np.full(case.psnr.shape[-1], row)


def _specialist(case: Case, number: int, fits: Array, means: Array) -> int | None:
    """The best network trained at exactly this variance."""
    fixed = [r for r, row in enumerate(case.rows) if fits[r] and row.learned and row.fixed == case.tested[number]]
    return max(fixed, key=lambda r: means[r, number], default=None)

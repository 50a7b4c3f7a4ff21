"""What results say, as numbers and flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.analysis.breakdown import Floor
from bench.analysis.intervals import Estimate


@dataclass(frozen=True)
class Finding:
    """What one or two sentences of the report say; templates/findings.md.j2 has a macro for each class."""


@dataclass(frozen=True)
class Leader:
    """One of the best; `trained` is what it was trained on, None if that goes without saying."""

    name: str
    trained: str | None
    psnr: Estimate


@dataclass(frozen=True)
class Best(Finding):
    """The first in the ranking, and all that do not differ significantly from it.

    Attributes:
        blind: whether only blind denoisers are ranked.
        at: the one variance where all were trained; else the mean over test variances is ranked.
        count, of: over how many test variances it is the mean, of how many there are.
        single_seed: whether one of the leaders was trained once.
    """

    blind: bool
    at: float | None
    count: int
    of: int
    leaders: tuple[Leader, ...]
    single_seed: bool


@dataclass(frozen=True)
class LargestLoss(Finding):
    """The worst that a network of one training variance does at another, in dB against the specialist there.

    Attributes:
        specialist: the denoiser that is the specialist, None if it is the same network.
        better: untrained denoisers that reach more: floors if any does, else at most two, the least first.
    """

    subject: str
    trained: str
    tested: float
    psnr: float
    loss: Estimate
    specialist: str | None
    better: tuple[str, ...]


@dataclass(frozen=True)
class LossByFactor(Finding):
    """Mean losses in dB against specialists, by test variance over training variance."""

    subject: str
    losses: Mapping[float, Estimate]


@dataclass(frozen=True)
class Ahead:
    """How many times the training variance a network stays ahead of a floor; below it, the inverse of that share.

    Attributes:
        to_end: trainings that stay ahead to the end of what was tested.
        nowhere: trainings that are not ahead at their own variance.
    """

    floor: Floor
    upwards: bool
    least: float
    largest: float
    to_end: tuple[str, ...]
    nowhere: tuple[str, ...]


@dataclass(frozen=True)
class HowFar(Finding):
    subject: str
    ahead: tuple[Ahead, ...]


@dataclass(frozen=True)
class RangePrice(Finding):
    """What training on a range costs inside it, in dB against specialists: the price of not knowing the variance.

    Attributes:
        blind: whether it is not told the variance.
        count, of: over how many test variances it is the mean, of how many inside the range.
        of_kin: how many of the specialists are the network `kin`.
    """

    subject: str
    trained: str
    blind: bool
    loss: Estimate
    significant: bool
    worst: Estimate
    worst_at: float
    count: int
    of: int
    kin: str
    of_kin: int


@dataclass(frozen=True)
class Difference:
    """A mean difference in dB "inside", "below" or "above" the training range, over `count` test variances."""

    side: str
    gain: Estimate
    count: int
    significant: bool


@dataclass(frozen=True)
class KinDifference(Finding):
    """A network minus the one it is made from, both trained alike.

    Attributes:
        at: the training variance, None for a range.
        price_of_blindness: whether the first alone is told the variance.
    """

    subject: str
    other: str
    trained: str
    at: float | None
    price_of_blindness: bool
    parts: tuple[Difference, ...]


@dataclass(frozen=True)
class TargetSlip(Finding):
    """What it costs to compare with the noisy image, in dB.

    Attributes:
        noisy, clean: PSNR of the two targets, over the seeds that both have.
        second_draw: what a second noisy draw as the target loses against the clean one, if it was tried.
        one_draw: the same for targets that need one noisy image each, by target.
        listing: whether all else is as the tutorial trains.
    """

    denoiser: str
    variance: float
    loss: Estimate
    noisy: float
    clean: float
    second_draw: Estimate | None
    one_draw: Mapping[str, Estimate] = field(default_factory=dict)
    listing: bool = True


@dataclass(frozen=True)
class SeedDeviation(Finding):
    """Standard deviation of PSNR in dB between trainings that differ in their seed alone, by test variance."""

    subject: str
    trained: str
    count: int
    deviations: Mapping[float, float]


@dataclass(frozen=True)
class OtherNoises:
    """What a network of one training noise gains in dB at other noises, against the networks trained with those."""

    trained: str
    gain: Estimate
    count: int


@dataclass(frozen=True)
class WrongVariance(Finding):
    """What a denoiser loses in dB where it is told a multiple of the true variance, or its "estimate"."""

    subject: str
    losses: tuple[tuple[float | str, Estimate], ...]


@dataclass(frozen=True)
class NoiseMismatch(Finding):
    subject: str
    trained: str
    tested: float
    noises: tuple[OtherNoises, ...]

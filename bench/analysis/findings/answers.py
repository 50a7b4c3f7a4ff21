"""What a study answers, for a reader who reads nothing else: five findings.

Networks are chosen by rule and not by result: the first is the tutorial's, `conv_autoencoder`, or else the smallest;
the second is the blind network with the highest mean PSNR over the widest range it was trained on.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bench.analysis.breakdown import floors, reach
from bench.analysis.comparisons import p_values
from bench.analysis.findings.facts import Finding
from bench.analysis.findings.variants import Contrast, contrast_of, variants_frame
from bench.analysis.intervals import CONFIDENCE, Estimate, Sample, mean_of
from bench.analysis.regret import Regret, regrets, with_kin
from bench.analysis.rows import METRIC, Row
from bench.core.dataset_names import dataset_title
from bench.core.tasks import Section
from bench.core.variance import Range

Scored = Sequence[tuple[Section, list[Row]]]

TUTORIAL = "conv_autoencoder"  # the tutorial's network
NEAR, FAR = (0.5, 2.0), (0.1, 10.0)  # test variance over training variance


@dataclass(frozen=True)
class Span:
    """The least and the largest of several numbers in dB."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Mismatch(Finding):
    """What networks of one training variance lose against specialists: at half or twice, and a tenth or ten times."""

    dataset: str
    losses: tuple[tuple[str, Span | None, Span | None], ...]


@dataclass(frozen=True)
class RangeCost(Finding):
    """What training on a range costs inside it: network, mean, the worst and where, and over how many variances."""

    dataset: str
    trained: str
    prices: tuple[tuple[str, Estimate, float, float, int], ...]


@dataclass(frozen=True)
class Carries(Finding):
    """Up to which variance networks of one training variance beat the tuned median filter; None where all tested."""

    dataset: str
    trained: str
    floor: str
    ends: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class Variant(Finding):
    """A network minus the one it varies, at one training variance: there, and the span below and above it.

    With `contrast` also why images differ in it.
    """

    subject: str
    other: str
    places: tuple[tuple[str, str, Estimate | None, Span | None, Span | None], ...]
    contrast: Contrast | None = None


@dataclass(frozen=True)
class Told(Finding):
    """What a network gains by being told the variance, inside its training range."""

    dataset: str
    subject: str
    other: str
    trained: str
    gain: Estimate
    significant: bool


def grids_of(scored: Scored) -> list[tuple[Section, list[Row]]]:
    """Grids of Gaussian noise with something to compare."""
    return [(s, rows) for s, rows in scored if s.name == "grid" and s.protocol.noise == "gaussian" and len(rows) > 1]


def answers(scored: Scored) -> list[Finding]:
    """At most five findings, which answer the question of the study."""
    found: list[Finding] = []
    grids = grids_of(scored)
    if grids:
        section, rows = grids[0]
        title, variances = dataset_title(section.protocol.dataset), section.protocol.variances
        chosen = leading(rows, variances)
        found += [*_mismatch(title, rows, variances, chosen), *_range_cost(title, rows, variances, chosen)]
        found += [*_carries(title, rows, variances, chosen), *_told(title, rows, variances)]
    return [*found, *_variants(grids, variants_frame(scored))][:5]


def trained_once(scored: Scored) -> list[str]:
    """The networks of the first grid that have one seed each, by subject."""
    rows = [row for _, rows in grids_of(scored)[:1] for row in rows if row.learned and row.means]
    most = {row.subject: max(other.seeds for other in rows if other.subject == row.subject) for row in rows}
    return [subject for subject, seeds in most.items() if seeds == 1]


def leading(rows: Sequence[Row], variances: Sequence[float]) -> list[str]:
    """The two networks of the rule, by subject."""
    networks = list(dict.fromkeys(row.subject for row in rows if row.learned and row.means))
    if not networks:
        return []
    first = next((row.subject for row in rows if row.learned and row.experiment.denoiser == TUTORIAL), networks[0])
    wide = widest(rows)
    ranged = [row for row in rows if row.blind and row.learned and row.experiment.variance == wide]
    means = {row.subject: mean for row in ranged if (mean := _mean_inside(row, variances)) is not None}
    return list(dict.fromkeys([first, max(means, key=lambda name: means[name], default=networks[-1])]))


def widest(rows: Iterable[Row]) -> Range | None:
    """The range that most networks were trained on; of several the widest."""
    ranges = [r.experiment.variance for r in rows if r.learned and r.experiment.variance and r.fixed is None]
    return max(ranges, key=lambda r: (ranges.count(r), r.high - r.low), default=None)


def _mean_inside(row: Row, variances: Sequence[float]) -> float | None:
    trained = row.experiment.variance
    inside = [row.means.get((v, METRIC)) for v in variances if trained and v in trained]
    measured = [mean for mean in inside if mean is not None and math.isfinite(mean)]
    return sum(measured) / len(measured) if measured and len(measured) == len(inside) else None


def own_regrets(rows: Sequence[Row], variances: Sequence[float]) -> dict[Row, dict[float, Regret]]:
    """Regret against the same network, trained at exactly the test variance; no stand-in, no other network."""
    return {
        row: {
            regret.variance: regret
            for regret in of_row
            if regret.exact and regret.specialist.experiment.denoiser == row.experiment.denoiser
        }
        for row, of_row in zip(rows, regrets(rows, variances), strict=True)
        if row.learned
    }


def _mismatch(title: str, rows: Sequence[Row], variances: Sequence[float], chosen: Sequence[str]) -> Iterator[Finding]:
    own = own_regrets(rows, variances)
    losses = []
    for subject in chosen:
        found: dict[tuple[float, ...], list[float]] = {NEAR: [], FAR: []}
        for row, by_variance in own.items():
            for variance, regret in by_variance.items() if row.subject == subject and row.fixed else ():
                for factors, values in found.items():
                    if any(math.isclose(variance, factor * (row.fixed or 0)) for factor in factors):
                        values.append(regret.sample.mean)
        near, far = (span_of(found[factors]) for factors in (NEAR, FAR))
        if near or far:
            losses.append((subject, near, far))
    if losses:
        yield Mismatch(title, tuple(losses))


def span_of(values: Sequence[float]) -> Span | None:
    return Span(min(values), max(values), len(values)) if values else None


def _range_cost(
    title: str, rows: Sequence[Row], variances: Sequence[float], chosen: Sequence[str]
) -> Iterator[Finding]:
    own, wide, prices = own_regrets(rows, variances), widest(rows), []
    for row, by_variance in own.items():
        inside = [regret for regret in by_variance.values() if regret.inside]
        if row.subject in chosen and row.experiment.variance == wide and inside:
            mean = mean_of([regret.sample for regret in inside])
            worst = max(inside, key=lambda regret: regret.sample.mean)
            if mean:
                prices.append((row.subject, mean.estimate, worst.sample.mean, worst.variance, len(inside)))
    if prices:
        yield RangeCost(title, str(wide), tuple(prices))


def _carries(title: str, rows: Sequence[Row], variances: Sequence[float], chosen: Sequence[str]) -> Iterator[Finding]:
    below = floors(rows, variances)
    if not below:
        return
    floor, trained = max(below), usual_variance(rows)
    ends = []
    for row in rows:
        if row.learned and row.subject in chosen and row.fixed == trained:
            span = reach(row, below[floor], variances)
            if span:
                ends.append((row.subject, None if span.open_high else span.high))
    if ends and trained:
        yield Carries(title, str(Range(trained, trained)), floor.name, tuple(ends))


def usual_variance(rows: Iterable[Row]) -> float | None:
    """The single training variance of most networks, of several the nearest to 0.01: that of the tutorial."""
    fixed = [row.fixed for row in rows if row.learned and row.fixed]
    return max(fixed, key=lambda v: (fixed.count(v), -abs(math.log10(v) + 2)), default=None)


def _told(title: str, rows: Sequence[Row], variances: Sequence[float]) -> Iterator[Finding]:
    for row, other in with_kin(rows):
        trained = row.experiment.variance
        if not row.blind and other.blind and trained and not trained.fixed:
            gain = mean_of(list(gains_over(row, other, [v for v in variances if v in trained]).values()))
            if gain:
                significant = p_values([gain])[0] < 1 - CONFIDENCE
                yield Told(title, row.subject, other.subject, row.training, gain.estimate, significant)
                return


def gains_over(row: Row, other: Row, variances: Iterable[float]) -> dict[float, Sample]:
    pairs = ((v, row.psnr_at(v), other.psnr_at(v)) for v in variances)
    return {v: minus for v, one, two in pairs if one and two and (minus := one.minus(two))}


def around(gains: Mapping[float, Sample], variance: float) -> tuple[Estimate | None, Span | None, Span | None]:
    """The gain at one test variance, and the span of those below it and above it; None where there is none."""
    at = gains[variance].estimate if variance in gains else None
    below = span_of([gain.mean for v, gain in gains.items() if v < variance])
    return at, below, span_of([gain.mean for v, gain in gains.items() if v > variance])


def _variants(grids: Scored, variants: pd.DataFrame) -> Iterator[Finding]:
    """The bias-free network against the network it varies, on all test images; `variants` is of `variants_frame`."""
    places: dict[tuple[str, str], list[tuple[str, str, Estimate | None, Span | None, Span | None]]] = {}
    for section, rows in grids:
        usual = usual_variance(rows)
        for row, other in with_kin(rows):
            if row.blind and row.fixed and row.fixed == usual:
                gains = gains_over(row, other, section.protocol.variances)
                about = dataset_title(section.protocol.dataset), row.training
                places.setdefault((row.subject, other.subject), []).append((*about, *around(gains, usual)))
    for names, of_pair in list(places.items())[:1]:
        yield Variant(*names, tuple(of_pair), contrast_of(variants, *names))

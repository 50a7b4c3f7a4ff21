"""Finds who is best, what a wrong variance costs, how far a network carries, what a range costs."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.analysis import facts
from bench.analysis.breakdown import floors, reach
from bench.analysis.comparisons import holm, p_values
from bench.analysis.intervals import Sample, mean_of
from bench.analysis.ranking import Place, ranking, shared
from bench.analysis.regret import Regret, differences, regrets, summary
from bench.analysis.rows import METRIC, Row

FACTORS = (0.1, 0.5, 2.0, 10.0)  # test variance over training variance


def findings(rows: Sequence[Row], variances: Sequence[float]) -> list[facts.Finding]:
    """The best, then network by network what other variances and ranges cost it, then networks beside their kin."""
    regrets_by_row = dict(zip(map(id, rows), regrets(rows, variances).values(), strict=True))
    untrained = [row for row in rows if row.experiment.variance is None and not row.untouched]
    prices, below = _prices(rows, regrets_by_row), floors(rows, variances)
    found: list[facts.Finding] = list(_best(rows, variances))
    for subject in dict.fromkeys(row.subject for row in rows if row.learned):
        own = [row for row in rows if row.subject == subject]
        fixed = [row for row in own if row.experiment.variance is not None and row.experiment.variance.fixed]
        elsewhere = [r for row in fixed for r in regrets_by_row[id(row)] if r.exact and not r.inside]
        worst = max(elsewhere, key=lambda regret: regret.sample.mean, default=None)
        if worst and worst.sample.mean > 0:
            found.append(_largest_loss(worst, untrained))
        found += [*_loss_by_factor(subject, elsewhere), *how_far(subject, fixed, below, variances)]
        found += [prices[id(row)] for row in own if id(row) in prices]
    return [*found, *_beside_kin(rows, variances)]


def headlines(found: Sequence[facts.Finding]) -> Iterator[facts.Finding]:
    """Of the blind network whose range costs least: what single variances cost it, how far they carry, and that price.

    Then what changed most between a network and the one it is made from.
    """
    prices = [finding for finding in found if isinstance(finding, facts.RangePrice) and finding.blind]
    cheapest = max(prices, key=lambda price: (price.count, -price.loss.mean), default=None)
    single = sorted(
        (finding for finding in found if isinstance(finding, facts.LossByFactor | facts.LargestLoss)),
        key=lambda finding: isinstance(finding, facts.LargestLoss),
    )
    if cheapest:
        single = [finding for finding in single if finding.subject == cheapest.subject] or single
    if single:
        yield single[0]
        yield from (each for each in found if isinstance(each, facts.HowFar) and each.subject == single[0].subject)
    if cheapest:
        yield cheapest
    if changes := [finding for finding in found if isinstance(finding, facts.KinDifference)]:
        yield max(changes, key=lambda change: change.size)


def _best(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[facts.Best]:
    trainings = {row.experiment.variance for row in rows if row.learned}
    only = next(iter(trainings)) if len(trainings) == 1 else None
    at = only.low if only and only.fixed and only.low in variances and len(rows) > 1 else None
    if at is None and len(variances) < 2:
        return
    variances = variances if at is None else [at]
    common = shared(rows, variances)
    places = ranking(rows, variances)
    if len(places) < 2:
        return
    yield _leading(places, False, at, (len(common), len(variances)), only is not None)
    told = not any(place.row.blind for place in places if place.first == 1)
    if told and (blind := ranking([row for row in rows if row.blind], common)):
        yield _leading(blind, True, at, (len(common), len(variances)), only is not None)


def _leading(
    places: Sequence[Place], blind: bool, at: float | None, counts: tuple[int, int], alike: bool
) -> facts.Best:
    """The leaders of a ranking.

    Args:
        counts: of test variances that all rows have, and of all.
        alike: whether all networks were trained on the same.
    """
    tied = [place for place in places if place.first == places[0].first]
    leaders = (
        facts.Leader(
            place.row.subject,
            None if alike or place.row.experiment.variance is None else place.row.training,
            place.sample.estimate,
        )
        for place in tied
    )
    return facts.Best(blind, at, *counts, tuple(leaders), any(p.row.seeds == 1 and p.row.learned for p in tied))


def _largest_loss(regret: Regret, untrained: Sequence[Row]) -> facts.LargestLoss:
    row, cell = regret.row, (regret.variance, METRIC)
    specialist = regret.specialist.experiment.denoiser
    better = [other for other in untrained if cell in other.means and other.means[cell] > row.means[cell]]
    better.sort(key=lambda other: other.means[cell])
    named = [other for other in better if other.floor] or better[:2]
    return facts.LargestLoss(
        row.subject,
        row.training,
        regret.variance,
        row.means[cell],
        regret.sample.estimate,
        None if specialist == row.experiment.denoiser else specialist,
        tuple(other.name for other in named),
    )


def _loss_by_factor(subject: str, elsewhere: Sequence[Regret]) -> Iterator[facts.LossByFactor]:
    """What a single variance costs where the noise has another, by how many times as much."""
    losses = {}
    for factor in FACTORS:
        alike = [
            regret.sample
            for regret in elsewhere
            if (trained := regret.row.experiment.variance) and math.isclose(regret.variance, factor * trained.low)
        ]
        if len(alike) > 1 and (mean := mean_of(alike)):
            losses[factor] = mean.estimate
    if len(losses) > 1:
        yield facts.LossByFactor(subject, losses)


def how_far(
    subject: str, fixed: Sequence[Row], below: dict[str, dict[float, float]], variances: Sequence[float]
) -> Iterator[facts.HowFar]:
    """How far from its single training variance a network is ahead of the strictest floor above, of the mildest below.

    Args:
        fixed: all rows of the network that were trained at one variance.
        below: floors, from the mildest to the strictest.
    """
    ends = [(next(reversed(below)), True), (next(iter(below)), False)] if below and len(fixed) > 1 else []
    ahead = [part for name, upwards in ends for part in _ahead(name, upwards, fixed, below[name], variances)]
    if ahead:
        yield facts.HowFar(subject, tuple(ahead))


def _ahead(
    name: str, upwards: bool, fixed: Sequence[Row], floor: dict[float, float], variances: Sequence[float]
) -> Iterator[facts.Ahead]:
    factors, to_end, nowhere = [], [], []
    for row in fixed:
        trained, span = row.experiment.variance.low if row.experiment.variance else 0.0, reach(row, floor, variances)
        if span is None or not trained or not span.low <= trained <= span.high:
            nowhere.append(row.training)
        elif span.open_high if upwards else span.open_low:
            to_end.append(row.training)
        else:
            factors.append(span.high / trained if upwards else trained / span.low)
    if factors:
        yield facts.Ahead(name, upwards, min(factors), max(factors), tuple(to_end), tuple(nowhere))


def _prices(rows: Iterable[Row], regrets_by_row: Mapping[int, list[Regret]]) -> dict[int, facts.RangePrice]:
    """What training on a range costs inside it, by identity of the row; all are tested together."""
    inside = []
    for row in rows:
        if row.learned and row.experiment.variance is not None and not row.experiment.variance.fixed:
            side = summary(regrets_by_row[id(row)], inside=True)
            if side and side.exact:
                inside.append((row, side))
    significant = holm(p_values([side.mean for _, side in inside]))
    return {
        id(row): facts.RangePrice(
            row.subject,
            row.training,
            row.blind,
            side.mean.estimate,
            distinct,
            side.worst.sample.estimate,
            side.worst.variance,
            side.count,
            side.of,
            row.kin,
            side.of_kin,
        )
        for (row, side), distinct in zip(inside, significant, strict=True)
    }


def _beside_kin(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[facts.KinDifference]:
    """Networks beside the ones they are made from, trained alike: inside the training range and outside."""
    compared = [pair for row in rows for pair in _pairs(row, rows, variances)]
    significant = iter(holm(p_values([mean for *_, sides in compared for mean, _ in sides.values()])))
    for row, other, sides in compared:
        parts = [facts.Difference(side, mean.estimate, n, next(significant)) for side, (mean, n) in sides.items()]
        trained, told = row.experiment.variance, other.blind and not row.blind
        at = trained.low if trained and trained.fixed else None
        yield facts.KinDifference(row.subject, other.subject, row.training, at, told, tuple(parts))


def _pairs(
    row: Row, rows: Iterable[Row], variances: Sequence[float]
) -> Iterator[tuple[Row, Row, dict[str, tuple[Sample, int]]]]:
    """The row, another of the network it is made from and trained alike, and their mean differences by side."""
    if not row.learned or row.experiment.variance is None or row.kin in ("", row.experiment.denoiser):
        return
    alike = row.experiment.but(denoiser=row.kin, seed=0)
    for other in rows:
        if other.experiment.but(seed=0) == alike and (sides := differences(row, other, variances)):
            yield row, other, sides

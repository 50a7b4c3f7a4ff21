"""Finds who is best, what a wrong variance costs, how far a network carries, what a range costs."""

import math
from collections.abc import Iterator, Mapping, Sequence

from bench.analysis.breakdown import Floor, floors, reach
from bench.analysis.comparisons import holm, p_values
from bench.analysis.findings import facts
from bench.analysis.intervals import mean_of
from bench.analysis.ranking import ranking, shared
from bench.analysis.regret import Regret, differences, regrets, summary, with_kin
from bench.analysis.rows import METRIC, Row

FACTORS = (0.1, 0.5, 2.0, 10.0)  # test variance over training variance


def findings(rows: Sequence[Row], variances: Sequence[float]) -> list[facts.Finding]:
    """The best, then network by network what other variances and ranges cost it, then networks beside their kin."""
    regrets_by_row = dict(zip(rows, regrets(rows, variances), strict=True))
    untrained = [row for row in rows if row.experiment.variance is None and not row.untouched]
    prices, below = _prices(regrets_by_row), floors(rows, variances)
    facts_of_all: list[facts.Finding] = list(_best(rows, variances))
    for subject in dict.fromkeys(row.subject for row in rows if row.learned):
        of_network = [row for row in rows if row.subject == subject]
        fixed = [row for row in of_network if row.fixed is not None]
        elsewhere = [r for row in fixed for r in regrets_by_row[row] if r.exact and not r.inside]
        worst = max(elsewhere, key=lambda regret: regret.sample.mean, default=None)
        if worst and worst.sample.mean > 0:
            facts_of_all.append(_largest_loss(worst, untrained))
        facts_of_all += [*_loss_by_factor(subject, elsewhere), *how_far(subject, fixed, below, variances)]
        facts_of_all += [prices[row] for row in of_network if row in prices]
    return [*facts_of_all, *_beside_kin(rows, variances)]


def _best(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[facts.Best]:
    trainings = {row.experiment.variance for row in rows if row.learned}
    alike = len(trainings) == 1
    fixed = next(row.fixed for row in rows if row.learned) if alike and len(rows) > 1 else None
    at = fixed if fixed in variances else None
    if at is None and len(variances) < 2:
        return
    variances = variances if at is None else [at]
    common, places = shared(rows, variances), ranking(rows, variances)
    if len(places) < 2:
        return
    told = not any(place.row.blind for place in places if place.first == 1)
    for blind, ranked in (False, places), (True, ranking([row for row in rows if row.blind], common) if told else []):
        tied = [place for place in ranked if place.first == ranked[0].first]
        leaders = [
            facts.Leader(row.subject, None if alike or row.experiment.variance is None else row.training, psnr)
            for row, psnr in ((place.row, place.sample.estimate) for place in tied)
        ]
        once = any(place.row.seeds == 1 and place.row.learned for place in tied)
        if leaders:
            yield facts.Best(blind, at, len(common), len(variances), tuple(leaders), once)


def _largest_loss(regret: Regret, untrained: Sequence[Row]) -> facts.LargestLoss:
    row, variance, specialist = regret.row, regret.variance, regret.specialist.experiment.denoiser
    psnr = row.means[variance, METRIC]
    psnr_of = {other: other.means[variance, METRIC] for other in untrained if (variance, METRIC) in other.means}
    better = sorted((other for other in psnr_of if psnr_of[other] > psnr), key=lambda other: psnr_of[other])
    names = tuple(other.name for other in [other for other in better if other.floor] or better[:2])
    of_kin = specialist if specialist != row.experiment.denoiser else None
    return facts.LargestLoss(row.subject, row.training, variance, psnr, regret.sample.estimate, of_kin, names)


def _loss_by_factor(subject: str, elsewhere: Sequence[Regret]) -> Iterator[facts.LossByFactor]:
    """What a single variance costs where the noise has another, by how many times as much."""
    losses = {}
    for factor in FACTORS:
        alike = [r.sample for r in elsewhere if r.row.fixed and math.isclose(r.variance, factor * r.row.fixed)]
        if len(alike) > 1 and (mean := mean_of(alike)):
            losses[factor] = mean.estimate
    if len(losses) > 1:
        yield facts.LossByFactor(subject, losses)


def how_far(
    subject: str, fixed: Sequence[Row], below: dict[Floor, dict[float, float]], variances: Sequence[float]
) -> Iterator[facts.HowFar]:
    """How far from its single training variance a network is ahead of the strictest floor above, of the mildest below.

    Args:
        fixed: all rows of the network that were trained at one variance.
    """
    ends = [(max(below), True), (min(below), False)] if below and len(fixed) > 1 else []
    ahead = [part for floor, upwards in ends for part in _ahead(floor, upwards, fixed, below[floor], variances)]
    if ahead:
        yield facts.HowFar(subject, tuple(ahead))


def _ahead(
    floor: Floor, upwards: bool, fixed: Sequence[Row], levels: dict[float, float], variances: Sequence[float]
) -> Iterator[facts.Ahead]:
    factors, to_end, nowhere = [], [], []
    for row in fixed:
        trained, span = row.fixed, reach(row, levels, variances)
        if span is None or not trained or not span.low <= trained <= span.high:
            nowhere.append(row.training)
        elif span.open_high if upwards else span.open_low:
            to_end.append(row.training)
        else:
            factors.append(span.high / trained if upwards else trained / span.low)
    if factors:
        yield facts.Ahead(floor, upwards, min(factors), max(factors), tuple(to_end), tuple(nowhere))


def _prices(regrets_by_row: Mapping[Row, list[Regret]]) -> dict[Row, facts.RangePrice]:
    """What training on a range costs inside it; all are tested together."""
    inside = {
        row: side
        for row, of_row in regrets_by_row.items()
        if row.learned and row.fixed is None and (side := summary(of_row, inside=True)) and side.exact
    }
    significant = holm(p_values([side.mean for side in inside.values()]))
    prices = {}
    for (row, side), distinct in zip(inside.items(), significant, strict=True):
        loss, worst, at = side.mean.estimate, side.worst.sample.estimate, side.worst.variance
        about = row.subject, row.training, row.blind
        prices[row] = facts.RangePrice(*about, loss, distinct, worst, at, side.count, side.of, row.kin, side.of_kin)
    return prices


def _beside_kin(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[facts.KinDifference]:
    """Networks beside the ones they are made from, trained alike: inside the training range and outside."""
    compared = [(row, other, sides) for row, other in with_kin(rows) if (sides := differences(row, other, variances))]
    significant = iter(holm(p_values([mean for *_, sides in compared for mean, _ in sides.values()])))
    for row, other, sides in compared:
        parts = [facts.Difference(side, mean.estimate, n, next(significant)) for side, (mean, n) in sides.items()]
        told = other.blind and not row.blind
        yield facts.KinDifference(row.subject, other.subject, row.training, row.fixed, told, tuple(parts))

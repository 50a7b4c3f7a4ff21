"""Sentences made from numbers, so that they cannot go stale."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.analysis.breakdown import TUNED_MEDIAN, floors, reach
from bench.analysis.comparisons import holm, p_values
from bench.analysis.intervals import Sample, mean_of
from bench.analysis.ranking import Place, over, ranking, shared
from bench.analysis.regret import Regret, Summary, differences, regrets, summary
from bench.analysis.rows import METRIC, Row
from bench.core.variance import written
from bench.report.tables.table import margin, signed

# Times the variance trained at.
FACTORS = {
    0.1: "at a tenth of it",
    0.5: "at half of it",
    2.0: "at twice",
    10.0: "at ten times that variance",
}


@dataclass(frozen=True)
class Finding:
    """A sentence made from numbers.

    Attributes:
        kind: what it is about.
        size: how much, in dB.
        count: over how many pairs of training and test.
        subject: the denoiser it is about.
    """

    kind: str
    size: float
    text: str
    count: int = 1
    subject: str = ""


def findings(rows: Sequence[Row], variances: Sequence[float]) -> list[Finding]:
    """Who is best, what a wrong variance costs, where it is of no use, what a range costs, what telling it gains."""
    found = dict(zip(map(id, rows), regrets(rows, variances).values(), strict=True))
    plain = [row for row in rows if row.experiment.variance is None and not row.untouched]
    sentences, inside, below = list(_best(rows, variances)), _priced(rows, found), floors(rows, variances)
    for subject in dict.fromkeys(row.subject for row in rows if row.learned):
        own = [row for row in rows if row.subject == subject]
        elsewhere = [
            regret
            for row in own
            if row.experiment.variance is not None and row.experiment.variance.fixed
            for regret in found[id(row)]
            if regret.exact and not regret.inside
        ]
        worst = max(elsewhere, key=lambda regret: regret.sample.mean, default=None)
        if worst and worst.sample.mean > 0:
            sentences.append(_elsewhere(worst, plain))
        sentences += _factors(subject, elsewhere)
        sentences += [Finding("carried", 0, text, subject=subject) for text in carried(subject, own, below, variances)]
        sentences += [inside[id(row)] for row in own if id(row) in inside]
    return [*sentences, *_kin(rows, variances)]


def headlines(found: Sequence[Finding]) -> Iterator[str]:
    """Of the blind network whose range costs least: what single variances cost it, how far they carry, and that price.

    Then what changed most between a network and the one it is made from.
    """
    ranges = [finding for finding in found if finding.kind == "range"]
    cheapest = max(ranges, key=lambda finding: (finding.count, -finding.size), default=None)
    single = [finding for kind in ("factors", "elsewhere") for finding in found if finding.kind == kind]
    if cheapest and (own := [finding for finding in single if finding.subject == cheapest.subject]):
        single = own
    if single:
        yield single[0].text
        yield from (each.text for each in found if each.kind == "carried" and each.subject == single[0].subject)
    if cheapest:
        yield cheapest.text
    if changes := [finding for finding in found if finding.kind == "kin"]:
        yield max(changes, key=lambda finding: finding.size).text


def _best(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[Finding]:
    trained = {row.experiment.variance for row in rows if row.learned}
    only = next(iter(trained), None) if len(trained) == 1 else None
    if only is not None and only.fixed and only.low in variances and len(rows) > 1:
        variances, where = [only.low], f"at variance {written(only.low)}, where all were trained"
    elif len(variances) > 1:
        where = f"on average over {over(rows, variances)}"
    else:
        return
    places = ranking(rows, variances)
    if len(places) < 2:
        return
    yield _leading(places, f"Best {where}", only is not None)
    if not any(place.row.blind for place in places if place.first == 1):
        blind = ranking([row for row in rows if row.blind], shared(rows, variances))
        yield from [_leading(blind, f"Best blind denoiser {where}", only is not None)] if blind else []


def _leading(places: Sequence[Place], where: str, alike: bool) -> Finding:
    """The first in a ranking and those that are not told apart from it; `alike` if all were trained on the same."""
    tied = [place for place in places if place.first == places[0].first]
    once = ", of one training each" if any(place.row.seeds == 1 and place.row.learned for place in tied) else ""
    each = [
        f"`{place.row.subject}`" + ("" if alike else _on(place.row)) + f", {place.sample.mean:.2f} dB" for place in tied
    ]
    if len(tied) == 1:
        alone = once.removesuffix(" each")
        return Finding(
            "best", 0, f"{where}: {each[0].removesuffix(' dB')}{margin(places[0].sample.half_width)} dB{alone}."
        )
    few = each[:4] + ([f"{len(each) - 4} more"] if len(each) > 4 else [])
    return Finding("best", 0, f"{where}, and not told apart{once}: {'; '.join(few)}.")


def _on(row: Row) -> str:
    return f" trained on {row.training}" if row.experiment.variance else ""


def _elsewhere(regret: Regret, plain: Sequence[Row]) -> Finding:
    """The largest loss between fixed variances."""
    row, cell = regret.row, (regret.variance, METRIC)
    reached = row.means[cell]
    there = sorted((other for other in plain if cell in other.means), key=lambda other: other.means[cell])
    better = [other for other in there if other.means[cell] > reached]  # the least first
    named = [other.name for other in [other for other in better if other.floor] or better[:2]]
    beaten = f"; even {' and '.join(f'`{name}`' for name in named)} would have done better" if named else ""
    text = (
        f"`{row.subject}` trained at {row.training} and tested at {written(regret.variance)} reaches {reached:.2f} dB, "
        f"{regret.sample.mean:.2f}{margin(regret.sample.half_width)} dB less than {_specialist(regret)}. This is its "
        f"largest loss between two fixed variances, of those with a specialist{beaten}."
    )
    return Finding("elsewhere", regret.sample.mean, text, subject=row.subject)


def _factors(subject: str, elsewhere: Sequence[Regret]) -> Iterator[Finding]:
    """What a single variance costs where the noise has another, by how many times as much."""
    losses = {}
    for factor, words in FACTORS.items():
        alike = [
            regret.sample
            for regret in elsewhere
            if (trained := regret.row.experiment.variance) and math.isclose(regret.variance, factor * trained.low)
        ]
        if len(alike) > 1 and (mean := mean_of(alike)):
            losses[words] = mean, len(alike)
    if len(losses) > 1:
        each = [f"{mean.mean:.2f}{margin(mean.half_width)} dB {words}" for words, (mean, _) in losses.items()]
        text = (
            f"`{subject}` trained at one variance loses against the specialist, on average over training variances, "
            f"{'; '.join(each)}."
        )
        largest = max(mean.mean for mean, _ in losses.values())
        yield Finding("factors", largest, text, sum(count for _, count in losses.values()), subject)


def _specialist(regret: Regret) -> str:
    kin = regret.specialist.experiment.denoiser
    return "the same network trained there" if kin == regret.row.experiment.denoiser else f"`{kin}` trained there"


def _priced(rows: Sequence[Row], found: Mapping[int, list[Regret]]) -> dict[int, Finding]:
    """What training on a range costs inside it, the price of not knowing the variance: by identity of the row."""
    inside = {}
    for row in rows:
        if row.learned and row.experiment.variance is not None and not row.experiment.variance.fixed:
            side = summary(found[id(row)], inside=True)
            if side and side.exact:
                inside[id(row)] = row, side
    sides = [side for _, side in inside.values()]
    told = holm(p_values([side.mean for side in sides]))
    return {key: _price(row, side, distinct) for (key, (row, side)), distinct in zip(inside.items(), told, strict=True)}


def _price(row: Row, inside: Summary, distinct: bool) -> Finding:
    mean, worst = inside.mean, inside.worst
    informed = "" if row.blind else ", though it is told the variance,"
    lost = f"{'loses' if mean.mean >= 0 else 'gains'} {abs(mean.mean):.2f}{margin(mean.half_width)} dB"
    lost += ("" if distinct else " (not distinguishable from none)") + " against"
    base = f" of `{row.kin}`" if inside.of_kin else ""
    if inside.of_kin and inside.of_kin < inside.count:
        base = f", {inside.of_kin} of them of `{row.kin}`"
    if inside.count == 1:
        only = ", the only one inside the range" if inside.of > 1 else ""
        lost += f" the specialist{base} at {written(worst.variance)}{only}."
    else:
        some = f" of {inside.of}" if inside.count < inside.of else ""
        lost += (
            f" specialists{base}, on average over {inside.count}{some} test variances inside; at worst "
            f"{worst.sample.mean:.2f}{margin(worst.sample.half_width)} dB, at {written(worst.variance)}."
        )
    text = f"`{row.subject}` trained on {row.training}{informed} {lost}"
    return Finding("range" if row.blind else "told", mean.mean, text, inside.count, row.subject)


def _kin(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[Finding]:
    """A network beside the one it is made from, both trained alike: inside the training range and outside."""
    compared = [pair for row in rows for pair in _alike(row, rows, variances)]
    told = iter(holm(p_values([mean for _, _, parts in compared for mean in parts.values()])))
    for row, other, parts in compared:
        words = [
            f"{signed(mean.mean)}{margin(mean.half_width)} dB {where}"
            + ("" if next(told) else " (not distinguishable from none)")
            for where, mean in parts.items()
        ]
        size = max(abs(mean.mean) for mean in parts.values())
        subject = f"`{row.subject}` minus `{other.subject}`, both trained on {row.training}"
        if other.blind and not row.blind:
            subject = f"The price of blindness: told the variance, {subject}"
        yield Finding("kin", size, f"{subject}: {', '.join(words)}.")


def _alike(row: Row, rows: Sequence[Row], variances: Sequence[float]) -> Iterator[tuple[Row, Row, dict[str, Sample]]]:
    """The row, another of the network it is made from and trained alike, and their mean differences by where."""
    trained = row.experiment.variance
    if not row.learned or trained is None or row.kin in ("", row.experiment.denoiser):
        return
    alike = row.experiment.but(denoiser=row.kin, seed=0)
    for other in rows:
        if other.experiment.but(seed=0) != alike:
            continue
        parts = {}
        for side, (mean, count) in differences(row, other, variances).items():
            where = side if side != "inside" else f"at {trained}" if trained.fixed else "inside the range"
            parts[where + (f" (mean of {count} test variances)" if count > 1 else "")] = mean
        if parts:
            yield row, other, parts


def carried(
    subject: str, own: Sequence[Row], below: dict[str, dict[float, float]], variances: Sequence[float]
) -> Iterator[str]:
    """How far from the single variance that a network was trained at it is ahead of the floors, in words.

    Args:
        own: all rows of the network.
        below: floors, from the mildest to the strictest.
    """
    fixed = [row for row in own if row.experiment.variance and row.experiment.variance.fixed]
    said = []
    for name, upwards in ((next(reversed(below), ""), True), (next(iter(below), ""), False)):
        ahead = {row.training: (row, reach(row, below[name], variances)) for row in fixed} if name else {}
        factors, still, nowhere = [], [], []
        for training, (row, found) in ahead.items():
            trained = row.experiment.variance.low if row.experiment.variance else 0.0
            if found is None or not trained or not found.low <= trained <= found.high:
                nowhere.append(training)
            elif found.open_high if upwards else found.open_low:
                still.append(training)
            else:
                factors.append(found.high / trained if upwards else trained / found.low)
        if factors and len(ahead) > 1:
            floor = f"the {name}" if name == TUNED_MEDIAN else f"`{name}`"
            span = f"up to {_span(factors)} times" if upwards else f"down to {_span(factors, '1/')} of"
            end = "largest" if upwards else "least"
            rest = [f"trained at {', '.join(still)} to the {end} tested"] if still else []
            rest += [f"trained at {', '.join(nowhere)} not even there"] if nowhere else []
            said.append(f"of {floor} {span} that variance" + (f" ({'; '.join(rest)})" if rest else ""))
    if said:
        yield f"`{subject}` trained at one variance is ahead {', and '.join(said)}."


def _span(values: Sequence[float], before: str = "") -> str:
    """The least and the largest of some values, of two digits: "6.5–25"."""
    ends = dict.fromkeys(f"{before}{value:.2g}" for value in sorted((min(values), max(values)), reverse=bool(before)))
    return "–".join(ends)

"""Sentences made from numbers, so that they cannot go stale."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.experiment import written
from bench.statistics import Sample, half_width, holm, mean_of, p_value
from bench.tables import Row, margin
from bench.transfer import METRIC, Regret, Summary, ranking, regrets, summary


@dataclass(frozen=True)
class Finding:
    """A sentence, what kind of finding it is, how much it is about, in dB, and over how many test variances."""

    kind: str
    size: float
    text: str
    count: int = 1


def findings(rows: Sequence[Row], variances: Sequence[float]) -> list[Finding]:
    """Who is best, what a wrong fixed variance costs, what not knowing the variance costs, what telling it gains."""
    found = dict(zip(map(id, rows), regrets(rows, variances).values(), strict=True))
    plain = [row for row in rows if row.experiment.variance is None and row.experiment.denoiser != "noisy"]
    sentences = list(_best(rows, variances))
    for subject in dict.fromkeys(row.subject for row in rows if row.learned):
        own = [row for row in rows if row.subject == subject]
        elsewhere = [
            regret
            for row in own
            if row.experiment.variance is not None and row.experiment.variance.fixed
            for regret in found[id(row)]
            if regret.exact and not regret.inside
        ]
        if elsewhere:
            sentences.append(_elsewhere(max(elsewhere, key=lambda regret: regret.sample.mean), plain))
        sentences += _blindness(own, found)
    return [*sentences, *_kin(rows, variances)]


def headlines(found: Sequence[Finding]) -> Iterator[str]:
    """The largest loss by a wrong variance, the least price of a range to a blind network, and what changed most."""
    for kind, sign in (("elsewhere", 1), ("range", -1), ("kin", 1)):
        if alike := [finding for finding in found if finding.kind == kind]:
            yield max(alike, key=lambda finding: (finding.count, sign * finding.size)).text


def _best(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[Finding]:
    trained = {row.experiment.variance for row in rows if row.learned}
    only = next(iter(trained), None) if len(trained) == 1 else None
    if only is not None and only.fixed and only.low in variances and len(rows) > 1:
        variances, where = [only.low], f"at variance {written(only.low)}, where all were trained"
    elif len(variances) > 1:
        where = f"on average over the {len(variances)} test variances"
    else:
        return
    places = ranking(rows, variances)
    if len(places) < 2:
        return
    tied = [place for place in places if place.first == 1]
    each = [
        f"`{place.row.subject}`" + ("" if only else _on(place.row)) + f", {place.sample.mean:.2f} dB" for place in tied
    ]
    if len(tied) == 1:
        yield Finding(
            "best", 0, f"Best {where}: {each[0].removesuffix(' dB')}{margin(half_width(places[0].sample))} dB."
        )
    else:
        few = each[:4] + ([f"{len(each) - 4} more"] if len(each) > 4 else [])
        yield Finding("best", 0, f"Best {where}, and not told apart: {'; '.join(few)}.")


def _on(row: Row) -> str:
    return f" trained on {row.training}" if row.experiment.variance else ""


def _elsewhere(regret: Regret, plain: Sequence[Row]) -> Finding:
    """The largest loss between fixed variances."""
    row, cell = regret.row, (regret.variance, METRIC)
    reached = row.means[cell]
    better = [other.name for other in plain if other.means.get(cell, reached) > reached]
    named = ["clip"] if "clip" in better else better[:2]
    beaten = f"; even {' and '.join(f'`{name}`' for name in named)} would have done better" if named else ""
    text = (
        f"`{row.subject}` trained at {row.training} and tested at {written(regret.variance)} reaches {reached:.2f} dB, "
        f"{regret.sample.mean:.2f}{margin(half_width(regret.sample))} dB less than {_specialist(regret)}. This is its "
        f"largest loss between two fixed variances{beaten}."
    )
    return Finding("elsewhere", regret.sample.mean, text)


def _specialist(regret: Regret) -> str:
    kin = regret.specialist.experiment.denoiser
    return "the same network trained there" if kin == regret.row.experiment.denoiser else f"`{kin}` trained there"


def _blindness(rows: Sequence[Row], found: Mapping[int, list[Regret]]) -> Iterator[Finding]:
    """What training on a range costs inside it: the price of not knowing the variance."""
    for row in rows:
        if row.experiment.variance is None or row.experiment.variance.fixed:
            continue
        inside = summary(found[id(row)], inside=True)
        if inside and inside.exact:
            told = "" if row.blind else ", though it is told the variance,"
            text = f"`{row.subject}` trained on {row.training}{told} {_price(inside)}"
            yield Finding("range" if row.blind else "told", inside.mean.mean, text, inside.count)


def _price(inside: Summary) -> str:
    mean, worst = inside.mean, inside.worst
    lost = f"{'loses' if mean.mean >= 0 else 'gains'} {abs(mean.mean):.2f}{margin(half_width(mean))} dB against"
    if inside.count == 1:
        only = ", the only one inside the range" if inside.of > 1 else ""
        return f"{lost} the specialist at {written(worst.variance)}{only}."
    some = f" of {inside.of}" if inside.count < inside.of else ""
    return (
        f"{lost} specialists, on average over {inside.count}{some} test variances inside; at worst "
        f"{worst.sample.mean:.2f}{margin(half_width(worst.sample))} dB, at {written(worst.variance)}."
    )


def _kin(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[Finding]:
    """A network beside the one it is made from, both trained alike: inside the training range and outside."""
    compared = [pair for row in rows for pair in _alike(row, rows, variances)]
    told = iter(holm([p_value(mean) for _, _, parts in compared for mean in parts.values()]))
    for row, other, parts in compared:
        words = [
            f"{_signed(mean.mean)}{margin(half_width(mean))} dB {where}"
            + ("" if next(told) else " (not distinguishable from none)")
            for where, mean in parts.items()
        ]
        size = max(abs(mean.mean) for mean in parts.values())
        text = f"`{row.subject}` less `{other.subject}`, both trained on {row.training}: {', '.join(words)}."
        yield Finding("kin", size, text)


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _alike(row: Row, rows: Sequence[Row], variances: Sequence[float]) -> Iterator[tuple[Row, Row, dict[str, Sample]]]:
    """The row, another of the network it is made from and trained alike, and their mean differences by where."""
    trained = row.experiment.variance
    if not row.learned or trained is None or row.kin in ("", row.experiment.denoiser):
        return
    alike = row.experiment.but(denoiser=row.kin, seed=0)
    inside = f"at {trained}" if trained.fixed else "inside the range"
    for other in rows:
        if other.experiment.but(seed=0) != alike:
            continue
        parts = {}
        for where, cells in (
            (inside, [v for v in variances if v in trained]),
            ("below", [v for v in variances if v < trained.low]),
            ("above", [v for v in variances if v > trained.high]),
        ):
            pairs = [(row.samples.get((v, METRIC)), other.samples.get((v, METRIC))) for v in cells]
            samples = [one.minus(two) for one, two in pairs if one is not None and two is not None]
            there = [sample for sample in samples if sample is not None and sample.finite]
            if there and (mean := mean_of(there)):
                parts[where] = mean
        if parts:
            yield row, other, parts

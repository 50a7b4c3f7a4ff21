"""Sentences made from numbers, so that they cannot go stale."""

from collections.abc import Iterator, Mapping, Sequence

from bench.experiment import written
from bench.statistics import half_width, mean_of, p_value
from bench.tables import Row
from bench.transfer import METRIC, Regret, ranking, regrets, summary


def findings(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[str]:
    """Who is best, what a wrong fixed variance costs, what not knowing the variance costs, what telling it gains."""
    found = dict(zip(map(id, rows), regrets(rows, variances).values(), strict=True))
    plain = [row for row in rows if row.experiment.variance is None and row.experiment.denoiser != "noisy"]
    yield from _best(rows, variances)
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
            yield _elsewhere(max(elsewhere, key=lambda regret: regret.sample.mean), plain)
        yield from _blindness(own, found)
    yield from _kin(rows, variances)


def _best(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[str]:
    places = ranking(rows, variances)
    if len(places) < 2 or len(variances) < 2:
        return
    tied = [place for place in places if place.first == 1]
    names = " and ".join(f"`{place.row.name}`" + _on(place.row) for place in tied)
    alike = "" if len(tied) == 1 else "; they cannot be told apart"
    yield (
        f"Best on average over the {len(variances)} test variances: {names}, {places[0].sample.mean:.2f} "
        f"±{half_width(places[0].sample):.2f} dB{alike}."
    )


def _on(row: Row) -> str:
    return f" trained on {row.training}" if row.experiment.variance else ""


def _elsewhere(regret: Regret, plain: Sequence[Row]) -> str:
    """The largest loss between fixed variances."""
    row, cell = regret.row, (regret.variance, METRIC)
    reached = row.means[cell]
    better = [other for other in plain if other.means.get(cell, reached) > reached]
    beaten = f"; {_list(better)} would have done better" if better else ""
    return (
        f"`{row.subject}` trained at {row.training} and tested at {written(regret.variance)} reaches {reached:.2f} dB, "
        f"{regret.sample.mean:.2f} ±{half_width(regret.sample):.2f} dB less than {_specialist(regret)}. It is the "
        f"largest loss between its fixed variances{beaten}."
    )


def _list(rows: Sequence[Row]) -> str:
    names = [f"`{row.name}`" for row in rows]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _specialist(regret: Regret) -> str:
    kin = regret.specialist.experiment.denoiser
    return "the same network trained there" if kin == regret.row.experiment.denoiser else f"`{kin}` trained there"


def _blindness(rows: Sequence[Row], found: Mapping[int, list[Regret]]) -> Iterator[str]:
    """What training on a range costs inside it: the price of not knowing the variance."""
    for row in rows:
        if row.experiment.variance is None or row.experiment.variance.fixed:
            continue
        exact = [regret for regret in found[id(row)] if regret.exact]
        if inside := summary(exact, inside=True):
            mean, worst = inside.mean, inside.worst
            count = f"{inside.count} test variances" if inside.count > 1 else "one test variance"
            told = "" if row.blind else ", though it is told the variance,"
            yield (
                f"`{row.subject}` trained on {row.training}{told} {'loses' if mean.mean >= 0 else 'gains'} "
                f"{abs(mean.mean):.2f} ±{half_width(mean):.2f} dB against specialists, on average over the {count} "
                f"inside that have one; at worst {worst.sample.mean:.2f} ±{half_width(worst.sample):.2f} dB, at "
                f"{written(worst.variance)}."
            )


def _kin(rows: Sequence[Row], variances: Sequence[float]) -> Iterator[str]:
    """A network beside the one it is made from, both trained alike: inside the training range and outside."""
    for row in rows:
        trained = row.experiment.variance
        if not row.learned or trained is None or row.kin in ("", row.experiment.denoiser):
            continue
        alike = row.experiment.but(denoiser=row.kin, seed=0)
        for other in rows:
            if other.experiment.but(seed=0) != alike:
                continue
            parts = []
            for where, cells in (
                ("inside the range", [v for v in variances if v in trained]),
                ("below it", [v for v in variances if v < trained.low]),
                ("above it", [v for v in variances if v > trained.high]),
            ):
                pairs = [(row.samples.get((v, METRIC)), other.samples.get((v, METRIC))) for v in cells]
                samples = [one.minus(two) for one, two in pairs if one is not None and two is not None]
                there = [sample for sample in samples if sample is not None and sample.finite]
                if there:
                    mean = mean_of(there)
                    unsure = "" if p_value(mean) < 0.05 else " (not distinguishable from none)"
                    parts.append(f"{where} {mean.mean:+.2f} ±{half_width(mean):.2f} dB{unsure}")
            if parts:
                where = f"trained on {row.training}"
                yield f"`{row.subject}` beside `{other.subject}`, both {where}: {'; '.join(parts)}, on average."

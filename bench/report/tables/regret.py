"""What generalization costs, as tables: specialists beside one network for all, regret, ranking."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.analysis.ranking import over, ranking
from bench.analysis.regret import Summary, regrets, summary
from bench.analysis.rows import EACH, Row
from bench.core.results import Trial, best
from bench.core.variance import written
from bench.report.tables.table import Table, margin

END = "°"  # behind a value from the end of a grid


def main_rows(rows: Sequence[Row], variances: Sequence[float]) -> list[Row]:
    """Rows of the main table: of each denoiser its specialists together as one row, then those trained on ranges.

    What was trained for nothing in particular stands as it is; of filters that were tuned for single
    test variances, nothing else is shown. Where no test variance has a specialist, all rows are there.
    """
    found: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        found.setdefault((row.subject, row.experiment.dataset), []).append(row)
    chosen = []
    groups = [[row for row in members if _is_fixed(row)] for members in found.values()]
    # What stands beside the network it is made from, trained alike.
    singles = {(own[0].kin, own[0].experiment.variance) for own in groups if len(own) == 1 and own[0].learned}
    for members, fixed in zip(found.values(), groups, strict=True):
        rest = [row for row in members if not _is_fixed(row)]
        chosen += [_together(fixed, variances)] if len(fixed) > 1 else fixed
        if len(fixed) > 1:
            chosen += [row for row in fixed if (row.experiment.denoiser, row.experiment.variance) in singles]
        chosen += rest if not (len(fixed) > 1 and fixed[0].experiment.tuned) else []
    return chosen


def _is_fixed(row: Row) -> bool:
    return row.experiment.variance is not None and row.experiment.variance.fixed


def _together(fixed: Sequence[Row], variances: Sequence[float]) -> Row:
    """Specialists as one row, each at its own variance."""
    first = fixed[0]
    label = first.label.replace(str(first.experiment.variance), EACH) or EACH  # which may name what was trained on
    joint = replace(first, seeds=min(row.seeds for row in fixed), samples={}, means={}, label=label, note="")
    for row in fixed:
        trained = row.experiment.variance
        for cell in row.samples:
            if trained is not None and cell[0] == trained.low and cell[0] in variances:
                joint.samples[cell], joint.means[cell] = row.samples[cell], row.means[cell]
    if not joint.means:
        joint.note = first.note
    return joint


def regret_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """A line for each training of a network."""
    found = regrets(rows, variances)
    sides = {
        (index, inside): side
        for index, row in enumerate(rows)
        for inside in (True, False)
        if row.learned and (side := summary(found[index], inside))
    }
    cells = {key: _summary(side) for key, side in sides.items()}
    lines = [
        (
            row.subject,
            row.training,
            *(text for inside in (True, False) for text in cells.get((index, inside), ("–", "–"))),
        )
        for index, row in enumerate(rows)
        if (index, True) in sides or (index, False) in sides
    ]
    header = ("denoiser", "trained on", "mean inside", "worst inside", "mean outside", "worst outside")
    note = (
        "dB lost against the specialist, the same network (or the one it is made from) trained at exactly that test "
        "variance, inside and outside the training range; ± half of a 95 % interval; @ the test variance where most is "
        "lost"
    )
    if any(side.count < side.of for side in sides.values()):
        note += "; in brackets at how many of the test variances there it can be told: the others have no specialist"
    if not all(side.exact for side in sides.values()):
        note += (
            "; * none of them has one, and the best training of that network stands for it, but where that is the row "
            "itself"
        )
    return Table("Regret (dB)", header, tuple(lines), note)


def _summary(found: Summary) -> tuple[str, str]:
    worst, star = found.worst, "" if found.exact else "*"
    some = f" ({found.count} of {found.of})" if found.count < found.of else ""
    return (
        f"{found.mean.mean:.2f}{star}{margin(found.mean.half_width)}{some}",
        f"{worst.sample.mean:.2f} @ {written(worst.variance)}",
    )


def ranking_table(rows: Sequence[Row], variances: Sequence[float]) -> Table:
    """Each denoiser with its best training, by mean PSNR over the test variances that all have."""
    lines, places = [], ranking(rows, variances)
    places = places if len(places) > 1 else []
    for place in places:
        rank = f"{place.first}" if place.first == place.last else f"{place.first}–{place.last}"
        mean = f"{place.sample.mean:.2f}{margin(place.sample.half_width)}"
        lines.append((place.row.subject, place.row.training, rank, mean))
    header = ("denoiser", "trained on", "rank", "mean PSNR (dB)")
    note = (
        f"each denoiser with the training of the highest mean over {over(rows, variances)}; equal ranks are not told "
        "apart (paired differences, 95 % for all pairs together, by Holm)"
    )
    return Table("Ranking", header, tuple(lines), note)


def chosen_table(tuned: Iterable[tuple[Row, list[Trial]]]) -> Table:
    """Which value tuning chose: filters with their option, a column for each training range."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    ranges: dict[str, None] = {}
    for row, trials in tuned:
        values, chosen = sorted(trial.value for trial in trials), best(trials)
        tried = f"{len(values)} values, {values[0]:g} to {values[-1]:g}"
        end = END if chosen.value in (values[0], values[-1]) else ""
        found.setdefault((row.experiment.denoiser, chosen.option, tried), {})[row.training] = f"{chosen.value:g}{end}"
        ranges[row.training] = None
    lines = tuple((*which, *(values.get(each, "–") for each in ranges)) for which, values in found.items())
    note = "chosen on validation images"
    if any(END in text for values in found.values() for text in values.values()):
        note += f"; {END} the end of what was tried: something beyond might be better, where there is anything beyond"
    return Table("Tuned parameters", ("filter", "option", "tried", *ranges), lines, note)

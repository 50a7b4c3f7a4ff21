"""Where denoisers break down, of made-up results with known answers."""

import math
from typing import Any

import numpy as np
import pytest

from bench.analysis.breakdown import MARGIN, Floor, Reach, floors, reach, reaches
from bench.analysis.findings.facts import Ahead, HowFar
from bench.analysis.findings.grids import how_far
from bench.analysis.intervals import Sample
from bench.analysis.rows import Row
from bench.report.tables.breakdown import TUNED_MEDIAN, breakdown_table
from tests.made_up import CLIP, HIGH, LOW, MEDIAN, MIDDLE, SPREAD, UNET, VARIANCES, at, row


def shifted(row: Row, value: float, *shifts: float) -> Row:
    """The same row with three trainings that lie apart at variance 0.01."""
    sample = Sample(value + SPREAD + np.array(shifts)[:, None], (0, 1, 2))
    return row.but(samples={**row.samples, (0.01, "psnr"): sample})


def test_where_a_denoiser_beats_a_floor() -> None:
    floor = {0.001: 32.0 - MARGIN, 0.01: 22.0 - MARGIN, 0.1: 13.0 - MARGIN}
    assert reach(MIDDLE, floor, VARIANCES) == Reach(0.001, 0.1, open_low=True, open_high=True)
    found = reach(HIGH, floor, VARIANCES)  # -4 and +5 dB: 4/9 of the way from 0.001 to 0.01
    assert found is not None
    assert found.low == pytest.approx(0.001 * 10 ** (4 / 9))
    assert not found.open_low
    assert (found.high, found.open_high) == (0.1, True)
    assert (found := reach(LOW, floor, VARIANCES)) is not None
    assert (found.low, found.open_low) == (0.001, True)
    assert found.high == pytest.approx(0.001 * 10 ** (7 / 9))
    assert not found.open_high
    assert reach(row(UNET, 1, 1, 1), floor, VARIANCES) is None
    assert reach(HIGH, floor | {0.001: math.inf}, VARIANCES) == Reach(0.01, 0.1, open_low=False, open_high=True)
    assert reach(MIDDLE, floor | {0.1: math.inf}, VARIANCES) == Reach(0.001, 0.01, open_low=True, open_high=False)
    untouched = row(UNET, math.inf, 30, 30)
    assert reach(untouched, floor | {0.001: math.inf}, VARIANCES) == Reach(0.01, 0.1, open_low=True, open_high=True)
    assert reach(row(UNET, 31.98, 21.99, 12.96), floor, VARIANCES) is None  # a lead that nobody sees


def test_the_floors_are_the_clipped_input_and_the_best_median_that_was_tuned() -> None:
    tuned = row(UNET.but(denoiser="median", recipe=None), 25, 24, 15)
    below = floors([CLIP, MEDIAN, tuned], VARIANCES)
    assert below == {Floor(False, "clip"): {0.001: 32, 0.01: 22, 0.1: 13}, TUNED_MEDIAN: {0.001: 25, 0.01: 24, 0.1: 15}}


def test_what_the_floors_are_is_said_by_the_denoisers() -> None:
    names = ("noisy", "clip", "median", "gaussian", "unet", "no_such_plugin")
    plain = {name: row(UNET.but(denoiser=name, variance=None, recipe=None), 1, 1, 1) for name in names}
    assert [name for name, each in plain.items() if each.floor] == ["clip"]
    assert [name for name, each in plain.items() if each.untouched] == ["noisy"]
    tuned = {name: row(UNET.but(denoiser=name, recipe=None), 1, 1, 1) for name in ("median", "gaussian")}
    assert [name for name, each in tuned.items() if each.floor] == ["median"]


def test_the_table_of_reach_names_both_floors() -> None:
    tuned = row(UNET.but(denoiser="median", recipe=None), 25, 24, 15)
    table = breakdown_table([CLIP, MEDIAN, tuned, LOW, HIGH], VARIANCES)
    assert table.header[2:] == ("better than clip", "better than tuned median")
    assert table.rows == (
        ("unet", "0.001", "≤ 0.001 … 0.0059", "≤ 0.001 … 0.006"),
        ("unet", "0.1", "0.0028 … ≥ 0.1", "everywhere"),
    )
    assert "the best tuned one stands for it" in table.note
    assert breakdown_table([LOW, HIGH], VARIANCES).rows == ()  # nothing to fall below
    tested = row(UNET, float("nan"), 31, 16)
    assert breakdown_table([CLIP, tested], VARIANCES).rows == (("unet", "0.01", "≤ 0.01 … ≥ 0.1"),)


def test_the_table_of_reach_tells_how_far_single_trainings_lie_apart() -> None:
    """Their means are those of HIGH and LOW; single trainings lie 4 dB to each side at 0.01."""
    many = []
    for made in (at(0.1, 28, 27, 24, seeds=3), at(0.001, 39, 20, 10, seeds=3)):
        apart = np.array([[-4.0], [0.0], [4.0]])
        made = made.but(
            samples={**made.samples, (0.01, "psnr"): Sample(made.means[0.01, "psnr"] + SPREAD + apart, (0, 1, 2))}
        )
        many.append(made)
    floor = {variance: CLIP.means[variance, "psnr"] for variance in VARIANCES}
    highs = [found.high for found in reaches(many[1], floor, VARIANCES) if found]
    share = [(7 - MARGIN) / 13, (7 - MARGIN) / 9, 1 + (2 - MARGIN) / 5]  # of a decade
    assert highs == pytest.approx([0.001 * 10**part for part in share], rel=0.01)  # seeds lie 0.01 dB apart elsewhere
    table = breakdown_table([CLIP, *many], VARIANCES)
    assert [line[2] for line in table.rows] == [
        "0.0028 (0.002 to 0.0065) … ≥ 0.1",
        "≤ 0.001 … 0.0059 (0.0034 to 0.025)",
    ]
    assert "single trainings" in table.note
    sometimes = at(0.01, 31, 23, 12, seeds=3)
    sometimes = sometimes.but(
        samples={**sometimes.samples, (0.01, "psnr"): Sample(23 + SPREAD + np.array([[-2.0], [0.0], [2.0]]), (0, 1, 2))}
    )
    assert breakdown_table([CLIP, sometimes], VARIANCES).rows[0][2].endswith("; nowhere in 1 of 3 trainings")


def near(value: float) -> Any:
    return pytest.approx(value)


def test_how_far_a_single_variance_carries_is_said_by_how_many_times_it_is() -> None:
    """A tenfold variance takes 8 dB to both sides, off a lead of 4, 12 and 0 dB where it was trained."""
    leads = {0.001: 4.0, 0.01: 12.0, 0.1: 0.0}
    flat = {Floor(False, "clip"): dict.fromkeys(VARIANCES, 20.0), TUNED_MEDIAN: dict.fromkeys(VARIANCES, 22.0)}
    rows = [
        at(trained, *(20 + MARGIN + lead - 8 * abs(math.log10(test / trained)) for test in VARIANCES))
        for trained, lead in leads.items()
    ]
    upwards = Ahead(TUNED_MEDIAN, True, near(10 ** (2 / 8)), near(10 ** (2 / 8)), ("0.01",), ("0.1",))
    assert list(how_far("unet", rows, flat, VARIANCES)) == [HowFar("unet", (upwards,))]
    rows[1] = at(0.01, 14, 26, 14)
    up, down = (10 ** (2 / 8), 10 ** ((4 - MARGIN) / 12)), 10 ** ((6 - MARGIN) / 12)
    upwards = Ahead(TUNED_MEDIAN, True, near(min(up)), near(max(up)), (), ("0.1",))
    downwards = Ahead(Floor(False, "clip"), False, near(down), near(down), ("0.001",), ("0.1",))
    assert list(how_far("unet", rows, flat, VARIANCES)) == [HowFar("unet", (upwards, downwards))]
    assert list(how_far("unet", rows[:1], flat, VARIANCES)) == []
    assert list(how_far("unet", rows, {}, VARIANCES)) == []


def test_what_is_ahead_in_single_trainings_alone_is_told() -> None:
    behind = at(0.01, 31, 21, 12, seeds=3)
    behind = behind.but(
        samples={**behind.samples, (0.01, "psnr"): Sample(21 + SPREAD + np.array([[3.0], [-1.5], [-1.5]]), (0, 1, 2))}
    )
    table = breakdown_table([CLIP, behind], VARIANCES)
    assert table.rows[0][2] == "nowhere; somewhere in 1 of 3 trainings"
    assert "in brackets" not in table.note

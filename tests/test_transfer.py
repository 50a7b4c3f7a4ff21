"""Regret, reach and ranking of made-up results with known answers."""

import numpy as np
import pytest

from bench.analysis.intervals import Sample
from bench.analysis.ranking import over, ranking, ranking_frame, shared
from bench.analysis.regret import differences, regret_frame, regrets, summary
from bench.analysis.rows import EACH, Row
from bench.analysis.scores import main_rows
from bench.core.variance import Range
from bench.report.tables.regret import ranking_table, regret_table
from tests.made_up import CLIP, HIGH, LOW, MEDIAN, MIDDLE, UNET, VARIANCES, WIDE, at, row


def test_regret_is_against_the_one_trained_right_there() -> None:
    found = regrets([LOW, MIDDLE, HIGH, WIDE, CLIP], VARIANCES)
    assert [r.sample.mean for r in found[3]] == pytest.approx([5, 0.5, 0.2])
    assert [r.inside for r in found[3]] == [False, True, True]
    assert all(r.exact for r in found[3])
    assert [r.sample.mean for r in found[1]] == pytest.approx([4, 0, 8])
    assert found[4] == []
    inside, outside = (summary(found[3], each) for each in (True, False))
    assert inside is not None
    assert outside is not None
    assert inside.mean.mean == pytest.approx(0.35)
    assert (inside.worst.variance, inside.count) == (0.01, 2)
    assert outside.mean.mean == pytest.approx(5)
    assert (outside.worst.variance, outside.count) == (0.001, 1)
    assert summary(found[1], inside=True) is None  # nothing but itself


def test_without_a_specialist_the_best_of_its_kind_stands_for_it_but_not_in_the_table() -> None:
    rows = [LOW, HIGH, WIDE]
    found = regrets(rows, VARIANCES)
    middle = found[0][1]
    assert (middle.exact, middle.specialist) == (False, WIDE)
    assert middle.sample.mean == pytest.approx(10.5)
    table = regret_table(rows, VARIANCES)
    assert table.header == ("denoiser", "trained on", "mean inside", "worst inside", "worst outside")
    assert table.rows[0][2:] == ("–", "–", "14.00 at 0.1")
    assert table.rows[2][2:] == ("0.20 ±0.00", "0.20 at 0.1", "5.00 at 0.001")  # at 0.01 nobody was trained
    assert regret_table([WIDE, CLIP], VARIANCES).rows == ()


def test_another_network_is_no_specialist_in_the_table() -> None:
    kin = row(UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1)), 38, 30, 23).but(kin="unet")
    assert [line[0] for line in regret_table([LOW, MIDDLE, HIGH, kin], VARIANCES).rows] == ["unet"] * 3


def test_the_best_of_others_is_no_substitute_for_a_specialist() -> None:
    kin = row(UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1)), 50, 50, 50).but(kin="unet")
    found = regrets([LOW, HIGH, WIDE, kin], VARIANCES)
    assert found[0][1].specialist is WIDE
    assert [(r.exact, r.own) for r in found[3]] == [(True, False), (False, True), (True, False)]


def test_one_without_specialists_of_its_own_is_measured_against_its_kin() -> None:
    told = row(UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1)), 38, 30, 23).but(kin="unet")
    own = at(0.01, 36, 30.7, 15, denoiser="unet_conditioned").but(kin="unet")
    found = regrets([LOW, MIDDLE, HIGH, told], VARIANCES)
    assert [r.sample.mean for r in found[3]] == pytest.approx([1, 1, 1])
    found = regrets([LOW, MIDDLE, HIGH, told, own], VARIANCES)
    assert [r.sample.mean for r in found[3]] == pytest.approx([1, 0.7, 1])


def test_a_sibling_is_no_specialist() -> None:
    sibling = at(0.01, 36, 30.7, 15, denoiser="unet_bias_free").but(kin="unet")
    wide = row(UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1)), 38, 30, 23).but(kin="unet")
    assert [r.specialist for r in regrets([sibling, MIDDLE, wide], (0.01,))[2]] == [MIDDLE]
    assert [(r.own, r.exact) for r in regrets([sibling, wide], (0.01,))[1]] == [(True, False)]
    plain = row(UNET.but(variance=Range(0.02, 0.1)), 30, 30, 23)
    assert [(r.own, r.exact) for r in regrets([sibling, plain], (0.01,))[1]] == [(True, False)]


def test_a_filter_with_its_defaults_is_measured_against_the_tuned_one() -> None:
    tuned = row(UNET.but(denoiser="median", recipe=None), 25, 24, 15)
    found = regrets([MEDIAN, tuned], (0.01,))
    assert found[0][0].sample.mean == pytest.approx(1.5)


def test_seeds_widen_the_interval_of_a_regret() -> None:
    alone = row(UNET.but(variance=Range(0.001, 0.1)), 34, 30, 23, seeds=3)
    apart = {cell: Sample(s.values * [[1.0], [1.001], [0.999]], s.seeds) for cell, s in alone.samples.items()}
    three = regret_table([at(0.01, 35, 31, 16, seeds=3), alone.but(samples=apart)], (0.01,))
    assert float(three.rows[0][2].partition("±")[2]) > 0.05
    narrow = regret_table([MIDDLE, WIDE], (0.01,))
    assert narrow.rows[0][2].endswith("±0.00")


def test_the_ranking_takes_the_best_training_and_ties_what_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(0)
    alike = row(UNET.but(denoiser="dncnn", variance=Range(0.01, 0.1)), 34, 30.5, 23.8)
    alike = alike.but(
        samples={cell: Sample(s.values + rng.normal(0, 1, 100), s.seeds) for cell, s in alike.samples.items()}
    )
    places = ranking([LOW, WIDE, HIGH, alike, CLIP, MEDIAN], VARIANCES)
    assert {place.row.subject: (place.first, place.last) for place in places} == {
        "unet": (1, 2),
        "dncnn": (1, 2),
        "clip": (3, 3),
        "median": (4, 4),
    }
    assert next(place.row for place in places if place.row.subject == "unet") is WIDE
    table = ranking_table([WIDE, alike, CLIP], VARIANCES)
    assert {line[2] for line in table.rows} == {"1–2", "3"}
    assert "over the 3 test variances;" in table.note


def test_one_more_test_variance_of_one_row_is_left_out_of_the_ranking() -> None:
    more = row(UNET, 35, 31, 16)
    more = more.but(samples={**more.samples, (0.2, "psnr"): more.samples[0.1, "psnr"]})
    unmeasured = Row(UNET.but(denoiser="nlm"), subject="nlm")
    table = ranking_table([more, CLIP, unmeasured], [*VARIANCES, 0.2])
    assert table.rows == ranking_table([more, CLIP], VARIANCES).rows != ()
    assert "over the 3 of 4 test variances that all have;" in table.note


def test_the_main_table_joins_specialists() -> None:
    joint, wide, clip = main_rows([LOW, MIDDLE, HIGH, WIDE, CLIP], VARIANCES)
    assert (joint.training, joint.means) == (
        EACH,
        {(v, "psnr"): p for v, p in zip(VARIANCES, (39, 31, 24), strict=True)},
    )
    assert (wide, clip) == (WIDE, CLIP)
    assert main_rows([MIDDLE, CLIP], VARIANCES) == [MIDDLE, CLIP]
    made = at(0.01, 31, 31, 20, denoiser="unet_bias_free")
    made = made.but(kin="unet")  # so that it is compared with the network it varies
    joint, *others = main_rows([LOW, MIDDLE, HIGH, made], VARIANCES)
    assert (joint.training, others) == (EACH, [MIDDLE, made])
    assert main_rows([LOW, MIDDLE, WIDE, CLIP], [0.1]) == [LOW, MIDDLE, WIDE, CLIP]


def test_the_frame_of_regret_by_hand() -> None:
    frame = regret_frame([LOW, MIDDLE, HIGH, WIDE, CLIP], VARIANCES).set_index(["trained_on", "variance"])
    assert frame["mean"].tolist() == pytest.approx([0, 11, 14, 4, 0, 8, 11, 4, 0, 5, 0.5, 0.2])
    assert frame.iloc[-1].to_dict() == {
        **{"denoiser": "unet", "options": "", "recipe": "fast", "dataset": "shapes", "noise": "gaussian"},
        **{"trained_low": 0.01, "trained_high": 0.1, "law": "uniform"},
        **{"mean": pytest.approx(0.2), "half_width": pytest.approx(0, abs=1e-9)},
        **{"specialist": "0.1", "specialist_denoiser": "unet", "exact": True, "inside": True, "own": False},
    }
    assert frame[frame["own"]].index.tolist() == [("0.001", 0.001), ("0.01", 0.01), ("0.1", 0.1)]
    tuned = row(UNET.but(denoiser="median", recipe=None), 25, 24, 15)
    assert regret_frame([MEDIAN, tuned], (0.01,))[["mean", "trained_low"]].isna().values.tolist() == [
        [False, True], [False, False]
    ]  # fmt: skip


def test_specialists_of_another_network_are_counted() -> None:
    told = row(UNET.but(denoiser="unet_conditioned", variance=Range(0.001, 0.1)), 38, 30, 23).but(kin="unet")
    own = at(0.01, 36, 30.7, 15, denoiser="unet_conditioned").but(kin="unet")
    found = summary(regrets([LOW, MIDDLE, HIGH, told, own], VARIANCES)[3], inside=True)
    assert found is not None
    assert (found.of_kin, found.count) == (2, 3)
    assert summary([], inside=True) is None


def test_two_trainings_on_one_range_differ_inside_below_and_above_it() -> None:
    middle = UNET.but(variance=Range(0.005, 0.02))
    one, two = row(middle, 30, 31, 32), row(middle, 29, 31.5, 35)
    found = differences(one, two, (*VARIANCES, 0.5))
    assert {side: (round(mean.mean, 9), count) for side, (mean, count) in found.items()} == {
        **{"inside": (-0.5, 1), "below": (1, 1), "above": (-3, 1)}
    }
    assert list(differences(one, row(middle, 29, np.nan, np.inf), VARIANCES)) == ["below"]
    assert differences(CLIP, CLIP, VARIANCES) == {}


def test_what_has_no_finite_number_has_no_regret() -> None:
    broken, infinite = at(0.1, np.nan, 20, 20), row(UNET.but(variance=Range(0.005, 0.02)), np.inf, 30, 20)
    found = regrets([LOW, broken, infinite], VARIANCES)
    assert [[regret.variance for regret in row] for row in found] == [[*VARIANCES], [0.01, 0.1], [0.01, 0.1]]
    assert found[0][1].specialist is infinite
    elsewhere = row(UNET.but(dataset="mnist"), 40, 40, 40)
    assert regrets([LOW, elsewhere], (0.01,))[0][0].own
    unstated = row(UNET.but(denoiser="median", recipe=None), 25, 24, 15)
    assert regrets([MEDIAN.but(experiment=MEDIAN.experiment.but(dataset=None)), unstated], (0.01,))[0][0].exact


def test_ranks_need_variances_that_all_have() -> None:
    partly = row(UNET.but(denoiser="dncnn"), 40, np.nan, 20)
    infinite = row(UNET.but(denoiser="nlm"), 40, 20, np.inf)
    unmeasured = Row(UNET.but(denoiser="bm3d"), subject="bm3d")
    rows = [WIDE, partly, infinite, unmeasured]
    assert shared(rows, VARIANCES) == [0.001]
    assert over(rows, VARIANCES) == "the 1 of 3 test variances that all have"
    assert over([WIDE], VARIANCES) == "the 3 test variances"
    assert ranking([partly, row(UNET, np.nan, 30, np.nan)], VARIANCES) == []
    frame = ranking_frame([CLIP, MEDIAN, WIDE, LOW], VARIANCES)
    assert frame.columns.tolist() == ["denoiser", "trained_on", "first", "last", "mean", "half_width"]
    assert frame[["denoiser", "trained_on", "first", "last"]].values.tolist() == [
        ["unet", "0.01..0.1", 1, 1], ["clip", "–", 2, 2], ["median", "–", 3, 3]
    ]  # fmt: skip
    assert frame["mean"].tolist() == pytest.approx([88.3 / 3, 67 / 3, 62.5 / 3])
    assert frame["half_width"].tolist() == pytest.approx([WIDE.samples[0.1, "psnr"].half_width] * 3)

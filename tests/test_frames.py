"""Results as CSV files: they equal the numbers of the report, and every program can read them."""

import re
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.analysis.scored import Scored
from bench.core.variance import written
from bench.measurements import MEASUREMENTS
from bench.report.frames import csv_files
from bench.store.frames import OF_TRAINING, scores_frame
from bench.store.store import Store
from bench.timing.synthetic_store import make
from tests.conftest import carried_out

STUDY = "--denoisers clip,median,conv_autoencoder --train 0.01 0.1 0.001..0.1 --test 0.01 0.1"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A smoke study with a grid and an ablation, measured once for all tests of this file."""
    folder = carried_out(
        tmp_path_factory.mktemp("study"),
        f"--grid --profile smoke {STUDY}",
        "--ablate width --profile smoke --train 0.01 --test 0.01 0.1",
    )
    return folder / "results" / "smoke"


@pytest.fixture
def report(study: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(study.glob("pages/*.md")))


def table_below(report: str, title: str) -> list[dict[str, str]]:
    """The first table below some text, as rows by column."""
    lines = report[report.index(title) :].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| "))
    cells = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells.append([cell.strip() for cell in line.strip("|").split("|")])
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def read(study: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(study / f"{name}.csv", dtype={"options": str})  # which may be empty in all rows


def test_scores_are_those_of_the_report(study: Path) -> None:
    report = (study / "pages/images.md").read_text(encoding="utf-8")
    scores = read(study, "scores")
    cells = scores[scores.sections.str.contains("grid") & (scores.metric == "psnr")]
    shown = [row for row in table_below(report, "### PSNR (dB)") if row["trained on"] or row["denoiser"] == "clip"]
    assert len(shown) >= 3
    for row in shown:
        of = cells[cells.denoiser == row["denoiser"].removesuffix(", tuned")]
        for variance in (0.01, 0.1):
            trained = f"{variance:g}" if "each test variance" in row["trained on"] else row["trained on"]
            of_row = of[(of.variance == variance) & (of.trained_on.fillna("–") == trained)]
            assert row[f"{variance:g}"].strip("*").partition(" ")[0].strip("*") == f"{of_row['mean'].mean():.2f}"


def test_regret_is_that_of_the_report(study: Path, report: str) -> None:
    regret = read(study, "regret")
    rows = [row for row in table_below(report, "### Regret (dB)") if row["denoiser"] == "conv_autoencoder"]
    assert len(rows) == 3
    for row in rows:
        own = regret[(regret.denoiser == "conv_autoencoder") & (regret.trained_on == row["trained on"])]
        for inside, column in ((True, "worst inside"), (False, "worst outside")):
            cells = own[(own.inside == inside) & ~own.own]
            if len(cells):
                worst = cells.nlargest(1, "mean").iloc[0]
                assert row[column].replace("−", "-") == f"{worst['mean']:.2f} at {written(worst.variance)}"
            else:
                assert row[column] == "–"


def test_every_regret_is_joined_with_its_scores(study: Path) -> None:
    scores, regret = read(study, "scores"), read(study, "regret")
    grid = scores[scores.sections.str.contains("grid") & (scores.metric == "psnr")]
    keys = [name for name in regret if name in scores and name != "mean"]
    assert set(OF_TRAINING) < set(keys)
    joined = regret.merge(grid, on=keys, suffixes=("_lost", ""), validate="one_to_one")
    assert len(joined) == len(regret) > 10
    assert set(joined.denoiser) == {"median", "conv_autoencoder"}
    psnr = joined.set_index(["denoiser", "trained_on", "variance"])["mean"]
    ranged = joined[(joined.denoiser == "conv_autoencoder") & (joined.trained_on == "0.001..0.1")]
    line: Any
    for line in ranged.itertuples():
        specialist = psnr.loc[("conv_autoencoder", f"{line.variance:g}", line.variance)]
        assert line.mean_lost == pytest.approx(specialist - line.mean, abs=1e-4)


def test_effects_of_ablations_are_those_of_the_report(study: Path, report: str) -> None:
    shown = {row["change"]: row for row in table_below(report, "## At a glance")}
    sides = {"inside": "where trained", "above": "at more noise", "below": "at less noise"}
    effects = read(study, "ablations")
    assert set(effects.change) == set(shown)
    assert set(effects.side) == {"inside", "above"}
    for effect in effects.itertuples():
        sign = "" if effect.significant else " ?"
        text = f"{effect.mean:+.2f} ±{effect.half_width:.2f}{sign}".replace("-", "−")
        assert shown[str(effect.change)][sides[str(effect.side)]] == text
        assert effect.variances == 1


def test_scores_are_those_of_the_files_and_the_same_bytes_every_time(study: Path, tmp_path: Path) -> None:
    scores = read(study, "scores")
    assert not scores.duplicated(["experiment", "protocol", "variance", "metric"]).any()
    for (experiment, protocol), cells in scores.groupby(["experiment", "protocol"]):
        stored = pd.read_csv(study / str(experiment) / f"scores-{protocol}.csv")
        columns = ["variance", "metric", "mean", "spread", "images"]
        both = [frame[columns].sort_values(["metric", "variance"], ignore_index=True) for frame in (cells, stored)]
        pd.testing.assert_frame_equal(both[0], both[1], check_exact=True)
    shutil.copytree(study, tmp_path / "moved")
    moved = Store(tmp_path / "moved")
    assert csv_files(moved, Scored(moved)) == {
        f"{name}.csv": (study / f"{name}.csv").read_text() for name in ("scores", "regret", "ablations")
    }


def test_every_column_is_documented(study: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
    for name in ("scores", "regret", "ablations"):
        part = page[page.index(f"## {name}.csv") :].partition("\n## ")[0]
        documented = [
            column
            for line in re.findall(r"^\| (`.+?) \|", part, re.MULTILINE)
            for column in re.findall(r"`(\w+)`", line)
        ]
        assert documented == read(study, name).columns.tolist()


def test_what_is_no_experiment_is_a_table_too(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep_timing(
        "bank", "unet", {"title": "unet", "rows": [{"variance": 0.01, "bank": [30.0, 0.1], "right": None}]}
    )
    store.keep_timing("equivariance", "unet on mnist", {"denoiser": "unet", "scale": 0.5, "options": {"width": 8}})
    files = csv_files(store, Scored(store))
    bank, equivariance = (pd.read_csv(StringIO(files[f"{name}.csv"])) for name in ("bank", "equivariance"))
    assert bank.to_dict("records")[0] | {"right": None} == {
        **{"of": "unet", "variance": 0.01, "bank": 30.0, "right": None, "bank_half_width": 0.1}
    }
    assert equivariance.to_dict("records") == [{"of": "unet on mnist", "denoiser": "unet", "scale": 0.5}]
    page = (Path(__file__).parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
    described = {*MEASUREMENTS, "told", "noise_law", "variants"} - {"grid", "ablation", "speed", "latency"}
    assert all(f"| {kind}.csv |" in page for kind in described)


def test_a_synthetic_store_is_whole(tmp_path: Path) -> None:
    make(Store(tmp_path), 60)
    scores = scores_frame(Store(tmp_path))
    assert len(scores) == 60 * 8 * 3
    assert scores.seed.value_counts().tolist() == [6 * 8 * 3] * 10

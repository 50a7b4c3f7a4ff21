"""Latency and speed as rows, tables, figures and sections of the report."""

import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import bench.timing.latency
from architectures import DENOISERS
from bench.calibration.outcomes import Outcome
from bench.core.conditions import Conditions, conditions
from bench.figures.cost import Point
from bench.figures.cost_curves import front
from bench.figures.curves import png
from bench.lookup.denoisers import missing_package, parameters, place
from bench.measurements import MEASUREMENTS, chapters, holds_any
from bench.report.report import build
from bench.report.tables.cost import latency_table, speed_table, three_digits
from bench.running.command import Command
from bench.running.workers import keep_memory
from bench.store.store import Store
from bench.timing.latency import Latency, flops, latencies, prepared
from bench.timing.targets import Speed, speed_frame
from tests.conftest import SMALL, Counter

NOW = conditions("cpu", 1)
ROW = Latency("median", 64, 0.064, 0.06, 0.07, 0.02, 30, 0, 0.0, 240.0, NOW)


def keep(store: Store, *rows: Latency) -> None:
    for name in {row.denoiser for row in rows}:
        timed = [row.as_json() for row in rows if row.denoiser == name]
        store.keep_timing("latency", name, {"rows": timed, "conditions": NOW.as_json()})


def test_rows_come_back_the_fastest_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    slow = replace(ROW, denoiser="clip", median=1.0)
    keep(store, slow, ROW)
    assert latencies(store) == [ROW, slow]


def test_a_table_has_units_and_marks_what_is_unsteady() -> None:
    steady, unsteady = latency_table([ROW, replace(ROW, drift=0.3, parameters=1234, flops=2.5e6)]).rows
    assert steady == ("median", "64", "64", "60 – 70", "1,000", "–", "–", "240", "2 %")
    assert unsteady[2:] == ("64 ~", "60 – 70", "1,000", "1,234", "2.50", "240", "30 %")


def test_the_front_holds_what_nothing_beats_and_nothing_unsteady() -> None:
    def point(name: str, seconds: float, psnr: float, steady: bool = True) -> Point:
        return Point(name, False, steady, (seconds, seconds, seconds), psnr, 0.1)

    points = [point("fast", 1, 20), point("worse", 2, 19), point("noise", 2.5, 40, steady=False), point("good", 3, 30)]
    assert [point.name for point in front(points)] == ["fast", "good"]


def test_a_claim_becomes_a_line_with_its_verdict() -> None:
    speed = Speed({"train": [[300.0, 200.0], [320.0, 160.0], [300.0, 100.0]], "idle": [[5.0, 2.5]]}, NOW)
    assert Speed.from_json(json.loads(json.dumps(speed.as_json()))) == speed
    table = speed_table(speed_frame([speed]))
    assert table.rows[0][3:] == ("300 images/s", "160 images/s", "2.00", "1.50 – 3.00", "3", "≥ 1.6", "reached")
    assert table.rows[1][5:] == ("2.50 s", "–", "1", "≤ 2 s", "**falls short**")


def test_the_report_shows_costs_with_their_conditions(counter: Counter) -> None:
    assert counter.run("--grid", *SMALL, "--test", "0.01", "0.1") == 0
    store = Store(Path("results/smoke"))
    keep(store, replace(ROW, denoiser="clip"), replace(ROW, denoiser="clip", batch=1), replace(ROW, denoiser="noisy"))
    keep(store, replace(ROW, denoiser="conv_autoencoder", median=0.5, high=0.6, parameters=16385))
    store.keep_timing("speed", "any", Speed({"help": ((0.2, 0.0),)}, NOW).as_json())
    report = build(store, makers=chapters())
    text = report.text
    assert "# Cost" in report.pages["pages/cost.md"]
    assert "| `--help` | the command | – | 0.2 s | – | 0.20 s | – | 1 | ≤ 0.5 s | reached |" in text
    assert NOW.device in text
    assert "python run_all.py --latency --profile smoke\npython run_all.py --speed --profile smoke" in text
    figures = {drawing.name: drawing for drawing in report.drawings}
    for name in ("latency-batch", "latency-quality"):
        assert min(Image.open(io.BytesIO(png(figures[name].draw(), ""))).size) > 300


def test_costs_alone_make_a_report(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not holds_any(store)
    keep(store, ROW)
    assert holds_any(store)
    report = build(store, makers=chapters())
    assert set(report.pages) == {"REPORT.md", "pages/cost.md"}
    assert [drawing.name for drawing in report.drawings] == ["latency-batch"]


def test_timings_of_another_machine_are_none_of_this_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keep(store, ROW)
    due = MEASUREMENTS["latency"].due
    assert due(Command(denoisers=("median", "clip")), store) == ["clip"]
    store.keep_timing("latency", "median", {"rows": [], "conditions": NOW.as_json() | {"device": "another"}})
    assert due(Command(denoisers=("median",)), store) == ["median"]
    keep(store, ROW)
    assert due(Command(denoisers=("median",), refresh=True), store) == ["median"]


@pytest.mark.slow
def test_latency_is_measured_kept_and_not_measured_again(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.timing.latency, "BATCHES", (8,))
    arguments = ["--latency", "--profile", "smoke", "--denoisers", "conv_autoencoder"]
    assert counter.run(*arguments) == 0
    store = Store(Path("results/smoke"))
    (row,) = latencies(store)
    assert (row.denoiser, row.batch, row.parameters) == ("conv_autoencoder", 8, 16385)
    assert 0 < row.low <= row.median <= row.high
    assert row.rounds >= 10
    assert 2e6 < row.flops < 3e6
    assert 100 < row.memory < 2000
    before = (store.root / "latency" / "conv_autoencoder.json").read_bytes()
    assert counter.run(*arguments) == 0
    assert (store.root / "latency" / "conv_autoencoder.json").read_bytes() == before


def test_an_unsteady_row_is_measured_again_and_the_steadiest_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    drifts = {1: [0.5, 0.3, 0.4], 8: [0.2, 0.05], 64: [0.01], 256: [0.1]}

    def measured(name: str, batch: int, *_: object) -> Latency:
        return replace(ROW, denoiser=name, batch=batch, drift=drifts[batch].pop(0))

    monkeypatch.setattr(bench.timing.latency, "_measure", measured)
    rows = bench.timing.latency.measure("clip", "cpu", [])
    assert [(row.batch, row.drift) for row in rows] == [(1, 0.3), (8, 0.05), (64, 0.01), (256, 0.1)]
    assert [row.steady for row in rows] == [False, True, True, True]
    assert not any(drifts.values())


BROKEN = """
from torch import nn
from architectures import denoiser

@denoiser
class Broken(nn.Module):
    def forward(self, noisy, variance):
        raise RuntimeError("no such luck")
"""


@pytest.mark.slow
def test_one_that_cannot_be_timed_does_not_stop_the_others(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench.timing.latency, "BATCHES", (1,))
    Path("unlucky.py").write_text(BROKEN)
    arguments = ["--latency", "--profile", "smoke", "--denoisers", "unlucky,clip", "--plugin", "unlucky.py"]
    assert counter.run(*arguments) == 1
    printed = capsys.readouterr().out
    assert "1 of 2, latency of unlucky: failed" in printed
    assert "no such luck" in printed
    assert [row.denoiser for row in latencies(Store(Path("results/smoke")))] == ["clip"]


def test_wrong_names_are_refused_before_anything_is_timed(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run("--latency", "--denoisers", "medain") == 2
    assert "did you mean 'median'?" in capsys.readouterr().err


def test_models_lie_channels_last() -> None:
    model = place(torch.nn.Conv2d(4, 4, 3), torch.device("cpu"))
    assert next(model.parameters()).is_contiguous(memory_format=torch.channels_last)


def test_memory_is_kept_where_the_library_is_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    def libc(name: str) -> Any:
        return lambda: (name, "")

    class Library:
        def mallopt(self, option: int, value: int) -> int:
            told[option] = value
            return 1

    told: dict[int, int] = {}
    monkeypatch.setattr("ctypes.CDLL", lambda name: Library())
    monkeypatch.setattr("platform.libc_ver", libc(""))
    assert not keep_memory()
    assert told == {}
    monkeypatch.setattr("platform.libc_ver", libc("glibc"))
    assert keep_memory()
    assert told == {-3: 2**30, -1: 2**31 - 1}  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h


def test_digits_are_three() -> None:
    assert [three_digits(value) for value in (12345.6, 12.345, 0.012345)] == ["12,346", "12.3", "0.0123"]


@pytest.mark.parametrize("name", DENOISERS)
def test_every_denoiser_can_be_timed(name: str) -> None:
    if package := missing_package(name):
        pytest.skip(f"{name} needs the package {package}, which is not installed")
    model, noisy, variance = prepared(name, 8, torch.device("cpu"))
    assert noisy.shape == (8, 1, 28, 28)
    assert flops(model, noisy, variance) > 0 or not parameters(name, ())


def test_every_published_timing_comes_back_as_it_was() -> None:
    store = Store(Path(__file__).parents[1] / "results" / "full")
    for values in store.timings("latency").values():
        assert [Latency.from_json(row).as_json() for row in values["rows"]] == values["rows"]
        assert Conditions.from_json(values["conditions"]).as_json() == values["conditions"]
    for values in store.timings("speed").values():
        assert json.dumps(Speed.from_json(values).as_json(), sort_keys=True) == json.dumps(values, sort_keys=True)
    for values in store.timings("calibration").values():
        assert [asdict(Outcome(**row)) for row in values["rows"]] == values["rows"]

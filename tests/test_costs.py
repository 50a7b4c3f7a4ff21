"""Latency and speed as rows, tables, figures and sections of the report."""

import io
import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import bench.timing.latency
from architectures import DENOISERS
from bench.analysis.costs import latencies, seconds_for
from bench.calibration.outcomes import Outcome
from bench.core.conditions import Conditions, cores
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
from bench.timing.latency import ENGINE_SHAPES, Turn, engines, flops, prepared, turns
from bench.timing.targets import Speed, speed_frame
from tests.conftest import SMALL, Counter
from tests.made_up import NOW, timed


def keep(store: Store, *rows: dict[str, Any]) -> None:
    for number, row in enumerate(rows):
        values = {"rows": [timed(**row)], "conditions": NOW.as_json()}
        store.keep_timing("latency", f"{row.get('denoiser', 'median')}-1-float32-{number}", values)


def test_rows_come_back_the_fastest_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keep(store, {"denoiser": "clip", "seconds": 1.0}, {})
    assert [row.denoiser for row in latencies(store)] == ["median", "clip"]


def test_a_row_is_the_median_of_its_processes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keep(store, *({"seconds": seconds, "memory": 100 * seconds} for seconds in (1.0, 1.05, 0.98, 1.2, 1.02)))
    (row,) = latencies(store)
    assert (row.seconds, row.low, row.high, row.processes, row.memory) == (1.02, 0.98, 1.2, 5, 102)
    assert row.spread == pytest.approx(0.22 / 1.02)
    assert not row.steady
    assert row.per_megapixel == pytest.approx(1.02 * 1e6 / 784)


def test_rows_of_earlier_versions_are_of_digits_and_of_one_process(tmp_path: Path) -> None:
    old = {name: timed()[name] for name in ("denoiser", "parameters", "flops", "memory", "conditions", "batch")}
    old |= {"median": 2e-3, "low": 1e-3, "high": 3e-3, "drift": 0.05, "rounds": 9}
    Store(tmp_path).keep_timing("latency", "median", {"rows": [old], "conditions": NOW.as_json()})
    (row,) = latencies(Store(tmp_path))
    assert (row.seconds, row.spread, row.processes, row.height, row.width) == (2e-3, 0.05, 1, 28, 28)


def test_an_image_costs_the_price_of_the_size_nearest_to_it(tmp_path: Path) -> None:
    store, large = Store(tmp_path), {"height": 1000, "width": 1000}
    keep(store, {"seconds": 784e-6}, large | {"seconds": 3.0}, {"seconds": 1.0, "batch": 64, "denoiser": "clip"})
    rows = latencies(store)
    assert seconds_for(rows, 784) == pytest.approx({"median": 784e-6})
    assert seconds_for(rows, 12e6) == pytest.approx({"median": 36.0})


def test_processes_take_turns_in_random_order() -> None:
    names = ["median", "unet", "clip"]
    order = turns(names, "cuda", 5)
    assert {turn.engine for turn in order} == {"torch"}
    assert len({turn.name for turn in order}) == len(order) == 5 * 4  # unet in two precisions
    rounds = [order[start : start + 4] for start in range(0, len(order), 4)]
    assert all({turn.number for turn in of_round} == {number} for number, of_round in enumerate(rounds, start=1))
    assert len({tuple(turn.denoiser for turn in of_round) for of_round in rounds}) > 1
    assert order == turns(names, "cuda", 5)


def test_a_network_is_also_timed_by_what_else_runs_it_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.timing.latency, "engines", lambda _device: ["torch.compile", "onnxruntime"])
    order = {turn.name: turn for turn in turns(["unet", "clip"], "cpu", 1)}
    assert {f"unet-1-{how}-1" for how in ("float32", "torch.compile", "onnxruntime")} <= set(order)
    assert order["unet-1-torch.compile-1"].shapes == ENGINE_SHAPES
    assert not [name for name in order if name.startswith("clip") and "float32" not in name]


def test_what_runs_a_network_here_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name == "clang++" else None)
    monkeypatch.setattr("bench.timing.latency.missing_packages", lambda: [])
    assert engines("cpu") == ["torch.compile", "onnxruntime"]
    assert engines("cuda") == []
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr("bench.timing.latency.missing_packages", lambda: ["onnx"])
    assert engines("cpu") == []


def test_other_engines_have_columns_of_their_own_and_never_the_price(tmp_path: Path) -> None:
    store, megapixel = Store(tmp_path), {"height": 1024, "width": 1024, "seconds": 2.0}
    keep(
        store,
        megapixel,
        megapixel | {"seconds": 1.0, "engine": "onnxruntime"},
        megapixel | {"seconds": 1.5, "engine": "torch.compile"},
    )
    rows = latencies(store)
    assert seconds_for(rows, 1024**2) == pytest.approx({"median": 2.0})
    table = latency_table(rows)
    assert [table.rows[0][table.header.index(name)] for name in ("s/MP", "compiled", "ONNX")] == [
        "1.91",
        "1.43",
        "0.954",
    ]
    assert "compiled: the same by torch.compile; ONNX: the same by onnxruntime" in table.note


def test_a_table_has_prices_and_marks_what_is_unsteady(tmp_path: Path) -> None:
    store, megapixel = Store(tmp_path), {"height": 1024, "width": 1024, "seconds": 2.0, "memory": 300.0}
    keep(store, megapixel, megapixel | {"seconds": 2.4}, {"parameters": 1234, "flops": 2.5e6})
    table = latency_table(latencies(store))
    assert dict(zip(table.header, table.rows[0], strict=True)) == {
        **{"denoiser": "median", "s/MP": "2.10 ~", "28×28, ms": "64.0", "MiB": "300 ~", "parameters": "1,234"},
        "MFLOP": "2.50",
    }


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
    sizes = {"height": 256, "width": 256}
    keep(store, *({"denoiser": name} | size for name in ("clip", "noisy", "conv_autoencoder") for size in ({}, sizes)))
    store.keep_timing("speed", "any", Speed({"help": ((0.2, 0.0),)}, NOW).as_json())
    report = build(store, makers=chapters())
    text = report.text
    assert "# Cost" in report.pages["pages/cost.md"]
    assert "| `--help` | the command | – | 0.200 s | – | 0.20 s | – | 1 | ≤ 0.5 s | reached |" in text
    assert NOW.device in text
    assert "python run_all.py --latency --profile smoke\npython run_all.py --speed --profile smoke" in text
    figures = {drawing.name: drawing for drawing in report.drawings}
    for name in ("latency-size", "latency-quality"):
        assert min(Image.open(io.BytesIO(png(figures[name].draw(), ""))).size) > 300


def test_costs_alone_make_a_report(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not holds_any(store)
    keep(store, {}, {"height": 256, "width": 256})
    assert holds_any(store)
    report = build(store, makers=chapters())
    assert set(report.pages) == {"REPORT.md", "pages/cost.md"}
    assert [drawing.name for drawing in report.drawings] == ["latency-size"]


def test_timings_of_another_machine_are_none_of_this_one(tmp_path: Path) -> None:
    store, due = Store(tmp_path), MEASUREMENTS["latency"].due
    command = Command(denoisers=("median",))
    every = due(command, store)
    assert len(every) == 5 * len({1, cores()})
    assert len(due(replace(command, profile="smoke"), store)) == len({1, cores()})
    store.keep_timing("latency", every[0], {"rows": [], "conditions": NOW.as_json() | {"device": "another"}})
    assert due(command, store) == every
    one = next(name for name in every if name.startswith("median-1-"))
    store.keep_timing("latency", one, {"rows": [], "conditions": NOW.as_json()})
    assert due(command, store) == [name for name in every if name != one]
    assert due(Command(denoisers=("median",), refresh=True), store) == every


@pytest.mark.slow
def test_latency_is_measured_kept_and_not_measured_again(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.timing.latency, "cores", lambda: 1)
    monkeypatch.setattr("torch.cpu.get_capabilities", dict)
    monkeypatch.setattr(bench.timing.latency, "engines", lambda _device: [])  # which take a minute
    arguments = ["--latency", "--profile", "smoke", "--denoisers", "unet_conditioned"]
    assert counter.run(*arguments) == 0
    store = Store(Path("results/smoke"))
    rows = [row for row in latencies(store) if row.batch == 1]
    assert [(row.height, row.width) for row in rows][:3] == [(28, 28), (256, 256), (1024, 1024)]
    small, _, large, *_ = rows
    assert 0 < small.seconds < large.seconds
    assert small.flops > 1e7
    assert small.processes == 1
    assert 20 < large.memory < 2000  # several feature maps of a megapixel
    (path,) = (store.root / "latency").glob("unet_conditioned-*.json")
    before = path.read_bytes()
    assert counter.run(*arguments) == 0
    assert path.read_bytes() == before


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
    monkeypatch.setattr(bench.timing.latency, "cores", lambda: 1)
    Path("unlucky.py").write_text(BROKEN)
    arguments = ["--latency", "--profile", "smoke", "--denoisers", "unlucky,clip", "--plugin", "unlucky.py"]
    assert counter.run(*arguments) == 1
    printed = capsys.readouterr().out
    assert re.search(r"[12] of 2, latency of unlucky-1-float32-1: failed", printed)
    assert "no such luck" in printed
    assert {row.denoiser for row in latencies(Store(Path("results/smoke")))} == {"clip"}


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
    turn = Turn(name, 1, "float32", 1)
    assert prepared(turn, (1, 40, 700), torch.device("cpu"))[1].shape == (1, 1, 40, 700)
    model, noisy, variance = prepared(turn, (8, 28, 28), torch.device("cpu"))
    assert noisy.shape == (8, 1, 28, 28)
    assert flops(model, noisy, variance) > 0 or not parameters(name, ())


def test_every_published_timing_comes_back_as_it_was() -> None:
    store = Store(Path(__file__).parents[1] / "results" / "full")
    assert latencies(store)
    for values in store.timings("latency").values():
        assert Conditions.from_json(values["conditions"]).as_json() == values["conditions"]
    for values in store.timings("speed").values():
        assert json.dumps(Speed.from_json(values).as_json(), sort_keys=True) == json.dumps(values, sort_keys=True)
    for values in store.timings("calibration").values():
        assert [asdict(Outcome(**row)) for row in values["rows"]] == values["rows"]

"""A kind of measurement is one object: a made-up one is offered, announced, measured, shown, kept and reported."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.cli.options import parse
from bench.measurements import MEASUREMENTS, Measurement
from bench.report.chapter import Chapter
from bench.report.tables.table import Table
from bench.running.command import Command
from bench.store.store import Store
from tests.conftest import Counter

ENERGY = ["--energy", "--denoisers", "clip,median", "--profile", "smoke"]


def table(store: Store) -> Table:
    rows = tuple((name, str(values["joules"])) for name, values in store.timings("energy").items())
    return Table("Energy", ("denoiser", "J"), rows)


class Energy(Measurement):
    flag = "--energy"
    about = "weigh every denoiser's joules"
    place = 9
    intention = "weigh {}"

    def due(self, command: Command, store: Store) -> list[str]:
        return [name for name in command.denoisers if command.refresh or name not in store.timings("energy")]

    def measure(self, name: str, command: Command, store: Store) -> dict[str, Any]:
        if name == "noisy":
            raise RuntimeError("no meter")
        return {"joules": len(name)}

    def tables(self, store: Store, sections: Sequence[Any], every: bool) -> list[Table | str]:
        return ["what a meter says", table(store)]

    def chapter(self, store: Store, folder: str, scored: Sequence[Any]) -> Chapter:
        return Chapter("Energy", table(store).markdown(), action="--energy")

    def failures(self, store: Store) -> list[str]:
        return ["the meter is warm"] if len(store.timings("energy")) > 2 else []


class MeteredEnergy(Energy):
    metavar = "METER"


@pytest.fixture(autouse=True)
def _energy(monkeypatch: pytest.MonkeyPatch) -> None:
    _ = len(MEASUREMENTS)  # which fills it
    monkeypatch.setitem(MEASUREMENTS._entries, "energy", Energy())


def test_it_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    assert re.search(r"^  --energy +weigh every denoiser's joules$", capsys.readouterr().out, re.MULTILINE)
    assert parse(ENERGY).asked == {"energy": ""}
    with pytest.raises(SystemExit):
        parse([])
    assert "--bank, --proof, --equivariance, --energy, --denoise" in capsys.readouterr().err


def test_a_dry_run_announces_it(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run(*ENERGY, "--dry-run") == 0
    assert capsys.readouterr().out == (
        "weigh clip\nweigh median\n0 experiments to measure, 2 other figures; nothing was done\n"
    )
    assert not Path("results").exists()


def test_it_is_measured_once_shown_and_reported(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run(*ENERGY) == 0
    shown = capsys.readouterr().out
    assert "1 of 2, energy of clip: done\n2 of 2, energy of median: done\nwhat a meter says\n" in shown
    assert "median   6" in shown
    assert json.loads(Path("results/smoke/energy/median.json").read_text()) == {"joules": 6}
    page = Path("results/smoke/pages/trust.md").read_text()
    assert "## Energy" in page
    assert "| median | 6 |" in page
    text = Path("results/smoke/REPORT.md").read_text()
    assert "python run_all.py --energy --profile smoke" in text
    assert counter.run(*ENERGY) == 0
    assert "energy of" not in capsys.readouterr().out
    assert counter.run("--report") == 0


def test_what_fails_is_told_and_takes_nothing_else_down(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run("--energy", "--denoisers", "clip,noisy,median", "--profile", "smoke") == 1
    assert "failed energy of noisy: no meter" in capsys.readouterr().out
    assert counter.run("--energy", "--denoisers", "unet", "--profile", "smoke") == 1
    assert "failed the meter is warm" in capsys.readouterr().out


def test_an_option_may_take_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MEASUREMENTS._entries, "energy", MeteredEnergy())
    assert parse(["--energy", "mine"]).asked == {"energy": "mine"}
    assert parse(["--energy", "mine", "--grid"]).asked == {"grid": "", "energy": "mine"}

import json
import re
from pathlib import Path

import pytest

import run_all
from bench.lookup.images import images_of
from bench.store.files import MANIFEST, sha256
from tests.conftest import SMALL, Counter, folder_of_images, report_text

RESULTS = Path("results/smoke")


@pytest.fixture
def measured(counter: Counter, capsys: pytest.CaptureFixture[str]) -> Counter:
    assert counter.run("--grid", *SMALL) == 0
    capsys.readouterr()
    return counter


def test_an_untouched_store_verifies_and_its_cells_come_back_bit_for_bit(
    measured: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measured.run("--verify", "5", "--profile", "smoke") == 0
    assert measured.trained == []
    shown = capsys.readouterr().out
    assert re.search(r"13 files of results/smoke checked, 0 damaged\n5 cells came back, 5 of them bit for bit", shown)
    assert measured.run("--verify", "500", "--profile", "smoke") == 0
    assert "12 cells came back, 12 of them bit for bit; there are no more" in capsys.readouterr().out


def forged(path: Path, old: bytes, new: bytes) -> None:
    """Changes a file and its line in the manifest, as somebody could who wants to."""
    before = path.read_bytes()
    assert old in before
    path.write_bytes(before.replace(old, new))
    manifest = path.parent / MANIFEST
    manifest.write_text(manifest.read_text().replace(sha256(before), sha256(path.read_bytes())))


def test_other_conditions_have_a_tolerance_and_a_forged_score_is_beyond_it(
    measured: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in RESULTS.rglob("provenance.json"):
        torch = json.loads(path.read_text())["torch"]
        forged(path, f'"torch": "{torch}"'.encode(), b'"torch": "1.0"')
    assert measured.run("--verify", "50", "--profile", "smoke") == 0
    assert "12 cells came back, 0 of them bit for bit, 12 within 0.0001 of it" in capsys.readouterr().out
    (scores,) = RESULTS.glob("clip-*/scores-*.csv")
    row = next(line for line in scores.read_text().splitlines() if line.startswith("0.01,psnr"))
    _, _, mean, *_, blocks = row.split(",")
    shifted = " ".join(f"{float(value) + 0.1:.6g}" for value in blocks.split())
    wrong = row.replace(mean, repr(float(mean) + 0.1)).replace(blocks, shifted)
    forged(scores, row.encode(), wrong.encode())
    assert measured.run("--verify", "50", "--profile", "smoke") == 1
    shown = capsys.readouterr().out
    assert re.search(r"psnr of clip-\w+ at test variance 0.01 is 22\.\d+ under other conditions, and 22\.\d+ is", shown)
    assert "11 cells came back" in shown


def test_damage_is_told_set_aside_and_fails(measured: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = RESULTS.glob("clip-*/scores-*.csv")
    path.write_bytes(path.read_bytes()[:300])
    assert measured.run("--verify", "--profile", "smoke") == 1
    shown = capsys.readouterr()
    assert "13 files of results/smoke checked, 1 damaged" in shown.out
    assert re.search(
        r"run_all.py: results/smoke/clip-.* is damaged .*set aside as results/smoke/damaged/clip", shown.err
    )
    assert measured.run("--report", "--profile", "smoke") == 0
    assert "not measured" in report_text(RESULTS)
    assert measured.run("--grid", *SMALL) == 0
    assert sorted(set(measured.scored)) == [("clip", v, m) for v in (0.01, 0.1) for m in ("mse", "psnr", "ssim")]
    assert measured.run("--verify", "--profile", "smoke") == 0


def test_there_must_be_something_to_verify(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all.main(["--verify", "3", "--profile", "smoke"]) == 2
    assert "nothing was measured in results/smoke; measure with: " in capsys.readouterr().err
    assert not Path("results").exists()


def test_verify_needs_a_number(measured: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        measured.run("--verify", "some")
    assert "needs a whole number of at least 1, got 'some'" in capsys.readouterr().err


def test_cells_whose_plugin_or_images_are_not_here_are_left_out(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    folder_of_images(Path())
    options = ["--grid", "--profile", "smoke", "--metrics", "psnr", "--test", "0.01", "--denoisers", "clip"]
    assert counter.run(*options) == 0
    assert counter.run(*options, "--dataset", "folder:test") == 0
    Path("test").rename("elsewhere")
    images_of.cache_clear()
    capsys.readouterr()
    assert counter.run("--verify", "9", "--profile", "smoke") == 0
    assert "1 cells came back, 1 of them bit for bit; there are no more" in capsys.readouterr().out

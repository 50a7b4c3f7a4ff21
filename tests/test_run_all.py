"""The command as users meet it: resuming, adding, wrong input, Ctrl-C."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

import bench.datasets.mnist
import run_all
from bench.lookup.images import images_of
from bench.noises import NOISES
from bench.report import report
from bench.store.files import write
from bench.store.store import Store
from tests.conftest import SMALL, Counter, report_text

ROOT = Path(__file__).parent.parent
RESULTS = Path("results/smoke")

DIVERGING = """
import torch
from torch import nn
from architectures import denoiser

@denoiser
class Diverging(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, noisy, variance):
        return noisy * self.weight / (0 * self.weight if self.training else 1)
"""


SECONDS = ("provenance.json", "manifest.sha256", ".reported")


def content() -> dict[str, bytes]:
    """Every file but those that hold seconds, or digests or times of others."""
    files = (path for path in Path("results").rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files if path.name not in SECONDS}


def test_a_second_run_measures_nothing_and_changes_nothing(counter: Counter) -> None:
    assert counter.run("--grid", *SMALL) == 0
    assert counter.trained == ["conv_autoencoder"]
    before = content()
    assert counter.run("--grid", *SMALL) == 0
    assert (counter.trained, counter.scored) == ([], [])
    assert content() == before


def test_a_report_is_made_again_where_anything_changed_or_it_is_asked_for(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Any] = []
    build = report.build

    def counted(*rest: Any) -> Any:
        built.append(rest)
        return build(*rest)

    monkeypatch.setattr(report, "build", counted)
    command = ["--grid", *SMALL, "--denoisers", "clip"]
    assert counter.run(*command) == 0
    assert counter.run(*command) == 0
    assert len(built) == 1
    text = (RESULTS / "REPORT.md").read_bytes()
    next((RESULTS / "figures").iterdir()).unlink()
    (RESULTS / "REPORT.md").write_text("by hand")
    assert counter.run(*command) == 0
    assert (len(built), (RESULTS / "REPORT.md").read_bytes()) == (2, text)
    assert counter.run(*command, "--metrics", "psnr") == 0  # which another command asked, as the report tells
    assert counter.run(*command, "--metrics", "psnr", "--report") == 0
    assert len(built) == 4


def test_the_tables_of_a_command_are_those_of_its_own_store(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.run("--grid", *SMALL, "--denoisers", "noisy") == 0
    capsys.readouterr()
    assert counter.run("--grid", *SMALL[2:], "--denoisers", "clip", "--dataset", "shapes", "--report") == 0
    shown = capsys.readouterr().out
    assert "results/quick/REPORT.md" in shown
    assert "results/smoke/REPORT.md" in shown
    assert shown.count("Across variance: shapes, gaussian noise") == 1
    assert "not measured" not in shown


def test_the_explorer_is_there_while_experiments_go_on(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []

    def written(path: Path, text: str) -> None:
        if path.name == "index.html":
            rows.append(text)
        write(path, text)

    monkeypatch.setattr("bench.cli.actions.OFTEN", 0)
    monkeypatch.setattr("bench.cli.actions.SHARE", 0)
    monkeypatch.setattr("bench.cli.actions.write", written)
    assert counter.run("--grid", *SMALL[:2], "--denoisers", "clip,median", "--test", "0.01") == 0
    assert f"explorer {RESULTS / 'index.html'}, which grows" in capsys.readouterr().out
    assert len(rows) == 4 + 1  # after each experiment, and at the end
    assert len(set(rows[:4])) == 4


def test_half_files_that_a_killed_report_left_are_taken_away(counter: Counter) -> None:
    assert counter.run("--grid", *SMALL) == 0
    before = sorted(RESULTS.rglob("*"))
    for folder in (RESULTS, RESULTS / "figures", RESULTS / "pages"):
        (folder / ".report.md.1234").write_text("half")
    (RESULTS / ".lock-holder").write_text("process 1 on some machine")
    assert counter.run("--report", "--profile", "smoke") == 0
    assert sorted(RESULTS.rglob("*")) == before


def test_a_deleted_experiment_comes_back_alone_with_the_same_bytes(counter: Counter) -> None:
    counter.run("--grid", *SMALL, "--train", "0.01", "0.001..0.1")
    before = content()
    victim = next(path for path in RESULTS.glob("conv_autoencoder-*"))
    shutil.rmtree(victim)
    assert counter.run("--grid", *SMALL, "--train", "0.01", "0.001..0.1") == 0
    assert counter.trained == ["conv_autoencoder"]
    assert content() == before


def test_what_is_added_is_all_that_is_computed(counter: Counter) -> None:
    counter.run("--grid", *SMALL, "--metrics", "psnr")
    assert counter.run("--grid", *SMALL, "--metrics", "psnr", "--test", "0.01", "0.1", "0.2") == 0
    assert counter.trained == []
    assert sorted(counter.scored) == [("clip", 0.2, "psnr"), ("conv_autoencoder", 0.2, "psnr")]
    counter.run("--grid", *SMALL, "--metrics", "psnr,mse")
    assert counter.trained == []
    names = ("clip", "conv_autoencoder")
    assert sorted(counter.scored) == [(name, variance, "mse") for name in names for variance in (0.01, 0.1)]
    counter.run("--grid", *SMALL, "--metrics", "psnr", "--denoisers", "clip,median,conv_autoencoder")
    assert counter.trained == []
    both = 2 * [("median", 0.01, "psnr")] + 2 * [("median", 0.1, "psnr")]  # with its default, and tuned
    assert (sorted(counter.scored), counter.tuned) == (both, ["median"])
    counter.run("--grid", *SMALL, "--metrics", "mse", "--denoisers", "median")
    assert (len(counter.scored), counter.tuned) == (4, [])
    text = report_text(RESULTS)
    assert "| denoiser | trained on | 0.01 | 0.1 | 0.2 |" in text
    assert "| median |" in text


@pytest.mark.slow
def test_an_ablation_under_every_noise_trains_once_and_scores_all(counter: Counter) -> None:
    command = ("--ablate", "noise_law", "--profile", "smoke", "--metrics", "psnr")
    assert counter.run(*command) == 0
    assert len(counter.trained) == len(NOISES)
    assert len(counter.scored) == len(NOISES) ** 2
    lines = [line for line in report_text(RESULTS).splitlines() if line.startswith("| conv_autoencoder")]
    assert [line.count("±") for line in lines if "(laplace)" in line] == [len(NOISES)]
    assert counter.run(*command) == 0
    assert (counter.trained, counter.scored) == ([], [])


def test_scores_without_weights_are_enough_until_a_cell_is_missing(counter: Counter) -> None:
    counter.run("--grid", *SMALL)
    for path in RESULTS.rglob("weights.safetensors"):
        path.unlink()
    assert counter.run("--grid", *SMALL) == 0
    assert (counter.trained, counter.scored) == ([], [])
    # Weights trained anew may differ from those that gave the old scores, so all cells are scored again.
    assert counter.run("--grid", *SMALL, "--test", "0.2", "--metrics", "psnr") == 0
    assert counter.trained == ["conv_autoencoder"]
    network = [(variance, metric) for name, variance, metric in counter.scored if name == "conv_autoencoder"]
    old = [(variance, metric) for variance in (0.01, 0.1) for metric in ("mse", "psnr", "ssim")]
    assert sorted(network) == sorted([*old, (0.2, "psnr")])
    assert [cell for name, *cell in counter.scored if name == "clip"] == [[0.2, "psnr"]]


def test_other_code_makes_results_stale_and_refresh_measures_them_again(counter: Counter) -> None:
    counter.run("--grid", *SMALL)
    before = content()
    for path in RESULTS.rglob("provenance.json"):
        values = json.loads(path.read_text())
        values["sources"]["bench.training.train"] = "of long ago"
        path.write_text(json.dumps(values))
        (path.parent / "manifest.sha256").unlink()
    counter.run("--grid", *SMALL)
    assert counter.trained == []
    counter.run("--grid", *SMALL, "--refresh")
    assert counter.trained == ["conv_autoencoder"]
    assert content() == before


def test_a_dry_run_writes_nothing(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    assert counter.run("--grid", *SMALL, "--dry-run") == 0
    assert not Path("results").exists()
    shown = capsys.readouterr().out
    assert "2 experiments to measure; nothing was done" in shown
    assert "how long it takes is not known, since nothing like it was measured in results/smoke" in shown


def test_a_dry_run_says_how_long_it_takes_by_what_was_measured(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.run("--grid", *SMALL) == 0
    capsys.readouterr()
    assert counter.run("--grid", *SMALL, "--seeds", "3", "--dry-run", "--jobs", "2") == 0
    shown = capsys.readouterr().out
    assert re.search(r"it takes about \d+ seconds of 2 workers\n2 experiments to measure", shown)


def test_trainings_of_several_recipes_are_told_apart_by_them(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.run("--ablate", "optimizer", "--dry-run") == 0
    lines = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines() if line.startswith("train")]
    assert len(lines) > 2
    assert len(set(lines)) == len(lines)


def test_the_list_names_everything(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all.main(["--list"]) == 0
    shown = capsys.readouterr().out
    for name in ("conv_autoencoder", "mnist", "gaussian", "ssim", "training_noise", "quick", "tutorial"):
        assert name in shown


def test_a_divergence_is_told_and_never_averaged_in(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    Path("diverging.py").write_text(DIVERGING)
    command = ["--grid", *SMALL, "--denoisers", "clip,noisy,diverging", "--plugin", "diverging.py"]
    assert counter.run(*command) == 1
    shown = capsys.readouterr().out
    assert "diverged in epoch 1" in shown
    assert "nan" not in shown
    text = report_text(RESULTS)
    assert "| diverging | 0.01 | diverged in epoch 1 |" in text
    assert "| clip | – | **" in text
    assert "nan" not in text
    assert counter.run(*command) == 1
    assert counter.trained == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--grid", "--denoisers", "medain"], "no denoiser named 'medain'; did you mean 'median'?"),
        (["--grid", "--dataset", "minst"], "no dataset named 'minst'; did you mean 'mnist'?"),
        (["--grid", "--metrics", "pnsr"], "no metric named 'pnsr'; did you mean 'psnr'?"),
        (["--grid", "--noise", "gausian"], "no noise named 'gausian'; did you mean 'gaussian'?"),
        (["--ablate", "training_nose"], "no ablation named 'training_nose'; did you mean 'training_noise'?"),
        (["--grid", "--profile", "quik"], "no profile named 'quik'; did you mean 'quick'?"),
        (["--grid", "--recipe", "tutrial"], "no recipe named 'tutrial'; did you mean 'tutorial'?"),
        (["--grid", "--law", "log_uniform"], "no law named 'log_uniform'; did you mean 'log-uniform'?"),
        (["--grid", "--train", "-0.01"], "finite and not negative, got -0.01"),
        (["--grid", "--train", "nan"], "finite and not negative, got nan"),
        (["--grid", "--test", "inf"], "finite and not negative, got inf"),
        (["--grid", "--test", "ten"], "got 'ten'"),
        (["--grid", "--test", "0.1..0.2"], "a test variance is one number, got the range 0.1..0.2"),
        (["--grid", "--train", "0.1..0.01"], "the range 0.1..0.01 is reversed"),
        (["--grid", "--train", ".."], "got '..'"),
        (["--grid", "--denoisers", ","], "--denoisers"),
        (["--grid", "--seeds", "0"], "needs a whole number of at least 1, got '0'"),
        (["--grid", "--jobs", "0"], "needs a whole number of at least 1, got '0'"),
        (["--grid", "--jobs", "two"], "got 'two'"),
        (["--grid", "--plugin", "absent.py"], "absent.py"),
        (["--ablate", "training_noise", "--denoisers", "median"], "'median' is not"),
        (
            ["--ablate", "training_noise", "--train", "0.1", "0.2"],
            "one training range, got --train 0.1 0.2",
        ),
        (
            [
                "--grid",
                "--profile",
                "smoke",
                "--denoisers",
                "clip",
                "--noise",
                "salt_and_pepper",
                "--test",
                "0.1",
                "0.9",
            ],
            "'shapes' cannot have salt_and_pepper noise of variance 0.9: ",
        ),
        (
            ["--grid", "--profile", "smoke", "--denoisers", "unet", "--noise", "salt_and_pepper", "--train", "0.9"],
            "'shapes' cannot have salt_and_pepper noise of variance 0.9: ",
        ),
        (
            ["--ablate", "bias_free", "--denoisers", "dncnn_small"],
            "'bias_free' needs a denoiser with a bias-free twin, and there is no 'dncnn_small_bias_free'",
        ),
        (["--ablate", "all", "--denoisers", "unet"], "name one ablation to choose --denoisers"),
        (["--ablate", "target", "--recipe", "photographs"], "trains as the tutorial does, on whole images; leave out"),
        (["--grid", "--dataset", "folder:absent"], "there is no folder absent: name one that holds images"),
        (["--grid", "--cluster", "tcp://127.0.0.1:1", "--jobs", "2"], "leave one of them out"),
        (["--report"], "nothing was measured in results"),
        (["--grid", "--denoisers", "Un-Et"], "did you mean 'unet'?"),
        ([], "nothing to do; say one of --grid"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_written(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    try:
        status: object = run_all.main(arguments)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert message in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_thread_that_ctrl_c_does_not_reach_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(run_all.main, ["--grid", *SMALL]).result() == 2
    assert "a command runs in the main thread of a program" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_program_from_standard_input_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "<stdin>", raising=False)
    assert run_all.main(["--grid", *SMALL]) == 2
    assert "workers start the main program anew, and <stdin> is no file" in capsys.readouterr().err
    assert list(here.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_device_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all.main(["--grid", *SMALL, "--device", "cuda"]) == 2
    assert "finds no CUDA device; use --device cpu" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_results_folder_below_a_file_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").write_text("")
    assert run_all.main(["--grid", *SMALL, "--results", "taken"]) == 2
    assert "taken, which is no folder" in capsys.readouterr().err


def test_a_damaged_mnist_is_named_with_both_checksums(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    np.savez("mnist.npz", train=np.zeros((2, 28, 28), np.uint8), test=np.zeros((2, 28, 28), np.uint8))
    images_of.cache_clear()
    monkeypatch.setattr(bench.datasets.mnist, "FILE", here / "mnist.npz")
    assert run_all.main(["--grid", "--denoisers", "clip"]) == 2
    message = capsys.readouterr().err
    images_of.cache_clear()
    assert "mnist.npz is damaged" in message
    assert bench.datasets.mnist.SHA256["train"] in message
    assert not Path("results").exists()
    Path("mnist.npz").write_bytes(b"not a zip file")
    assert run_all.main(["--grid", "--denoisers", "clip"]) == 2
    assert "mnist.npz is damaged" in capsys.readouterr().err


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys, run_all\ntry: run_all.main(['--help'])\nfinally: sys.exit('torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    assert "--grid" in ended.stdout


@pytest.mark.slow
def test_the_real_command_end_to_end(here: Path) -> None:
    """Worker processes, tables and figures, from the shell; `tests/test_wheel.py` does it with every denoiser."""
    names = ("clip", "median", "memorizer", "conv_autoencoder", "unet_conditioned")
    command = [sys.executable, str(ROOT / "run_all.py"), "--grid", "--profile", "smoke", "--denoisers", ",".join(names)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert "PSNR (dB)" in ended.stdout
    assert "epoch 4: training loss" in ended.stdout
    figures = {path.stem for path in (RESULTS / "figures").glob("*.png")}
    assert {"grid-shapes-map", "grid-shapes-psnr", "grid-shapes-restored-0.01"} <= figures
    (section,) = Store(RESULTS).sections()
    assert {e.denoiser for e in section.experiments} == set(names)
    assert len(list(RESULTS.glob("*/experiment.json"))) == len(section.experiments)


def living(group: int) -> list[str]:
    """Processes of a group that run, as Linux tells; those that wait to be reaped do not."""
    running = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == group and state != "Z":
                running.append(path.parent.name)
    return running


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_ctrl_c_ends_soon_kills_the_workers_and_says_how_to_go_on(here: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run_all.py"), "--grid", "--denoisers", "clip,unet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # As from a terminal, even where the tests themselves run in the background and ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 60
        while not list(here.glob("results/quick/section-*.json")) and time.monotonic() < deadline:
            time.sleep(0.1)
        while len(living(process.pid)) < 4 and time.monotonic() < deadline:
            time.sleep(0.1)  # until there are the command, two workers, and what tracks their resources
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)  # where a training of the study takes longer
        while living(process.pid) and time.monotonic() < deadline + 60:
            time.sleep(0.05)
        assert living(process.pid) == []
        assert process.returncode == 130
        assert "the same command goes on from there" in errors
        assert "Traceback" not in errors
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

"""The public face for notebooks, used as a notebook would."""

import doctest
import linecache
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from torch import nn

import bench
import bench.api
from architectures import DENOISERS
from bench.core.program import environment
from bench.core.variance import Range
from bench.lookup.denoisers import parameters
from bench.running.provenance import source_digest
from tests.conftest import Counter

NET = """
@bench.denoiser
class MyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 1, {size}, padding="same")

    def forward(self, noisy, variance):
        return noisy + self.layer(noisy)
"""
CELLS = count()
FACE: Any = bench  # whose types are wrong on purpose in the calls below


def run_cell(source: str) -> dict[str, Any]:
    """Runs a cell of a notebook, as IPython does: its text can be looked up by the name of its file."""
    name = f"<cell {next(CELLS)}>"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    scope = {"__name__": "__main__", "bench": bench, "nn": nn}
    exec(compile(source, name, "exec"), scope)
    return scope


@pytest.fixture
def study(counter: Counter) -> bench.Study:
    net = run_cell(NET.format(size=3))["MyNet"]
    return bench.run(["median", net], train=["0.01", "0.001..0.1"], test=[0.01, 0.1], profile="smoke", quiet=True)


def test_import_takes_no_time_and_no_torch() -> None:
    code = "import sys, time; t = time.time(); import bench; print(time.time() - t, 'torch' in sys.modules)"
    seconds, torch_there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert float(seconds) < 0.3
    assert torch_there == "False"


def test_every_name_is_there() -> None:
    assert dir(bench) == bench.__all__
    assert all(getattr(bench, name) is not None for name in bench.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        _ = bench.lode


@pytest.mark.usefixtures("counter")
def test_examples_of_docstrings_run() -> None:
    scope = {"bench": bench, "np": np}
    examples = [test for test in doctest.DocTestFinder().find(bench.api, globs=scope) if test.examples]
    assert len(examples) == 5
    for example in examples:
        assert doctest.DocTestRunner().run(example).failed == 0


def test_a_run_gives_tables(study: bench.Study, counter: Counter) -> None:
    assert sorted(counter.trained) == ["my_net", "my_net"]
    transfer = study.transfer("my_net", "psnr")
    assert transfer.index.tolist() == ["0.01", "0.001..0.1"]
    assert [float(variance) for variance in transfer.columns] == [0.01, 0.1]
    assert study.transfer("median").index.tolist() == ["–", "0.01", "0.001..0.1"]
    transfer.style.background_gradient().to_html()
    scores = study.scores()
    cells = scores[(scores.denoiser == "my_net") & (scores.metric == "psnr")]
    assert sorted(cells["mean"]) == sorted(transfer.to_numpy().ravel())
    assert set(cells.images) == {128}
    regret = study.regret()
    assert {"mean", "half_width", "specialist", "exact", "inside"} <= set(regret)
    lost = regret[(regret.denoiser == "my_net") & (regret.trained_on == "0.001..0.1") & (regret.variance == 0.01)]
    assert lost["mean"].item() == pytest.approx(
        transfer[0.01]["0.01"] - transfer[0.01]["0.001..0.1"],
        abs=5e-5,  # blocks are kept with six digits
    )
    assert lost.exact.item()
    assert lost.inside.item()


def test_the_same_run_measures_nothing_and_is_loaded_again(study: bench.Study, counter: Counter) -> None:
    counter.trained.clear()
    again = bench.run(
        ["median", "my_net"], train=[0.01, Range(0.001, 0.1)], test=(0.01, 0.1), profile="smoke", quiet=True
    )
    assert not counter.trained
    for loaded in (again, bench.load("smoke"), bench.load(study.path)):
        pd.testing.assert_frame_equal(loaded.scores(), study.scores())
    assert repr(again) == f"<Study {Path('results/smoke')}: grid on shapes>"


def test_a_cell_is_run_again_and_the_newest_class_counts(study: bench.Study, counter: Counter) -> None:
    before, digest = parameters("my_net", ()), source_digest("denoiser:my_net")
    run_cell(NET.format(size=3))
    assert source_digest("denoiser:my_net") == digest
    counter.trained.clear()
    run_cell(NET.format(size=5))
    with pytest.warns(UserWarning, match=r"2 experiments .* other code; refresh=True measures them again"):
        bench.run("my_net", train=["0.01", "0.001..0.1"], test=[0.01, 0.1], profile="smoke", quiet=True)
    assert not counter.trained
    bench.run("my_net", train=["0.01", "0.001..0.1"], test=[0.01, 0.1], profile="smoke", quiet=True, refresh=True)
    assert counter.trained == ["my_net", "my_net"]
    assert (before, parameters("my_net", ())) == (10, 26)


def test_names_are_chosen_and_taken_and_forgotten() -> None:
    run_cell(NET.format(size=3).replace("@bench.denoiser", '@bench.denoiser(name="other")'))
    assert "other" in DENOISERS
    DENOISERS.forget("other")
    assert "other" not in DENOISERS
    with pytest.raises(
        ValueError, match=r"the denoiser name 'unet' of __main__ is taken by architectures.unet: rename"
    ):
        run_cell(NET.format(size=3).replace("@bench.denoiser", '@bench.denoiser(name="unet")'))


def test_a_class_nobody_registered_is_registered(counter: Counter) -> None:
    plain = run_cell(NET.format(size=3).replace("@bench.denoiser", ""))["MyNet"]
    bench.run(plain, train=0.01, test=0.01, profile="smoke", quiet=True)
    assert counter.trained == ["my_net"]


def test_what_fails_is_said_and_the_rest_is_kept(counter: Counter) -> None:
    late = "(noisy if len(noisy) < 9 else noisy[:, :, 1:])"  # which a tiny batch does not show
    net = run_cell(NET.format(size=3).replace("noisy + self.layer(noisy)", f"{late} + self.layer(noisy)"))["MyNet"]
    with pytest.raises(
        RuntimeError, match=r"1 failed; what was finished is kept: bench.load\(.*\)\nmy_net trained on 0.01"
    ):
        bench.run(["clip", net], train=0.01, test=0.01, profile="smoke", quiet=True)
    assert set(bench.load("smoke").scores().denoiser) == {"clip"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FACE.run("unnet"), "no denoiser named 'unnet'; did you mean 'unet'"),
        (lambda: FACE.run(nn.Conv2d(1, 1, 3)), "is not iterable"),
        (lambda: FACE.run([3]), "a denoiser is a name or a class of nn.Module, got 3"),
        (lambda: FACE.run("unet", profile="smok"), "no profile named 'smok'; did you mean 'smoke'"),
        (lambda: FACE.run("unet", seed=3), "no option named 'seed'; did you mean 'seeds'"),
        (lambda: FACE.run("unet", seeds=0), "seeds must be a whole number of at least 1, got 0"),
        (lambda: FACE.run("unet", train=-1), "a variance is finite and not negative, got -1"),
        (lambda: FACE.run("unet", test="0.1..0.2"), "a test variance is one number, got the range 0.1..0.2"),
        (lambda: bench.ablate("widht"), "no ablation named 'widht'; did you mean 'width'"),
        (lambda: bench.load("ful"), "no study 'ful'; did you mean 'full'"),
        (lambda: bench.load("smoke"), r"no study 'smoke'; .*bench.run\(profile='smoke'\)"),
        (lambda: bench.load("full").transfer("unett"), "no denoiser named 'unett'; did you mean 'unet'"),
        (lambda: bench.load("full").transfer("unet", "psn"), "no metric named 'psn'; did you mean 'psnr'"),
        (lambda: FACE.evaluate("unet"), "a model is an nn.Module or a function, got 'unet'"),
        (lambda: FACE.evaluate(lambda y: y, "mnst"), "no dataset named 'mnst'; did you mean 'mnist'"),
        (lambda: FACE.evaluate(lambda y: y[:, :, 1:], "shapes"), r"have shape \(128, 1, 15, 16\), and need"),
        (lambda: bench.denoise(np.zeros((5, 5)), "clip", "full"), r"at least 16 to each side, got shape \(5, 5\)"),
        (lambda: bench.denoise(np.full((20, 20), 99.0), "clip", "full"), "uint8, or floats with clean values"),
        (lambda: bench.denoise("none.png", "clip", "full"), "there is no file none.png"),
        (lambda: bench.denoise(np.zeros((20, 20)), "clip", "full", variance=-1.0), "not negative, got -1.0"),
        (lambda: bench.denoise("none.png", "clipp", "full"), "no denoiser named 'clipp'"),
    ],
)
@pytest.mark.usefixtures("counter")
def test_wrong_input_is_named(call: Any, message: str) -> None:
    with pytest.raises((KeyError, ValueError, TypeError), match=message):
        call()
    assert not Path("results").exists()


def test_no_digit_of_a_range_is_lost() -> None:
    exact = Range(0.1 / 3, 0.2 / 3, "log-uniform")
    assert [Range.parse(text) for text in bench.api._written([exact, 1 / 3, "0.01"])] == [
        exact,
        Range(1 / 3, 1 / 3),
        Range(0.01, 0.01),
    ]


def test_evaluate_agrees_with_a_study(study: bench.Study) -> None:
    """A function of the noisy image, and a module that takes the variance too, give the numbers of a study."""
    median = DENOISERS["median"](size=3).train()
    alone = bench.evaluate(lambda noisy: median(noisy, None).numpy(), "shapes", [0.01, 0.1])
    module = bench.evaluate(median, "shapes", [0.01, 0.1])
    assert median.training
    pd.testing.assert_frame_equal(alone, module)
    scores = study.scores()
    stored = scores[(scores.denoiser == "median") & scores.trained_on.isna()]
    both = alone.merge(stored, on=["variance", "metric"], suffixes=("", "_stored"))
    assert len(both) == 6
    assert both["mean"].tolist() == both["mean_stored"].tolist()
    assert both["spread"].tolist() == both["spread_stored"].tolist()


@pytest.mark.parametrize("shape", [(33, 40), (33, 40, 3)])
def test_what_comes_in_comes_out(study: bench.Study, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels).save("in.png")
    from_file = bench.denoise("in.png", "my_net", study, variance=0.01)
    from_bytes = bench.denoise(pixels, "my_net", study, variance=0.01)
    from_floats = bench.denoise(pixels / 255, "my_net", study, variance=0.01)
    assert from_file.image.dtype == from_bytes.image.dtype == np.uint8
    assert from_floats.image.dtype == np.float32
    np.testing.assert_array_equal(from_file.image, from_bytes.image)
    np.testing.assert_array_equal((from_floats.image * 255).round(), from_bytes.image)
    assert from_file.image.shape == shape
    assert from_file.experiment.variance == Range(0.01, 0.01)
    assert from_file.notes[-1] == "my_net trained on shapes at noise variance 0.01"


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import bench\nbench.run('clip', train=0.01, test=0.01, profile='smoke')\n")
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert 'must call this below: if __name__ == "__main__":' in done.stderr

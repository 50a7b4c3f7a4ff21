from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import bench.running.execute
import run_all
from architectures import DENOISERS, Memorizing
from bench.core.experiment import Experiment
from bench.core.rng import stream
from bench.lookup.denoisers import build, missing_package
from bench.scoring import score
from bench.training import train
from bench.training import tune as tune_filter

SMALL = ["--profile", "smoke", "--denoisers", "clip,conv_autoencoder", "--train", "0.01", "--test", "0.01", "0.1"]


Snapshot = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write tests/snapshots anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test first, so that no process is left alone with it."""
    items.sort(key=lambda item: "test_wheel" not in item.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests say they did, such as how many commands were killed, whichever process ran them."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    ended = [report for report in reports if getattr(report, "when", "") == "teardown"]
    said = [pair for report in ended for pair in report.user_properties]
    for text in (text for name, text in said if name == "done"):
        terminalreporter.write_line(f"  {text}")
    if fuzzed := sum(count for name, count in said if name == "fuzzed"):
        terminalreporter.write_line(f"  {fuzzed} inputs fuzzed: a value, or an error of our own")


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    """Compares a text with the committed one of a name, byte for byte."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "snapshots" / f"{name}.md"
        if request.config.getoption("--update-snapshots"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return compare


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def prepared(experiment: Experiment, height: int, width: int, channels: int = 1) -> nn.Module:
    """The denoiser as built, ready for images of that size; skips the test if its package is missing.

    One that memorizes images gets some that are alike enough for several to matter.
    """
    if package := missing_package(experiment.denoiser):
        pytest.skip(f"{experiment.denoiser} needs the package {package}, which is not installed")
    model = build(experiment)
    if isinstance(model, Memorizing):
        share = torch.rand(20, channels, height, width, generator=stream("memorized"))
        model.fit((100 + 50 * share).byte())
    return model


def report_text(root: Path) -> str:
    """All pages of the report of a study."""
    pages = [root / "REPORT.md", *sorted((root / "pages").glob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def folder_of_images(path: Path) -> Path:
    """A folder with three colour images of two sizes in train/ and three more in test/."""
    values = np.random.default_rng(0).integers(0, 256, (6, 24, 20, 3), dtype=np.uint8)
    for number, pixels in enumerate(values):
        part = path / ("train" if number < 3 else "test")
        part.mkdir(exist_ok=True)
        Image.fromarray(pixels[: 20 + 4 * (number % 2)]).save(part / f"{number}.png")
    return path


@pytest.fixture(autouse=True)
def _plugins_are_forgotten() -> Iterator[None]:
    """What a test loads is no denoiser of the next one."""
    before = dict.fromkeys(DENOISERS)
    yield
    for name in [name for name in DENOISERS if name not in before]:
        DENOISERS.forget(name)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def carried_out(folder: Path, *commands: str) -> Path:
    """The folder, after some commands ran in it, in one thread of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(bench.running.execute, "pool", in_this_process)
        for command in commands:
            assert run_all.main(command.split()) == 0
    return folder


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small study in results/smoke, its report and its explorer; not to be changed."""
    grid = "--grid --profile smoke --denoisers noisy,clip,median,memorizer,conv_autoencoder,unet --test 0.01 0.1"
    return carried_out(tmp_path_factory.mktemp("measured"), f"{grid} --train 0.01 0.1 0.01..0.1")


class Counter:
    """Counts trainings, tunings and scored cells of commands that run inside this process."""

    def __init__(self) -> None:
        self.trained: list[str] = []
        self.tuned: list[str] = []
        self.scored: list[tuple[str, float, str]] = []

    def run(self, *arguments: str) -> int:
        self.trained.clear()
        self.tuned.clear()
        self.scored.clear()
        return run_all.main(list(arguments))


@contextmanager
def in_this_process(jobs: int, news: Any) -> Iterator[Executor]:
    """Takes the place of the pool of worker processes."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def counter(here: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Runs commands in one thread of this process, in an empty directory, and counts what they measure."""
    counter = Counter()
    fit, tune, evaluate = train.fit, tune_filter.tune, score.evaluate

    def counted_fit(model: Any, images: Any, experiment: Any, device: Any, *checkpoint: Any) -> Any:
        counter.trained.append(experiment.denoiser)
        return fit(model, images, experiment, device, *checkpoint)

    def counted_tune(experiment: Any, images: Any, device: Any) -> Any:
        counter.tuned.append(experiment.denoiser)
        return tune(experiment, images, device)

    def counted_evaluate(model: Any, clean: Any, protocol: Any, cells: Any, device: Any) -> Any:
        name = type(model).__module__.rpartition(".")[2]
        counter.scored += [(name, variance, metric) for variance, metric in cells]
        return evaluate(model, clean, protocol, cells, device)

    monkeypatch.setattr(bench.running.execute, "pool", in_this_process)
    monkeypatch.setattr(bench.running.execute, "fit", counted_fit)
    monkeypatch.setattr(bench.running.execute, "tune", counted_tune)
    monkeypatch.setattr(bench.running.execute, "evaluate", counted_evaluate)
    return counter

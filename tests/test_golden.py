"""Today's code reads what older code stored, which named sources by module: `golden/smoke`, without weights."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.analysis.costs import latencies
from bench.core.experiment import Experiment
from bench.core.tasks import Section
from bench.measurements import chapters
from bench.report.report import build
from bench.running.missing import pending
from bench.running.provenance import stale
from bench.store.store import Store
from tests.conftest import Counter

GOLDEN = Path(__file__).parent / "golden" / "smoke"
RESULTS = Path("results/smoke")
GRID = "--grid --profile smoke --denoisers clip,median,conv_autoencoder --train 0.01 0.001..0.1 --test 0.01 0.1"
# The first columns of the tables of PSNR in the report that the old code wrote.
ROWS = """
| clip | – | **22.27** ±0.12 | 12.71 ±0.11 |
| median | – | 21.41 ±0.40 | **16.42** ±0.20 |
| median, tuned | 0.01 | **22.27** ±0.12 | 12.71 ±0.11 |
| conv_autoencoder | 0.01 | 13.50 ±0.26 | 13.32 ±0.26 |
| conv_autoencoder | 0.001..0.1 | −0.82 ±0.04 | −0.82 at 0.01 |
| conv_autoencoder | 0.001..0.1 | 14.31 ±0.25 | 14.01 ±0.24 |
| unet(residual=False, skips=False) | 0.01 | 16.80 ±0.38 |
| unet(residual=False, skips=True) | 0.01 | **27.65** ±0.45 |
"""


@pytest.fixture
def store(here: Path) -> Store:
    shutil.copytree(GOLDEN, here / RESULTS)
    return Store(here / RESULTS)


def experiments(store: Store, name: str = "") -> Iterator[tuple[Section, Experiment]]:
    for section in store.sections():
        for experiment in section.experiments:
            if experiment.denoiser.startswith(name):
                yield section, experiment


def files() -> dict[Path, bytes]:
    """What was measured."""
    return {path: path.read_bytes() for path in RESULTS.rglob("*") if (GOLDEN / path.relative_to(RESULTS)).is_file()}


def test_sections_and_their_experiments_are_read(store: Store) -> None:
    assert [(section.name, len(section.experiments)) for section in store.sections()] == [("grid", 6), ("skips", 2)]
    assert {store.folder(experiment).name for _, experiment in experiments(store)} == {
        path.parent.name for path in GOLDEN.glob("*/experiment.json")
    }
    assert pending(store, store.sections()) == []


def test_scores_are_read(store: Store) -> None:
    section, experiment = next(experiments(store, "conv"))
    first, second = (score for score in store.scores(experiment, section.protocol) if score.metric == "psnr")
    assert (first.variance, first.mean, first.spread, first.images) == (
        0.01,
        13.498614023641352,
        1.4063116449944142,
        128,
    )
    assert (second.variance, second.mean, second.blocks[:2]) == (0.1, 13.320741866197526, (12.368, 12.9732))
    assert store.examples(experiment, section.protocol).keys() == {"clean", "0.01", "0.1"}


def test_history_and_trials_are_read(store: Store) -> None:
    _, network = next(experiments(store, "conv"))
    first, *_, last = store.history(network)
    assert (first.epoch, first.training, first.validation) == (1 / 6, -7.047465801239014, None)
    assert (last.epoch, last.validation is None, store.diverged(network)) == (4, False, None)
    _, median = next(pair for pair in experiments(store, "median") if pair[1].tuned)
    assert [(trial.option, trial.value, trial.mse) for trial in store.trials(median)][:2] == [
        ("size", 1, 0.026369607580504547),
        ("size", 3, 0.014257414196773014),
    ]


def test_provenance_is_read_and_sources_named_by_module_are_of_other_code(store: Store) -> None:
    for _, experiment in experiments(store):
        provenance = store.provenance(experiment)
        assert provenance is not None
        assert (provenance.machine.device, provenance.machine.threads) == ("cpu (AMD EPYC, AVX2)", 1)
        assert "bench.evaluate" in provenance.sources
        assert stale(provenance, experiment)


def test_timings_are_read(store: Store) -> None:
    rows = latencies(store)
    assert {(row.denoiser, row.batch, row.parameters) for row in rows} == {
        ("clip", size, 0) for size in (1, 8, 64, 256)
    }
    stored = json.loads((GOLDEN / "latency/clip.json").read_text())["rows"]
    assert sorted(row.seconds for row in rows) == sorted(row["median"] for row in stored)


def test_the_report_has_every_number_of_the_old_one(store: Store) -> None:
    report = build(store, makers=chapters())
    assert [row for row in ROWS.split("\n") if row not in report.text] == []
    assert {"grid-shapes-regret"} <= {drawing.name for drawing in report.drawings}


@pytest.mark.slow
def test_the_same_command_measures_again_under_the_new_protocol_and_nothing_else(
    store: Store, counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    """Blocks of images are others since, so old and new scores must not stand in one table."""
    grid, skips = store.sections()
    before = {e.id: store.scores(e, skips.protocol) for e in skips.experiments}
    clip = next(e for e in grid.experiments if e.denoiser == "clip")
    old = store.scores(clip, grid.protocol)
    assert counter.run(*GRID.split()) == 0
    assert (counter.trained, counter.tuned) == (["conv_autoencoder"] * 2, [])
    again, others = store.sections()
    assert (grid.protocol.version, again.protocol.version, others) == (1, 2, skips)
    assert {e.id: store.scores(e, skips.protocol) for e in skips.experiments} == before
    new = store.scores(clip, again.protocol)
    assert [(s.mean, s.spread) for s in old] == [(s.mean, s.spread) for s in new]  # the noise is the same
    assert [s.blocks for s in old] != [s.blocks for s in new]
    assert store.examples(clip, again.protocol)["clean"].shape == (8, 16, 16)
    capsys.readouterr()
    assert counter.run(*GRID.split()) == 0
    assert (counter.trained, counter.tuned, counter.scored) == ([], [], [])
    assert "4 experiments were measured by other code" in capsys.readouterr().err  # the filters

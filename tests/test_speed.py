"""The rival is what the tutorial prints, and figures are made of measurements as their claims say."""

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.core.conditions import conditions
from bench.datasets import Images
from bench.lookup.denoisers import build
from bench.lookup.images import images_of
from bench.lookup.torchvision_datasets import torchvision
from bench.store.store import Store
from bench.timing import harness
from bench.timing.harness import TUTORIALS, Setting, _our_turn, _rate, _rival_turn, scoring
from bench.timing.synthetic_store import make
from bench.timing.targets import CLAIMS, Speed, speed_frame
from bench.timing.tutorial_loop import Rival, dataset, network
from bench.timing.whole_commands import NotNow, report, starting

HERE = Path(__file__).parent.parent


def few() -> Images:
    """A fortieth of MNIST."""
    return Images(images_of("mnist").train[:1500], images_of("mnist").test[:100])


def test_the_rivals_network_is_the_autoencoder() -> None:
    ours, theirs = build(TUTORIALS).eval(), network().eval()
    state = zip(theirs.state_dict(), ours.state_dict().values(), strict=True)
    theirs.load_state_dict(dict(state))
    noisy = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(theirs(noisy), ours(noisy, torch.full((3,), 0.01)))


def test_the_rival_reads_the_same_images_through_torchvision(tmp_path: Path) -> None:
    images = few()
    digits = dataset(images, tmp_path)
    assert isinstance(digits, torchvision().datasets.MNIST)
    for index in (0, 7, 1499):
        torch.testing.assert_close(digits[index][0], images.train[index].float() / 255)


def test_the_rival_learns(tmp_path: Path) -> None:
    loop = Rival(dataset(few(), tmp_path))
    first, _ = loop.epoch()
    second, validation = loop.epoch()
    assert second < first
    assert 0 < validation < 0.2


def test_a_turn_takes_its_steps_and_no_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "TURN", 1)
    monkeypatch.setattr(harness, "images_of", lambda name: few())
    ends = [0.0]
    for _ in range(12):
        started, ended = _our_turn("cpu")
        assert ends[-1] <= started < ended
        ends.append(ended)
    started, ended = _rival_turn(str(tmp_path), "cpu")
    assert started < ended


def test_a_rate_counts_from_the_first_start_to_the_last_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "TURN", 10)
    turns: list[Future[tuple[float, float]]] = [Future(), Future()]
    turns[0].set_result((1.0, 3.0))
    turns[1].set_result((2.0, 5.0))
    assert _rate(turns) == 2 * 10 * 64 / 4


@pytest.mark.parametrize(
    ("claim", "value", "beyond"),
    [("train", 1.6, 1.59), ("step", 1.05, 1.051), ("wall", 20.0, 19.9), ("psnr", 0.0, -0.1), ("idle", 2.0, 2.1)],
)
def test_a_claim_makes_its_figure_and_holds_up_to_its_limit(claim: str, value: float, beyond: float) -> None:
    def measured(value: float) -> Any:
        """The claim in a frame of two measurements that make this value."""
        by_expression = {
            "ours / theirs": (2 * value, 2.0),
            "theirs / ours": (2.0, 2 * value),
            "ours - theirs": (value + 2, 2.0),
        }
        return speed_frame([Speed({claim: (by_expression[CLAIMS[claim].value],)}, conditions("cpu", 1))]).iloc[0]

    assert (measured(value).claim, measured(value).value) == (claim, value)
    assert measured(value).reached
    assert not measured(beyond).reached


def test_a_claim_alone_is_what_ours_took() -> None:
    frame = speed_frame([Speed({"help": ((0.4, 0.0), (0.2, 0.0), (0.6, 0.0))}, conditions("cpu", 1))])
    assert frame[["value", "least", "most", "runs"]].to_numpy().tolist() == [[0.4, 0.2, 0.6, 3]]


def test_claims_name_what_is_measured() -> None:
    assert f"{harness.IMAGES:,} images" in CLAIMS["wall"].ours
    assert speed_frame([]).empty


@pytest.mark.slow
def test_scoring_agrees_with_scikit_image_and_names_its_claims() -> None:
    (pairs,) = scoring(Setting(HERE / "results", repeats=1))
    assert set(pairs) == {"ssim", "scoring"}
    assert all(seconds > 0 for pair in pairs.values() for seconds in pair)


@pytest.mark.slow
def test_a_report_of_a_made_store_is_timed() -> None:
    (pairs,) = report(Setting(HERE / "results", stores=(30, 60)))
    assert set(pairs) == {"report", "growth", "memory"}
    assert 50 < pairs["memory"][0] < 2000


def test_a_made_store_holds_what_was_asked(tmp_path: Path) -> None:
    store = Store(tmp_path)
    make(store, 60)
    (section,) = store.sections()
    assert len(section.experiments) == 60
    assert not any(store.missing(experiment, section.protocol) for experiment in section.experiments)


@pytest.mark.slow
def test_an_unfinished_study_is_no_run_with_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    with pytest.raises(NotNow, match=r"run_all\.py --grid --profile full"):
        list(starting(Setting(tmp_path)))

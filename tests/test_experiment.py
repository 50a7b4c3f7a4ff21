import json
import math
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST, TUTORIAL, Recipe
from bench.core.values import as_json, canonical, digest, later
from bench.core.variance import Range

BASE = Experiment("unet", (("width", 8),), "mnist", "gaussian", Range(0.01, 0.01), FAST)


def test_the_golden_id() -> None:
    """A change here renames every folder ever made: it must be deliberate."""
    recipe = Recipe(10, 64, "adam", 1e-3, schedule="constant")
    experiment = Experiment("unet", (("width", 8),), "mnist", "gaussian", Range(0.001, 0.1), recipe, 2)
    assert experiment.id == "unet-9f9fca40f5"


def test_equal_values_have_equal_digests() -> None:
    assert Range(0, 1) == Range(0.0, 1.0)
    assert digest(Range(0, 1)) == digest(Range(0.0, 1.0))
    assert digest(replace(FAST, epochs=2.0)) == digest(replace(FAST, epochs=2))  # type: ignore[arg-type]  # as from JSON by hand
    assert digest(Range(-0.0, 1)) == digest(Range(0, 1))
    assert BASE.but(options={"width": 8}).id == BASE.id
    assert BASE.but(seed=0.0).id == BASE.id


def test_a_later_field_stays_out_of_the_digest_while_neutral() -> None:
    @dataclass(frozen=True)
    class Before:
        low: float = 1.0

    @dataclass(frozen=True)
    class After:
        low: float = 1.0
        extra: str = later("")

    assert digest(Before()) == digest(After())
    assert digest(Before()) != digest(After(extra="x"))


@given(st.floats(0, 10), st.floats(0, 10), st.sampled_from(["uniform", "uniform-sigma"]))
def test_an_experiment_comes_back_from_its_json(one: float, two: float, law: str) -> None:
    experiment = BASE.but(variance=Range(min(one, two), max(one, two), law))
    again = Experiment.from_json(json.loads(as_json(experiment)))
    assert again == experiment
    assert again.id == experiment.id


def test_a_protocol_comes_back_from_its_json() -> None:
    protocol = Protocol("mnist", "gaussian", (0.1, 0.01), ("psnr", "mse"), 100)
    assert Protocol.from_json(json.loads(as_json(protocol))) == protocol
    assert protocol.variances == (0.01, 0.1)


def test_the_conditions_of_a_protocol_make_its_digest() -> None:
    protocol = Protocol("mnist", "gaussian", (0.1,), ("psnr",), 100)
    assert replace(protocol, variances=(0.2,), metrics=("mse",)).digest == protocol.digest
    for change in ({"images": 99}, {"clip": False}, {"seed": 1}, {"version": 1}, {"noise": "x"}, {"dataset": "x"}):
        assert replace(protocol, **change).digest != protocol.digest


def test_every_value_moves_the_id() -> None:
    changes: list[dict[str, Any]] = [
        {"denoiser": "clip"}, {"options": {"width": 9}}, {"dataset": "shapes"}, {"noise": "x"},
        {"variance": Range(0.01, 0.02)}, {"recipe": TUTORIAL}, {"seed": 1},
    ]  # fmt: skip
    assert len({BASE.id, *(BASE.but(**change).id for change in changes)}) == len(changes) + 1


def test_ranges_are_read() -> None:
    assert Range.parse("0.01") == Range(0.01, 0.01)
    assert Range.parse("0.001..0.1") == Range(0.001, 0.1)
    assert Range.parse("1e-3..1e-1", "log-uniform") == Range(0.001, 0.1, "log-uniform")
    assert str(Range(0.001, 0.1)) == "0.001..0.1"
    assert Range(0.01, 0.01, "log-uniform") == Range(0.01, 0.01)
    assert Range(0, 0, "log-uniform") == Range(0, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-0.1", "finite and not negative"),
        ("nan", "finite and not negative"),
        ("inf", "finite and not negative"),
        ("0.1..0.01", "reversed"),
        (
            "ten",
            "a variance is a number or a range low..high and its law, or σ in grey levels as in sigma=25, got 'ten'",
        ),
        ("", "a number or a range"),
        ("0.1..", "a number or a range"),
        ("..", "a number or a range"),
        ("0.1...0.2", "a number or a range"),
    ],
)
def test_a_wrong_range_says_what_is_needed(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Range.parse(text)


@pytest.mark.parametrize("text", ["σ=25", "σ=0..55", "σ=0..55 uniform", "σ=5..10 log-uniform", "0.04", "0..1", "0.1"])
def test_a_range_is_read_as_it_is_written(text: str) -> None:
    assert str(Range.parse(text)) == text


def test_sigma_is_in_grey_levels_and_a_range_of_it_uniform_in_it() -> None:
    assert Range.parse("sigma=25") == Range((25 / 255) ** 2, (25 / 255) ** 2)
    assert Range.parse("sigma=0..55") == Range(0, (55 / 255) ** 2, "uniform-sigma")
    assert Range.parse("sigma=5..55", "log-uniform").law == "log-uniform"
    assert str(Range(0.01, (55 / 255) ** 2)) == "0.01..0.0465205690119"
    with pytest.raises(ValueError, match="σ is not negative, got 'sigma=-5'"):
        Range.parse("sigma=-5")


def test_a_wrong_law_is_refused() -> None:
    with pytest.raises(ValueError, match="no law named 'cauchy'"):
        Range(0.1, 0.2, "cauchy")
    with pytest.raises(ValueError, match="must start above zero"):
        Range(0, 0.2, "log-uniform")


@pytest.mark.parametrize(
    "change",
    [{"epochs": 0}, {"epochs": 1.5}, {"batch": 0}, {"lr": 0}, {"optimizer": "sgd"}, {"loss": "l2"}, {"target": "x"},
     {"schedule": "x"}, {"precision": "float8"}, {"train_images": -1}, {"train_images": 31},
     {"lr_vectors": 0}],
)  # fmt: skip
def test_a_wrong_recipe_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(FAST, **change)


def test_canonical_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        digest(replace(FAST, lr=math.inf))
    assert canonical(Range(0.1, 0.2)) == {"low": 0.1, "high": 0.2, "law": "uniform"}


@pytest.mark.parametrize("name", ["", "a" * 300, "../x", "/x", "a\0", "a\\b", "a\nb"])
def test_a_denoiser_whose_name_leads_out_of_the_store_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a denoiser's name has up to 200 bytes and no slash"):
        BASE.but(denoiser=name)

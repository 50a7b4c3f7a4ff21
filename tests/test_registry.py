import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import architectures
from architectures import DENOISERS, Denoiser, denoiser
from bench.core.registry import Registry, UnknownName, load_plugin

PLUGIN = """
from torch import nn
from architectures import denoiser

@denoiser
class Half(nn.Module):
    def forward(self, noisy, variance):
        return noisy / 2
"""


@pytest.fixture(autouse=True)
def _others_see_no_registry_of_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "every", [*Registry.every])


@pytest.fixture
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoes registrations made in a test."""
    for attribute in ("_entries", "_origin"):
        monkeypatch.setattr(DENOISERS, attribute, dict(getattr(DENOISERS, attribute)))


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="no denoiser named 'medain'; did you mean 'median'"):
        DENOISERS["medain"]


def test_a_name_like_no_other_gets_the_list() -> None:
    with pytest.raises(UnknownName, match=r"no denoiser named 'xyzzy'; there are: bilateral, bm3d, clip, "):
        DENOISERS["xyzzy"]


def test_it_is_a_mapping() -> None:
    assert "unet" in DENOISERS
    assert "medain" not in DENOISERS
    assert DENOISERS.get("medain") is None
    assert list(DENOISERS) == sorted(DENOISERS)


def test_a_file_holds_one() -> None:
    registry: Registry[int] = Registry("thing", "architectures")
    registry.register("folder.first", 1)
    with pytest.raises(ValueError, match=r"folder\.first registers a second thing"):
        registry.register("folder.first", 2)


def test_a_name_is_given_once() -> None:
    registry: Registry[int] = Registry("thing", "architectures")
    registry.register("folder.first", 1)
    with pytest.raises(ValueError, match=r"the thing name 'first' of other\.first is taken by folder\.first"):
        registry.register("other.first", 2)


@pytest.mark.usefixtures("_forgetful")
def test_a_plugin_is_registered_under_its_file_name(tmp_path: Path) -> None:
    path = tmp_path / "half_of_it.py"
    path.write_text(PLUGIN)
    load_plugin(path)
    assert DENOISERS["half_of_it"].__name__ == "Half"


@pytest.mark.usefixtures("_forgetful")
def test_a_plain_module_gets_the_defaults_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "half_of_another.py"
    path.write_text(PLUGIN)
    load_plugin(path)
    cls = DENOISERS["half_of_another"]
    assert (cls.__name__, cls.__module__) == ("Half", "plugins.half_of_another")
    assert (cls.blind, cls.clipped, cls.floor, cls.grid, cls.kin, cls.reach, cls.requires) == (
        *(True, True, False),
        *(None, None, None, None),
    )
    assert cls()(torch.ones(1, 1, 16, 16), torch.ones(1)).unique().item() == 0.5


@pytest.mark.parametrize("base", [Denoiser, nn.Module])
@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"clip": False}, "the denoiser Wrong has no attribute 'clip'; did you mean 'clipped'?"),
        ({"grids": {"size": (3,)}}, "the denoiser Wrong has no attribute 'grids'; did you mean 'grid'?"),
        ({"blind": "no"}, "the attribute 'blind' of the denoiser Wrong must be bool, got 'no'"),
        ({"reach": True}, "the attribute 'reach' of the denoiser Wrong must be int or None, got True"),
        ({"reach": 2.5}, "the attribute 'reach' of the denoiser Wrong must be int or None, got 2.5"),
        ({"kin": nn.Module}, "the attribute 'kin' of the denoiser Wrong must be str or None, got <class"),
        ({"grid": {}}, "the attribute 'grid' of the denoiser Wrong must name one option, such as"),
        ({"grid": {"size": (3,), "more": (1,)}}, "the attribute 'grid' of the denoiser Wrong must name one option"),
        ({"grid": {"size": ()}}, "the attribute 'grid' of the denoiser Wrong has no value of 'size' to choose from"),
        (
            {"grid": {"size": ("3",)}},
            "the attribute 'grid' of the denoiser Wrong holds numbers .* 'size' from, got '3'",
        ),
        (
            {"grid": {"sice": (3,)}},
            "the attribute 'grid' of the denoiser Wrong names 'sice', and its options are: size",
        ),
    ],
)
def test_an_attribute_that_breaks_the_contract_is_named(
    base: type[nn.Module], attributes: dict[str, object], message: str
) -> None:
    def build(self: nn.Module, size: int = 3) -> None:
        nn.Module.__init__(self)

    cls = type("Wrong", (base,), {"__module__": "plugins.wrong", "__init__": build, **attributes})
    with pytest.raises(ValueError, match=message):
        denoiser(cls)
    assert "wrong" not in DENOISERS


@pytest.mark.usefixtures("_forgetful")
def test_a_plugin_must_not_take_a_name_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DENOISERS, "_filled", False)  # as in a new process, where the plug-in comes first
    for attribute in ("_entries", "_origin"):
        monkeypatch.setattr(DENOISERS, attribute, {})
    for name in [name for name in sys.modules if name.startswith("architectures.")]:
        monkeypatch.setattr(architectures, name.partition(".")[2], sys.modules[name])  # comes back after the test
        monkeypatch.delitem(sys.modules, name)
    path = tmp_path / "median.py"
    path.write_text(PLUGIN)
    with pytest.raises(ValueError, match=r"'median' of plugins\.median is taken by architectures\.median"):
        load_plugin(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("broken.py", "def ("),
        ("absent.py", None),
        ("notes.txt", "hello"),
        ("idle.py", "x = 1"),
        ("net-v2.1.py", PLUGIN),
        ("net,v2.py", PLUGIN),
        ("ended.py", "raise SystemExit('usage: ...')"),
    ],
)
def test_what_is_no_plugin_is_named(tmp_path: Path, name: str, text: str | None) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=name):
        load_plugin(path)


@pytest.mark.usefixtures("_forgetful")
def test_two_plugins_must_not_have_one_file_name(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "halved.py" for folder in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(PLUGIN)
    load_plugin(paths[0])
    load_plugin(paths[0])  # the same one again is fine
    with pytest.raises(ValueError, match=r"have one name: rename a file"):
        load_plugin(paths[1])

import sys
from pathlib import Path

import pytest

from architectures import DENOISERS
from bench.core.registry import Registry, UnknownName, load_plugin

PLUGIN = """
from torch import nn
from architectures import denoiser

@denoiser
class Half(nn.Module):
    def forward(self, noisy, variance):
        return noisy / 2
"""


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
def test_a_plugin_must_not_take_a_name_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DENOISERS, "_filled", False)  # as in a new process, where the plug-in comes first
    for attribute in ("_entries", "_origin"):
        monkeypatch.setattr(DENOISERS, attribute, {})
    for name in [name for name in sys.modules if name.startswith("architectures.")]:
        monkeypatch.delitem(sys.modules, name)
    path = tmp_path / "median.py"
    path.write_text(PLUGIN)
    with pytest.raises(ValueError, match=r"'median' of plugins\.median is taken by architectures\.median"):
        load_plugin(path)


@pytest.mark.parametrize(
    ("name", "text"), [("broken.py", "def ("), ("absent.py", None), ("notes.txt", "hello"), ("idle.py", "x = 1")]
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

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.core.conditions import joined, processor, versions
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST
from bench.core.tasks import Request, Task
from bench.core.variance import Range
from bench.running.plan import settle
from bench.running.provenance import ROLES, code_digest, roles_of, source_digest, stale

BEFORE = '''"""About."""


def double(x: int) -> int:
    """Twice."""
    return 2 * x
'''
EXPERIMENT = Experiment("unet", (), "shapes", "gaussian", Range(0.01, 0.01), FAST)
REQUESTS = (Request(Protocol("mnist", "gaussian", (0.01,), ("psnr",), 10), ((0.01, "psnr"),)),)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "measured", raising=False)
    return tmp_path / "measured.py"


def digest_of(path: Path, source: str) -> str:
    path.write_text(source)
    code_digest.cache_clear()
    return code_digest(path.stem)


def test_words_change_no_digest_and_code_does(module: Path) -> None:
    before = digest_of(module, BEFORE)
    assert digest_of(module, BEFORE.replace("Twice.", "Two times.").replace("About.", "On.") + "# done\n") == before
    assert digest_of(module, BEFORE.replace('    """Twice."""\n', "")) == before
    assert digest_of(module, BEFORE.replace("\ndef", "\nimport math\nfrom os import path\n\ndef")) == before
    assert digest_of(module, BEFORE.replace("2 * x", "3 * x")) != before


def test_a_digest_is_the_same_in_every_python(module: Path) -> None:
    assert digest_of(module, BEFORE) == "016acdde55"


def test_what_other_code_measured_is_stale(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROLES, "measured", ("measured",))
    conditions = {"sources": {"measured": digest_of(module, BEFORE)}}
    assert not stale(conditions)
    digest_of(module, BEFORE.replace("2 * x", "3 * x"))
    assert stale(conditions)
    assert stale({"sources": {"no_such_role": "0123456789"}})
    assert not stale({})


def test_the_roles_are_those_that_move_the_numbers() -> None:
    learned = roles_of(Task(EXPERIMENT, REQUESTS))
    assert learned == [
        *("build", "dataset:mnist", "dataset:shapes", "denoiser:unet", "images", "layers", "metric:psnr", "muon"),
        *("noise:gaussian", "random", "score", "split", "tiles", "train"),
    ]
    assert EXPERIMENT.recipe is not None
    photographs = EXPERIMENT.but(dataset="folder:x", recipe=replace(EXPERIMENT.recipe, patch=48, patches=320))
    assert {"patches", "files", "dataset:folder"} < set(roles_of(Task(photographs, REQUESTS)))
    plain = roles_of(Task(settle(EXPERIMENT.but(denoiser="clip")), REQUESTS))
    assert "train" not in plain
    assert {"dataset:mnist", "noise:gaussian"} <= set(plain)
    assert all(source_digest(role) for role in [*learned, *ROLES])


def test_conditions_are_those_of_the_training_and_seconds_add_up() -> None:
    def measured(device: str, digest: str, **seconds: float) -> dict[str, Any]:
        return {
            "device": device,
            "torch": "2",
            "python": "3",
            "threads": 1,
            "seconds": seconds,
            "sources": {"a": digest},
        }

    trained = measured("cpu", "old", training=9.0, scoring=1.0)
    later = joined(trained, measured("cuda", "new", **{"scoring x": 2.5}), trained=False)
    assert later["device"] == "cpu"
    assert later["elsewhere"] == [{"device": "cuda", "torch": "2", "python": "3", "threads": 1}]
    assert later["seconds"] == {"training": 9.0, "scoring": 1.0, "scoring x": 2.5}
    assert later["sources"] == {"a": "old"}
    again = joined(later, measured("cuda", "new", **{"scoring x": 0.5}), trained=False)
    assert again["seconds"]["scoring x"] == 3.0
    assert again["elsewhere"] == later["elsewhere"]
    assert "elsewhere" not in joined(trained, measured("cpu", "new"), trained=False)
    assert joined(trained, measured("cuda", "new", training=4.0), trained=True)["sources"] == {"a": "new"}


def test_a_number_names_its_processor_and_that_of_a_gpu_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "some GPU")
    assert processor() in versions(torch.device("cpu"))["device"]
    there = versions(torch.device("cuda"))["device"]
    assert there.startswith(f"cuda (some GPU, {processor()}, ")

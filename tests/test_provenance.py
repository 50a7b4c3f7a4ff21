import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.core.conditions import Provenance, Seconds, machine, processor
from bench.core.experiment import Experiment, Protocol
from bench.core.recipes import FAST
from bench.core.tasks import Request, Task
from bench.core.variance import Range
from bench.running.plan import settle
from bench.running.provenance import ROLES, code_digest, roles_of, source_digest, stale
from tests.made_up import MEASURED

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
    known = replace(MEASURED, sources={"measured": digest_of(module, BEFORE)})
    assert not stale(known, EXPERIMENT)
    digest_of(module, BEFORE.replace("2 * x", "3 * x"))
    assert stale(known, EXPERIMENT)
    assert stale(replace(MEASURED, sources={"no_such_role": "0123456789"}), EXPERIMENT)
    assert not stale(MEASURED, EXPERIMENT)
    assert not stale(None, EXPERIMENT)


def test_the_roles_are_those_that_move_the_numbers() -> None:
    learned = roles_of(Task(EXPERIMENT, REQUESTS))
    assert learned == [
        *("build", "dataset:mnist", "dataset:shapes", "denoiser:unet", "images", "layers", "metric:psnr", "muon"),
        *("noise:gaussian", "random", "score", "split", "tiles", "train"),
    ]
    assert EXPERIMENT.recipe is not None
    photographs = EXPERIMENT.but(dataset="folder@00000000", recipe=replace(EXPERIMENT.recipe, patch=48, patches=320))
    assert {"patches", "files", "dataset:folder"} < set(roles_of(Task(photographs, REQUESTS)))
    estimated = (replace(REQUESTS[0], protocol=replace(REQUESTS[0].protocol, told="estimate")),)
    assert set(roles_of(Task(EXPERIMENT, estimated))) - set(learned) == {"estimate"}
    plain = roles_of(Task(settle(EXPERIMENT.but(denoiser="clip")), REQUESTS))
    assert "train" not in plain
    assert {"dataset:mnist", "noise:gaussian"} <= set(plain)
    assert all(source_digest(role) for role in [*learned, *ROLES])


def test_conditions_are_those_of_the_training_and_seconds_add_up() -> None:
    def measured(device: str, digest: str, training: float | None = None, **scoring: float) -> Provenance:
        machine, seconds = replace(MEASURED.machine, device=device), Seconds(training, scoring)
        return replace(MEASURED, machine=machine, seconds=seconds, sources={"a": digest})

    trained = measured("cpu", "old", 9.0, x=1.0)
    later = trained.and_then(measured("cuda", "new", x=1.5, y=2.5), trained=False)
    assert later.machine.device == "cpu"
    assert later.elsewhere == (replace(MEASURED.machine, device="cuda"),)
    assert later.seconds == Seconds(9.0, {"x": 2.5, "y": 2.5})
    assert later.sources == {"a": "old"}
    again = later.and_then(measured("cuda", "new", y=0.5), trained=False)
    assert again.seconds.scoring["y"] == 3.0
    assert again.elsewhere == later.elsewhere
    assert not trained.and_then(measured("cpu", "new"), trained=False).elsewhere
    anew = later.and_then(measured("cuda", "new", 4.0), trained=True)
    assert (anew.machine.device, anew.sources, anew.seconds.training) == ("cuda", {"a": "new"}, 4.0)
    assert [machine.device for machine in anew.elsewhere] == ["cpu"]


OLD = {
    **{"python": "3.11.7", "torch": "2.13.0+cpu", "device": "cpu (x86_64, AVX512)", "threads": 1, "parameters": 5},
    **{"blind": False, "seconds": {"scoring": 23.92, "training": 1.06}, "sources": {"score": "a49a1912cb"}},
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"kin": "unet", "seconds": {"scoring 7bd2c7d4a1": 0.5}},
        {"elsewhere": [{"python": "3.13.1", "torch": "2", "device": "cuda", "threads": 2}], "seconds": {}},
    ],
)
def test_what_was_stored_comes_back_as_it_was(more: dict[str, Any]) -> None:
    assert Provenance.from_json(OLD | more).as_json() == OLD | more


def test_older_seconds_of_scoring_are_those_of_every_protocol() -> None:
    seconds = Provenance.from_json(OLD).seconds
    assert (seconds.training, seconds.scored("7bd2c7d4a1")) == (1.06, 23.92)
    assert Seconds(None, {"": 1.0, "x": 2.0}).scored("x") == 3.0


def test_every_published_provenance_comes_back_as_it_was() -> None:
    paths = list((Path(__file__).parents[1] / "results" / "full").glob("*/provenance.json"))
    assert len(paths) > 200
    for path in paths:
        known = Provenance.from_json(json.loads(path.read_text()))
        assert json.dumps(known.as_json(), indent=2, sort_keys=True) + "\n" == path.read_text()


@pytest.mark.parametrize(("known", "name"), [({"brand_raw": "Apple M2"}, "Apple M2"), ({}, "arm")])
def test_other_systems_than_linux_name_their_processor(
    known: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.core.conditions.sys.platform", "darwin")
    monkeypatch.setattr("cpuinfo.get_cpu_info", lambda: known)
    monkeypatch.setattr("platform.processor", lambda: "arm")
    processor.cache_clear()
    try:
        assert processor() == name
    finally:
        processor.cache_clear()


def test_a_number_names_its_processor_and_that_of_a_gpu_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "some GPU")
    assert processor() in machine(torch.device("cpu"), 1).device
    assert machine(torch.device("cuda"), 1).device.startswith(f"cuda (some GPU, {processor()}, ")

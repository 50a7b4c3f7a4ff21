"""What goes wrong on shared machines, done on purpose: `make test-faults`.

No finished number may be lost, and no wrong one used. Each test prints what it did and how often.
"""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.cli.options import parse
from bench.core.dataset_names import full_name
from bench.core.experiment import Experiment, Protocol
from bench.core.program import ROOT
from bench.core.registry import UnknownName, load_plugin
from bench.core.tasks import Section
from bench.core.values import canonical
from bench.core.variance import Range
from bench.lookup.denoisers import build, load, parameters
from bench.lookup.images import identified
from bench.store.store import DamageWarning, Store
from tests.made_up import UNET
from tests.test_run_all import living

GRID = "--grid --profile smoke --denoisers clip,median,conv_autoencoder --train 0.01 --test 0.01 --metrics psnr"
STORE = Path("results/smoke")
LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
Say = Callable[[str], None]


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Say:
    """Tells at the end what was done, also where several processes run the tests (see `tests/conftest.py`)."""
    return lambda text: record_property("done", text)


def started(folder: Path, *more: str, command: str = GRID) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(ROOT / "run_all.py"), *command.split(), "--jobs", "2", *more],
        cwd=folder,
        env=os.environ | {"DESRUIDO_FSYNC": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finished(folder: Path) -> None:
    process = started(folder)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def gone_within(process: "subprocess.Popen[str]", seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while living(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not living(process.pid)


def numbers(folder: Path) -> dict[str, bytes]:
    """Scores, losses and the report; the report without the time that the measuring took."""
    files = {path: path.read_bytes() for path in (folder / STORE).rglob("*") if path.suffix in (".csv", ".md")}
    took = re.compile(rb": \d+ minutes of one worker")
    return {path.relative_to(folder).as_posix(): took.sub(b"", text) for path, text in files.items()}


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Where the command ran without disturbance, and the seconds it took."""
    folder, start = tmp_path_factory.mktemp("undisturbed"), time.monotonic()
    finished(folder)
    return folder, time.monotonic() - start


@pytest.fixture(scope="module")
def undisturbed(timed: tuple[Path, float]) -> Path:
    return timed[0]


@pytest.fixture(scope="module")
def seconds(timed: tuple[Path, float]) -> float:
    """That the command takes."""
    return timed[1]


def clean(folder: Path) -> bool:
    """Whether nothing is left of files and folders that were being written."""
    left = [path.name for path in (folder / STORE).rglob(".*") if path.name not in (".lock", ".reported")]
    return not left


@LINUX
@pytest.mark.parametrize("seed", range(3))
def test_a_killed_command_loses_nothing(undisturbed: Path, seconds: float, tmp_path: Path, say: Say, seed: int) -> None:
    draw, killed, stores = random.Random(seed), 0, 0
    while killed < 10:
        stores += 1
        folder = tmp_path / str(stores)
        folder.mkdir()
        for _ in range(8):
            process = started(folder)
            time.sleep(draw.uniform(0, 0.8 * seconds))
            ended = process.poll() is not None
            process.kill()
            process.communicate()
            assert gone_within(process, 10)
            killed += not ended
            if ended or killed == 10:
                break
        finished(folder)
        assert numbers(folder) == numbers(undisturbed)
        assert clean(folder)
    say(f"driver killed at {killed} random moments in {stores} stores; all scores and reports as undisturbed")


SLOW = """
import time
from torch import nn
from architectures import Denoiser, denoiser

@denoiser
class Slow(Denoiser):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, noisy, variance):
        if self.training:
            time.sleep(1)
        return self.layer(noisy)
"""


@LINUX
def test_a_killed_training_goes_on_from_its_last_epoch(tmp_path: Path, say: Say) -> None:
    """The network sleeps, so that an epoch takes long enough to leave a checkpoint."""
    (tmp_path / "slow.py").write_text(SLOW)
    command = "--grid --profile smoke --plugin ../slow.py --denoisers slow --train 0.01 --test 0.01 --metrics psnr"
    draw, killed = random.Random(4), tmp_path / "killed"
    for folder in (tmp_path / "undisturbed", killed):
        folder.mkdir()
    undisturbed = started(tmp_path / "undisturbed", command=command)
    state = b""
    for _ in range(2):
        process = started(killed, command=command)
        while process.poll() is None:
            if (found := list((killed / STORE).glob("checkpoint-*"))) and (now := found[0].read_bytes()) != state:
                state = now
                break
            time.sleep(0.2)
        time.sleep(draw.uniform(0, 4))
        process.kill()
        process.communicate()
        assert gone_within(process, 10)
        assert state
    process = started(killed, command=command)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "epoch 4:" in output
    assert "epoch 2:" not in output
    _, errors = undisturbed.communicate(timeout=300)
    assert undisturbed.returncode == 0, errors
    (weights,) = (killed / STORE).glob("slow-*/weights.safetensors")
    assert weights.read_bytes() == (tmp_path / "undisturbed" / weights.relative_to(killed)).read_bytes()
    assert numbers(killed) == numbers(tmp_path / "undisturbed")
    assert not list((killed / STORE).glob("checkpoint-*"))
    say("a training killed in two of its epochs ended with the weights of one that never stopped")


@LINUX
def test_a_killed_worker_is_replaced(undisturbed: Path, tmp_path: Path, say: Say) -> None:
    draw, killed = random.Random(1), 0
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        process = started(folder)
        while process.poll() is None and len(living(process.pid)) < 4:
            time.sleep(0.05)
        time.sleep(draw.uniform(0, 2))
        workers = [
            int(pid) for pid in living(process.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        for worker in workers[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
                killed += 1
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert numbers(folder) == numbers(undisturbed)
    say(f"{killed} workers killed; their tasks were measured by others")
    assert killed


@LINUX
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_a_stopped_command_ends_soon_and_goes_on(
    undisturbed: Path, seconds: float, tmp_path: Path, say: Say, number: signal.Signals, status: int
) -> None:
    draw, moments, stopped = random.Random(2), 0, 0
    while moments < 10 or (stopped < 3 and moments < 40):  # how many hit the work is a matter of the machine
        moments += 1
        process = started(tmp_path)
        time.sleep(draw.uniform(1, seconds))  # Python answers signals once it has started
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        if process.returncode == 0:
            shutil.rmtree(tmp_path / "results")
            continue
        assert gone_within(process, 5)
        if "stopped" in errors:
            assert process.returncode == status
            assert "the same command goes on from there" in errors
            stopped += 1
        else:
            assert process.returncode in (-number, 1)  # before the program began
    finished(tmp_path)
    assert numbers(tmp_path) == numbers(undisturbed)
    say(f"{number.name} at {stopped} of {moments} random moments, gone within 5 s")
    assert stopped >= 3


@LINUX
def test_two_commands_at_once(undisturbed: Path, tmp_path: Path, say: Say) -> None:
    first = started(tmp_path)
    while not (tmp_path / STORE / ".lock-holder").exists() and first.poll() is None:
        time.sleep(0.02)
    second = started(tmp_path)
    _, errors = second.communicate(timeout=120)
    assert second.returncode == 1
    assert re.search(
        rf"another command measures in results/smoke \(process {first.pid} on .*, since .*\): wait", errors
    )
    first.communicate(timeout=300)
    finished(tmp_path)
    assert numbers(tmp_path) == numbers(undisturbed)
    say("a second command says which process measures, where, and since when")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk(undisturbed: Path, tmp_path: Path, say: Say) -> None:
    full = 0
    for size in (16, 64, 160):  # KiB
        disk = tmp_path / f"disk{size}"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)], check=False)
        if mounted.returncode:
            pytest.skip("this system mounts no tmpfs")
        try:
            process = started(disk)
            _, errors = process.communicate(timeout=300)
            assert process.returncode == 1, errors
            assert re.search(r"results/smoke\S*: no space left on device; what was finished is kept", errors), errors
            assert "Traceback" not in errors
            full += 1
            readable(disk)
            assert clean(disk)
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            finished(disk)
            assert numbers(disk) == numbers(undisturbed)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    say(f"disk full on {full} sizes; what was finished stayed readable, and the same command went on")


def readable(folder: Path) -> None:
    """Every file of a store checks."""
    _, damaged = Store(folder / STORE).verify()
    assert damaged == 0


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[: len(data) // 2],
    "emptied": lambda data: b"",
    "a bit turned": lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
    "a digit edited": lambda data: re.sub(rb"[1-8]", lambda digit: bytes([digit[0][0] + 1]), data, count=1),
    "replaced": lambda data: b"{",
}


def test_a_damaged_file_is_never_used_and_measured_again(undisturbed: Path, tmp_path: Path, say: Say) -> None:
    """Every file of the store in turn, in every way; the report shows what it showed, or the row as missing."""
    shutil.copytree(undisturbed / "results", tmp_path / "results")
    expected, count = numbers(undisturbed), dict.fromkeys(DAMAGES, 0)
    kept = [path for path in (tmp_path / STORE).rglob("*") if path.suffix in (".csv", ".json", ".npz", ".safetensors")]
    measured = [path for path in kept if path.parent != tmp_path / STORE or path.name.startswith("section")]
    with contextlib.chdir(tmp_path):
        for path in measured:
            before = {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
            for way, damage in DAMAGES.items():
                changed = damage(before[path])
                if changed == before[path]:
                    continue
                path.write_bytes(changed)
                count[way] += 1
                store = Store(STORE)
                with pytest.warns(DamageWarning, match=re.escape(path.name)):
                    assert store.verify()[1] == 1
                for section in store.sections():
                    for experiment in section.experiments:
                        whole = Store(undisturbed / STORE).scores(experiment, section.protocol)
                        assert store.scores(experiment, section.protocol) in ([], whole)
                assert not path.exists()
                for file, data in before.items():
                    file.write_bytes(data)
        experiments = [path for path in measured if path.parent.parent == tmp_path / STORE]
        for path in random.Random(3).sample(experiments, 4):
            path.write_bytes(b"{")
        finished(tmp_path)
    assert {name: text for name, text in numbers(tmp_path).items() if "damaged" not in name} == expected
    say(f"files damaged: {', '.join(f'{number} {way}' for way, number in count.items())}; none was used")


# Hostile input.

FUZZED = {"inputs": 0}


@pytest.fixture(autouse=True)
def _counted(record_property: Callable[[str, object], None]) -> Iterator[None]:
    before = FUZZED["inputs"]
    yield
    count = FUZZED["inputs"] - before
    record_property("fuzzed", count)
    assert count == 0 or count >= 1000


MANY = settings(max_examples=1200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
TEXT = st.text(max_size=300) | st.sampled_from(
    ["..", "/", "\0", "a" * 300, "../../x", "folder:", "folder:\0", "@", ":@"]
)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
FLAT = LEAF | st.lists(LEAF, max_size=4) | st.dictionaries(st.text(max_size=12), LEAF, max_size=4)
JSON = FLAT | st.lists(FLAT, max_size=4) | st.dictionaries(st.text(max_size=12), FLAT, max_size=4)
REFUSED = (ValueError, UnknownName, OSError)


def refused_or_a_value(function: Callable[[], Any]) -> None:
    FUZZED["inputs"] += 1
    with contextlib.suppress(*REFUSED):
        function()


@MANY
@given(TEXT)
def test_any_text_as_a_range(text: str) -> None:
    refused_or_a_value(lambda: Range.parse(text))


@MANY
@given(TEXT)
def test_any_text_as_a_dataset(text: str) -> None:
    refused_or_a_value(lambda: identified(text))
    assert isinstance(full_name(text), str)


@MANY
@given(
    st.lists(st.sampled_from(["--grid", "--train", "--test", "--seeds", "--ablate", "--profile", "--verify"]) | TEXT)
)
def test_any_words_as_a_command(words: list[str]) -> None:
    FUZZED["inputs"] += 1
    with contextlib.suppress(SystemExit):  # with its usage and status 2, or after --help
        parse(words)


def mixed(value: Any, other: Any, draw: random.Random) -> Any:
    """A value with some part replaced by another one."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(sorted(value))
        return value | {key: mixed(value[key], other, draw)}
    if isinstance(value, list) and value and draw.random() < 0.7:
        place = draw.randrange(len(value))
        return [*value[:place], mixed(value[place], other, draw), *value[place + 1 :]]
    return other


SECTION = Section("grid", Protocol("shapes", "gaussian", (0.01,), ("psnr",), 100), (UNET,), ("a",), (UNET,))


@pytest.fixture(scope="module")
def one_result(undisturbed: Path) -> Path:
    return next((undisturbed / STORE).glob("conv_autoencoder-*"))


def copied(one_result: Path) -> tuple[Path, Section, Experiment]:
    """A store with one experiment to be damaged; what it was asked, and the experiment."""
    root = one_result.parents[2] / "fuzzed"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(one_result, root / one_result.name)
    (section,) = Store(one_result.parent).sections()
    return root, section, next(e for e in section.experiments if e.id == one_result.name)


@MANY
@given(JSON, st.randoms(use_true_random=False), st.sampled_from(["experiment", "provenance", "section"]))
def test_any_json_in_a_store(one_result: Path, other: Any, draw: random.Random, kind: str) -> None:
    """In a store without manifests, where only the values themselves can tell."""
    FUZZED["inputs"] += 1
    root, section, experiment = copied(one_result)
    (root / one_result.name / "manifest.sha256").unlink()
    path = root / f"section-{section.key}.json"
    path.write_text(json.dumps(json.loads(next(one_result.parent.glob("section-*")).read_text())))
    path = path if kind == "section" else root / one_result.name / f"{kind}.json"
    value = mixed(json.loads(path.read_text()), other, draw)
    path.write_text(json.dumps(value))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        store = Store(root)
        for asked in store.sections():
            for member in asked.experiments[:3]:
                store.missing(member, asked.protocol)
        store.scores(experiment, section.protocol)
    outside = [p for p in root.parent.iterdir() if p.name not in ("results", "fuzzed")]
    assert outside == []


@MANY
@given(st.binary(max_size=400), st.sampled_from(["scores", "images", "examples", "history", "manifest"]), st.booleans())
def test_any_bytes_in_a_store(one_result: Path, data: bytes, kind: str, inside: bool) -> None:
    FUZZED["inputs"] += 1
    root, section, experiment = copied(one_result)
    if kind != "manifest":
        (root / one_result.name / "manifest.sha256").unlink()
    path = next((root / one_result.name).glob(f"{kind}*"))
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + data + whole[100 + len(data) :] if inside else data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        store = Store(root)
        expected = Store(one_result.parent).scores(experiment, section.protocol)
        scores = store.scores(experiment, section.protocol)
        store.examples(experiment, section.protocol)
        if kind != "scores":
            assert scores in ([], expected)


@MANY
@given(st.binary(max_size=400), st.integers(0, 2**64 - 1))
def test_any_bytes_as_weights(data: bytes, length: int) -> None:
    FUZZED["inputs"] += 1
    for weights in (data, length.to_bytes(8, "little") + data):
        with contextlib.suppress(ValueError):
            load(build(UNET), weights)


@MANY
@given(JSON, st.randoms(use_true_random=False))
def test_any_values_of_an_experiment(other: Any, draw: random.Random) -> None:
    FUZZED["inputs"] += 1
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError, OverflowError):
        experiment = Experiment.from_json(mixed(canonical(UNET), other, draw))
        assert re.fullmatch(r"(?s).*-[0-9a-f]{10}", experiment.id)


@MANY
@given(JSON)
def test_any_options_of_a_denoiser(value: Any) -> None:
    refused_or_a_value(lambda: parameters("median", (("size", value),)) if isinstance(value, int | float | str) else 0)


@MANY
@given(TEXT)
def test_any_name_of_a_plugin(one_result: Path, text: str) -> None:
    refused_or_a_value(lambda: load_plugin(one_result / text))

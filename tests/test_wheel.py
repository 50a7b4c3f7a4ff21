"""The installed package: what it declares, and that it needs nothing of the checkout."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from architectures import DENOISERS
from bench.lookup.denoisers import missing_package
from bench.store.store import Store
from tests.conftest import report_text

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def imported(node: ast.AST) -> Iterator[str]:
    """The top-level names of all imports but those for types."""
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]
    elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
        for child in ast.iter_child_nodes(node):
            yield from imported(child)


def test_what_is_imported_is_declared() -> None:
    files = [file for room in ("bench", "architectures") for file in (ROOT / room).rglob("*.py")]
    names = {name for file in files for name in imported(ast.parse(file.read_bytes()))}
    known, extras = metadata.packages_distributions(), PROJECT["optional-dependencies"]
    needs = {
        known.get(name, [name])[0].lower() for name in names - sys.stdlib_module_names - {"bench", "architectures"}
    }
    lines = [*PROJECT["dependencies"], *extras["bm3d"], *extras["cluster"], *extras["onnx"]]
    declared = {re.split("[<>=]", line)[0].lower() for line in lines}
    assert needs <= declared
    assert "pytest" not in declared  # which pytest-benchmark brings


def run(*command: str | Path, cwd: Path) -> str:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment that has the wheel, and the packages of this one but not its project."""
    version = metadata.version("setuptools") if metadata.packages_distributions().get("setuptools") else "0"
    if int(version.partition(".")[0]) < 77:
        pytest.skip(
            f"the wheel is built with setuptools 77 or newer, and there is {version}; pip install -U setuptools"
        )
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("bench", "architectures"):
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source" / name)
    pip = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, folder / "source", cwd=folder)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    (wheel,) = folder.glob("*.whl")
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    run(*pip, "--python", scripts / "python", "install", "--no-deps", "--no-index", wheel, cwd=folder)
    (packages,) = map(
        Path, run(scripts / "python", "-c", "import site; print(site.getsitepackages()[-1])", cwd=folder).split()
    )
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return scripts


@pytest.mark.slow
def test_an_installed_package_measures_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import bench; print(bench.__file__)", cwd=tmp_path)
    assert installed.parent in Path(where).parents
    desruido = installed / "desruido"
    assert run(desruido, "--help", cwd=tmp_path).startswith("usage: desruido ")
    assert "PSNR (dB)" in run(desruido, "--grid", "--profile", "smoke", cwd=tmp_path)
    (section,) = Store(tmp_path / "results" / "smoke").sections()
    assert {e.denoiser for e in section.experiments} == {name for name in DENOISERS if not missing_package(name)}
    assert "latency of clip-1-float32-1: done" in run(
        desruido, "--latency", "--denoisers", "clip", "--profile", "smoke", cwd=tmp_path
    )
    report = report_text(tmp_path / "results" / "smoke")
    assert "| conv_autoencoder | 0.01 |" in report
    assert "# Cost" in report
    assert "https://d3js.org" in (tmp_path / "results" / "smoke" / "index.html").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["results"]

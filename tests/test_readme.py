"""The examples of the README, run as they are printed."""

import re
from pathlib import Path

import pytest
import safetensors.torch
from torch import nn

from tests.conftest import Counter

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
EXAMPLES = {
    name: code
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for name in re.findall(r"class (\w+)\(", code)
}
FILES = {"WideGaussian": "wide_gaussian", "Mine": "mine"}


@pytest.mark.parametrize("name", FILES)
def test_an_example_of_a_plugin_works_from_its_file_alone(name: str, counter: Counter) -> None:
    file, others = FILES[name], ["--profile", "smoke", "--metrics", "psnr"]
    Path(f"{file}.py").write_text(EXAMPLES[name])
    assert len(EXAMPLES[name].splitlines()) < 30
    if name == "Mine":
        layers = [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()]
        weights = nn.Sequential(*layers, nn.Conv2d(32, 1, 3, padding=1)).state_dict()
        safetensors.torch.save_file({f"layers.{key}": value for key, value in weights.items()}, "mine.safetensors")
    assert counter.run("--grid", "--plugin", f"{file}.py", "--denoisers", f"{file},clip", *others) == 0
    assert counter.trained == []
    text = Path("results/smoke/pages/images.md").read_text()
    assert f"| {file} | – |" in text
    assert Path("results/smoke/figures").is_dir()


def test_what_the_readme_quotes_stands_in_the_report() -> None:
    report = (Path(__file__).parent.parent / "REPORT.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^> (.+)$", README, re.MULTILINE)
    assert quoted
    assert [line for line in quoted if line not in report] == []


def test_every_option_that_the_readme_shows_is_one() -> None:
    from bench.cli.options import parser

    known = {option for action in parser()._actions for option in action.option_strings}
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub(r"(pip install|dask \w+)[^\n]*", "", README)))
    assert shown
    assert shown <= known

import shlex

import pytest

from bench.cli.options import parse


@pytest.mark.parametrize(
    "line",
    [
        "--grid",
        "--grid --profile full --seeds 2",
        "--grid --denoisers unet,clip --train 0.01 '0.001..0.1 log-uniform' --test sigma=5 --metrics psnr",
        "--ablate target --dataset 'folder:my photographs' --train-data folder:more --recipe photographs",
        "--grid --law log-uniform --noise laplace --plugin one.py --plugin two.py",
    ],
)
def test_a_command_asks_for_the_same_again(line: str) -> None:
    words = shlex.split(line)
    how = ["--jobs", "2", "--results", "elsewhere", "--refresh", "--dry-run"]
    action = " ".join(words[:2]) if words[0] == "--ablate" else words[0]
    again = parse([*words, *how]).again(action)
    assert again.startswith("python run_all.py --")
    assert parse(shlex.split(again)[2:]) == parse(words)

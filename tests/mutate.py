"""Do the tests notice a wrong line? Changes one line of the code at a time and runs the tests that should fail.

By hand, in a few minutes to half an hour: python tests/mutate.py --count 120 --seed 0
"""

import argparse
import ast
import difflib
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot  # noqa: F401 - here and below: imported once, before the processes that run tests are forked
import pandas as pd  # noqa: F401
import pytest
import scipy.stats  # noqa: F401
import seaborn  # noqa: F401
import skimage.metrics  # noqa: F401
import torch

ROOT, FORK = Path(__file__).parents[1], multiprocessing.get_context("fork")


# The tests that should fail where a file is wrong.
TESTS = {
    "bench/training/train.py": "train patches",
    "bench/training/patches.py": "patches",
    "bench/core/recipes.py": "recipes experiment",
    "bench/calibration/measure.py": "calibrate",
    "bench/calibration/outcomes.py": "calibrate",
    "bench/calibration/published_networks.py": "calibrate",
    "bench/calibration/published_numbers.py": "others calibrate",
    "bench/analysis/comparisons.py": "comparisons statistics",
    "bench/analysis/intervals.py": "statistics comparisons",
    "bench/analysis/regret.py": "transfer glance",
    "bench/analysis/ranking.py": "transfer",
}


# Parts of changed lines after which no test can fail, and why.
EQUIVALENT = {
    "strict=(False)": "the lengths are equal; a guard against changes to come",
    "frozen=(False)": "nothing assigns to a field; mypy refuses it",
    "METRICS['psnr'](noisy, clean)": "PSNR is symmetric",
    "*(part[open_] for part in known)) >= 0)": "on the border the root is the border",
    "chosen[(-1)].exact": "either all of them are exact or none is",
}


SWAPS: dict[type, list[type]] = {
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn], ast.NotIn: [ast.In], ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is], ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult], ast.Pow: [ast.Mult], ast.And: [ast.Or], ast.Or: [ast.And],
}  # fmt: skip


def changed(node: Any, **fields: Any) -> Any:
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def alternatives(node: Any) -> Iterator[tuple[Any, ast.AST]]:
    """What to replace at a node, and by what."""
    match node:
        case ast.Compare(ops=[op]):
            yield from ((node, changed(node, ops=[other()])) for other in SWAPS.get(type(op), []))
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op):
            yield from ((node, changed(node, op=other())) for other in SWAPS.get(type(op), []))
        case ast.Constant(value=bool(value)):
            yield node, ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield from ((node, ast.Constant(other)) for other in dict.fromkeys([value + 1, value - 1, 2 * value]))
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield node, operand
        case ast.If(test=test) | ast.IfExp(test=test) | ast.comprehension(ifs=[test, *_]):
            yield test, ast.UnaryOp(ast.Not(), test)
        case ast.Call(func=ast.Name(id="min" | "max" as name)):
            yield node.func, ast.Name("max" if name == "min" else "min")
        case ast.Call(args=[first, second, *rest]):
            yield node, changed(node, args=[second, first, *rest])
    if isinstance(node, ast.Raise | ast.AugAssign | ast.Break | ast.Continue) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant | ast.Yield)
    ):
        yield node, ast.Pass()


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, but for annotations and texts."""
    yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns") and not isinstance(node, ast.JoinedStr):
            for child in value if isinstance(value, list) else [value]:
                yield from nodes(child) if isinstance(child, ast.AST) else ()


def mutants(source: str) -> Iterator[str]:
    """The source with one change each."""
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    for node in nodes(ast.parse(source)):
        for old, new in alternatives(node):
            if ast.dump(old) == ast.dump(new):
                continue
            text = ast.unparse(new) if isinstance(new, ast.stmt) else f"({ast.unparse(new)})"
            start, end = lines[old.lineno - 1][: old.col_offset], lines[old.end_lineno - 1][old.end_col_offset :]
            parts = *lines[: old.lineno - 1], start, text.encode(), end, *lines[old.end_lineno :]
            yield b"".join(parts).decode()


class Fastest:
    """Runs the fastest tests first, by the times of the first run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0))


def run_tests(copy: Path, file: str, seconds: dict[str, float], answer: Any) -> None:
    """Inside a process of its own: sends the exit code of pytest and the time of each test."""
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    sys.dont_write_bytecode = True  # or a change within one second would go unseen
    with (copy / "pytest.log").open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    order = Fastest()
    order.seconds = dict(seconds)
    paths = [f"tests/test_{name}.py" for name in TESTS[file].split()]
    code = int(pytest.main(["-x", "-p", "no:cacheprovider", *paths], plugins=[order]))
    answer.send((code, order.seconds))


def verdict(copy: Path, file: str, seconds: dict[str, float], limit: float) -> tuple[int | None, dict[str, float]]:
    """The exit code of pytest, None if it took too long; and the time of each test."""
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=run_tests, args=(copy, file, seconds, there))
    process.start()
    there.close()
    try:
        return here.recv() if here.poll(limit) else (None, seconds)
    except EOFError:  # it died
        return -1, seconds
    finally:
        process.kill()
        process.join()


def worker(jobs: Sequence[tuple[str, str]], limit: float, results: Any) -> None:
    """Tells of each mutant whether tests killed it, in a copy of the checkout."""
    copy = Path(tempfile.mkdtemp()) / "checkout"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", "__pycache__", ".*cache", "results"))
    seconds: dict[str, dict[str, float]] = {}
    for file, mutant in jobs:
        source = (ROOT / file).read_text(encoding="utf-8")
        if file not in seconds:
            code, seconds[file] = verdict(copy, file, {}, 10 * limit)
            if code != 0:
                raise SystemExit(f"the tests of {file} fail without any change ({code}): {copy / 'pytest.log'}")
        (copy / file).write_text(mutant, encoding="utf-8")
        code, _ = verdict(copy, file, seconds[file], limit)
        (copy / file).write_text(source, encoding="utf-8")
        changes = [line for line in difflib.ndiff(source.splitlines(), mutant.splitlines()) if line[0] in "+-"]
        reason = next((why for part, why in EQUIVALENT.items() if part in "\n".join(changes)), None)
        fate = "killed" if code != 0 else f"equivalent ({reason})" if reason else "survived"
        print("\n".join([f"{fate}{' (too slow)' if code is None else ''}: {file}", *changes, ""]), flush=True)
        results.put(fate.partition(" ")[0])
    shutil.rmtree(copy.parent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=120, help="number of mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of mutants")
    parser.add_argument("--limit", type=float, default=180, help="seconds for the tests of one mutant")
    parser.add_argument("--files", nargs="+", default=list(TESTS), choices=list(TESTS), metavar="FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    every = [(file, mutant) for file in options.files for mutant in mutants((ROOT / file).read_text(encoding="utf-8"))]
    chosen = random.Random(options.seed).sample(range(len(every)), min(options.count, len(every)))
    results = FORK.Queue()
    shares = [[every[index] for index in sorted(chosen)[part::2]] for part in range(2)]
    workers = [FORK.Process(target=worker, args=(share, options.limit, results)) for share in shares]
    for process in workers:
        process.start()
    for process in workers:
        process.join()
    fates = Counter(results.get() for _ in range(results.qsize()))
    print(", ".join(f"{count} {fate}" for fate, count in sorted(fates.items())), f"of {len(every)} possible")


if __name__ == "__main__":
    main()

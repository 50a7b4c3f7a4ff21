"""A command: all that one call asks for, as plain values."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# What decides the numbers, besides the action; all else is how they are measured and kept.
SELECTIONS = (
    *("profile", "denoisers", "train", "law", "test", "metrics", "dataset", "train_data", "noise", "recipe", "seeds"),
    "plugin",
)


@dataclass(frozen=True)
class Command:
    """The options by their names; an empty one leaves the choice to the profile.

    Attributes:
        asked: the kinds of measurement, each with the argument of its option, "" where it takes none.
        verify: how many cells to measure again after all files were checked; None where that is not asked.
        train, test, variance: variances of the noise, as they were written.
        listing: whether to name everything there is to choose from.
    """

    asked: Mapping[str, str] = field(default_factory=dict)
    denoise: Path | None = None
    choose: Path | None = None
    export: Path | None = None
    export_results: Path | None = None
    merge: tuple[Path, ...] = ()
    budget_ms: float | None = None
    blind: bool = False
    report: bool = False
    verify: int | None = None
    listing: bool = False
    profile: str = ""
    denoisers: tuple[str, ...] = ()
    train: tuple[str, ...] = ()
    law: str | None = None
    test: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    dataset: str = ""
    train_data: str | None = None
    noise: str = "gaussian"
    recipe: str = "fast"
    seeds: int = 0
    plugin: tuple[Path, ...] = ()
    denoiser: str = ""
    out: Path | None = None
    force: bool = False
    variance: str = ""
    data: Path = Path("../shared/data")
    jobs: int = 0
    cluster: str = ""
    device: str = "cpu"
    results: Path = Path("results")
    refresh: bool = False
    dry_run: bool = False
    tables: bool = False

    def again(self, action: str) -> str:
        """The command line that asks for the same again.

        Args:
            action: such as "--grid".
        """
        words = []
        for name in SELECTIONS:
            value: object = getattr(self, name)
            if value == getattr(Command, name):
                continue
            option = "--" + name.replace("_", "-")
            values = [str(part) for part in value] if isinstance(value, tuple) else [str(value)]
            if name == "plugin":
                words += [word for path in values for word in (option, path)]
            else:
                words += [option, *([",".join(values)] if name in ("denoisers", "metrics") else values)]
        # One name in every store, however the program was called.
        return " ".join(["python run_all.py", action, *map(shlex.quote, words)])

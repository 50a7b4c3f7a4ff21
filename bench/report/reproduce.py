"""How to make the results again: the commands, and what an installation does not bring."""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from architectures import DENOISERS
from bench.core.tasks import Section
from bench.report.render import render
from bench.running.profiles import PROFILES
from bench.store.store import Store


def reproduce(store: Store, asked: Sequence[Section], actions: Iterable[str]) -> str:
    """The chapter; `actions` are those that measure what is no section of experiments."""
    profile = store.root.name
    commands = [command for section in asked for command in section.commands]
    commands += [f"python run_all.py {action} --profile {profile}" for action in actions]
    experiments = {experiment for section in asked for experiment in section.experiments}
    denoisers = sorted({experiment.denoiser for experiment in experiments} & set(DENOISERS))
    datasets = {section.protocol.dataset for section in asked} | {
        experiment.dataset or "" for experiment in experiments
    }
    return render(
        "reproduce",
        commands=list(shortest(commands, PROFILES[profile].seeds if profile in PROFILES else 1)),
        packages={name: package for name in denoisers if (package := getattr(DENOISERS[name], "requires", None))},
        folders=sorted(name for name in datasets if ":" in name),
    )


def shortest(commands: Iterable[str], seeds: int) -> Iterator[str]:
    """Commands without those that others cover: the same with more seeds, or with all ablations.

    Args:
        seeds: of a command that does not say.
    """
    most: dict[tuple[tuple[str, ...], str | None], tuple[int, str]] = {}
    for command in commands:
        words, count = _taken(tuple(shlex.split(command)), "--seeds")
        alike = _taken(words, "--ablate")
        most[alike] = max(most.get(alike, (0, "")), (int(count or seeds), command))
    for (words, ablation), (most_seeds, command) in most.items():
        if ablation in (None, "all") or most.get((words, "all"), (0, ""))[0] < most_seeds:
            yield command


def _taken(words: tuple[str, ...], option: str) -> tuple[tuple[str, ...], str | None]:
    """The words without an option and its value, and the value; None if it is not there."""
    if option not in words:
        return words, None
    at = words.index(option)
    return words[:at] + words[at + 2 :], words[at + 1]

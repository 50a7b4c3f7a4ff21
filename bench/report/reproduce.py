"""How to make the results again: the commands, and what an installation does not bring."""

import shlex
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence

from architectures import DENOISERS
from bench.core.dataset_names import full_name
from bench.core.tasks import Section
from bench.report.render import render
from bench.running.profiles import PROFILES
from bench.store.store import Store


def reproduce(store: Store, asked: Sequence[Section], actions: Iterable[str]) -> str:
    """The chapter; `actions` are those that measure what is no section of experiments."""
    experiments = {experiment for section in asked for experiment in section.experiments}
    denoisers = sorted({experiment.denoiser for experiment in experiments} & set(DENOISERS))
    datasets = {section.protocol.dataset for section in asked} | {
        experiment.dataset or "" for experiment in experiments
    }
    return render(
        "reproduce",
        commands=commands_of(store, asked, actions),
        packages={name: package for name in denoisers if (package := getattr(DENOISERS[name], "requires", None))},
        folders=sorted(full_name(name) for name in datasets if "@" in name),
    )


def commands_of(store: Store, asked: Sequence[Section], actions: Iterable[str] = ()) -> list[str]:
    """The commands that measure all of it again; `actions` as in `reproduce`."""
    profile = store.root.name
    commands = [command for section in asked for command in section.commands]
    commands += [f"python run_all.py {action} --profile {profile}" for action in actions]
    return list(shortest(commands, PROFILES[profile].seeds if profile in PROFILES else 1))


def shortest(commands: Iterable[str], seeds: int) -> Iterator[str]:
    """Commands without those that others cover: the same with more seeds, or with all ablations.

    Args:
        seeds: of a command that does not say.
    """
    options = ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--seeds", type=int, default=seeds)
    options.add_argument("--ablate")
    most: dict[tuple[tuple[str, ...], str | None], tuple[int, str]] = {}
    for command in commands:
        chosen, words = options.parse_known_args(shlex.split(command))
        alike = tuple(words), chosen.ablate
        most[alike] = max(most.get(alike, (0, "")), (chosen.seeds, command))
    for (rest, ablation), (most_seeds, command) in most.items():
        if ablation in (None, "all") or most.get((rest, "all"), (0, ""))[0] < most_seeds:
            yield command

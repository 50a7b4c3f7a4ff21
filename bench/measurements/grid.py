"""Denoisers trained at some noise variances and scored at others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.measurements import Measurement, measurement

if TYPE_CHECKING:
    from bench.measurements import Command, Section


@measurement
class Grid(Measurement):
    flag = "--grid"
    place = 0
    about = "train and score denoisers across noise variances"

    def sections(self, command: Command) -> Iterator[Section]:
        from bench.core.experiment import RECORDED
        from bench.running.plan import grid
        from bench.running.study import profile_of, ranges_of, study_of

        names = command.denoisers or [name for name, package in _missing_packages(command).items() if not package]
        other_seeds = {} if command.seeds else profile_of(command).other_seeds
        section = grid(ranges_of(command, names), *study_of(command), other_seeds)
        yield section
        for noise in () if section.protocol.noise == RECORDED else profile_of(command).noises:
            yield replace(section, protocol=replace(section.protocol, noise=noise))

    def notes(self, command: Command) -> list[str]:
        return [
            f"{name} is left out, since its package is not installed; to have it: pip install {package}"
            for name, package in _missing_packages(command).items()
            if package and not command.denoisers
        ]


def _missing_packages(command: Command) -> dict[str, str | None]:
    """The package that each denoiser of the profile needs, where it is not installed."""
    from architectures import DENOISERS
    from bench.lookup.denoisers import missing_package
    from bench.running.study import profile_of

    return {name: missing_package(name) for name in profile_of(command).denoisers or DENOISERS}

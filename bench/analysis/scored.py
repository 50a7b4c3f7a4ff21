"""All rows of a store, read once for the report and for the tables beside it."""

import warnings
from dataclasses import replace
from functools import cached_property

import pandas as pd

from bench.ablations import ABLATIONS
from bench.analysis.effects import effects_frame
from bench.analysis.rows import Row, rows_of
from bench.core.tasks import Section
from bench.core.values import Note
from bench.metrics import METRICS
from bench.store.store import Store


class Scored:
    """The sections of a store with their rows.

    Attributes:
        sections: all of them, grids first.
        by_noise: ablations that are scored under every noise.
        by_told: ablations of what a denoiser is told.
        others: all but these.
    """

    def __init__(self, store: Store) -> None:
        known = filter(None, map(_known, store.sections()))
        self.sections = [(section, rows_of(store, section)) for section in known]
        every_noise = {name for name, ablation in ABLATIONS.items() if ablation.every_noise}
        told = {name for name, ablation in ABLATIONS.items() if ablation.told}
        self.by_noise = [(section, rows) for section, rows in self.sections if section.name in every_noise]
        self.by_told = [(section, rows) for section, rows in self.sections if section.name in told]
        self.others = [(section, rows) for section, rows in self.sections if section.name not in every_noise | told]

    @cached_property
    def effects(self) -> dict[tuple[str, str], pd.DataFrame]:
        """What ablations do, as frames of `effects_frame`, by dataset and noise of the test."""
        groups: dict[tuple[str, str], list[tuple[Section, list[Row]]]] = {}
        for section, rows in self.others:
            if section.name in ABLATIONS:
                groups.setdefault((section.protocol.dataset, section.protocol.noise), []).append((section, rows))
        return {tested: effects_frame(group) for tested, group in groups.items()}


def _known(section: Section) -> Section | None:
    """A section without the metrics that are not there, as of a plug-in that is not loaded; None if none is left."""
    metrics = tuple(metric for metric in section.protocol.metrics if metric in METRICS)
    for metric in set(section.protocol.metrics) - {*metrics}:
        warnings.warn(f"the metric {metric!r} is not loaded and left out; --plugin FILE loads it", Note, stacklevel=2)
    return replace(section, protocol=replace(section.protocol, metrics=metrics)) if metrics else None

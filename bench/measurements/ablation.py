"""One factor at a time, from a base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.measurements import Measurement, measurement

if TYPE_CHECKING:
    from bench.measurements import Command, Section


@measurement
class Ablation(Measurement):
    flag = "--ablate"
    metavar = "NAME"
    place = 1
    about = "run one ablation, or all of them: --ablate all"

    def sections(self, command: Command) -> Iterator[Section]:
        from bench.ablations import ABLATIONS
        from bench.core.variance import Range
        from bench.running.plan import ablation
        from bench.running.study import study_of

        asked, train = command.asked["ablation"], command.train
        if len(train) > 1:
            raise ValueError(f"an ablation starts from one training range, got --train {' '.join(train)}")
        if asked == "all" and command.denoisers:
            raise ValueError(
                "--ablate all runs each ablation with the denoiser it is about; name one ablation to choose --denoisers"
            )
        base = Range.parse(train[0], command.law) if train else Range(0.01, 0.01)
        study = study_of(command)
        for name in ABLATIONS if asked == "all" else [asked]:
            yield from ablation(name, command.denoisers, base, *study)

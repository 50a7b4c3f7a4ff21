"""What the harness promises about its speed: each figure, how it is computed from two measurements, its limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from bench.core.conditions import Conditions
from bench.store.store import Store

# Figures that must be reached, by claim. `ours` and `theirs` say what is measured, in `unit`; `theirs` is empty where
# nothing is compared. `value` is an expression of both. It must be at least the limit where `at_least`, else at most.
CLAIMS: dict[str, Any] = {
    str(claim.claim): claim
    for claim in pd.read_csv(Path(__file__).with_name("claims.csv"), keep_default_na=False).itertuples(index=False)
}


@dataclass(frozen=True)
class Speed:
    """One measure of the harness: by claim, a pair of what ours and theirs gave in each run."""

    pairs: Mapping[str, Sequence[Sequence[float]]]
    conditions: Conditions

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `as_json`."""
        return cls(values["pairs"], Conditions.from_json(values["conditions"]))

    def as_json(self) -> dict[str, Any]:
        return {"pairs": self.pairs, "conditions": self.conditions.as_json()}


def speeds(store: Store) -> list[Speed]:
    """All measures that were taken, by name."""
    return [Speed.from_json(values) for values in store.timings("speed").values()]


def speed_frame(measured: Sequence[Speed]) -> pd.DataFrame:
    """What was measured of the claims.

    Columns: claim, figure, ours and theirs (in words), unit, ratio (whether the value is one), median_ours,
    median_theirs, value (median over runs), least and most (over runs), runs, limit, at_least, reached.
    """
    all_pairs = {claim: pairs for speed in measured for claim, pairs in speed.pairs.items()}
    runs = {claim: pd.DataFrame(pairs, columns=["ours", "theirs"]) for claim, pairs in all_pairs.items()}
    claims = pd.DataFrame(CLAIMS.values())
    claims = claims[claims.claim.isin(runs)]
    figures: list[Any] = [runs[claim].eval(CLAIMS[claim].value) for claim in claims.claim]
    return claims.assign(
        ratio=claims.value.str.contains("/"),
        median_ours=[runs[claim].ours.median() for claim in claims.claim],
        median_theirs=[runs[claim].theirs.median() for claim in claims.claim],
        value=[values.median() for values in figures],
        least=[values.min() for values in figures],
        most=[values.max() for values in figures],
        runs=[len(values) for values in figures],
        reached=lambda frame: (frame.value >= frame.limit).where(frame.at_least, frame.value <= frame.limit),
    )

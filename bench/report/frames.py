"""What a store says as tidy tables: CSV files beside the report, and the DataFrames of `bench.Study`."""

from collections.abc import Callable

import pandas as pd

from bench.ablations import ABLATIONS
from bench.analysis.effects import effects_frame
from bench.analysis.regret import regret_frame as regret_of
from bench.analysis.rows import rows_of
from bench.core.tasks import Section
from bench.store.frames import scores_frame
from bench.store.store import Store
from bench.timing.latency import latencies


def regret_frame(store: Store) -> pd.DataFrame:
    """A row for each training of a denoiser and each test variance of a grid, in dB of PSNR."""

    def regret(sections: list[Section]) -> pd.DataFrame:
        (grid,) = sections
        return regret_of(rows_of(store, grid), grid.protocol.variances).drop(columns="row")

    return _joined([[section] for section in store.sections() if section.name == "grid"], regret)


def ablations_frame(store: Store) -> pd.DataFrame:
    """A row for each change of one factor and side of the training range, in dB of PSNR: changed minus base."""
    groups: dict[tuple[str, str], list[Section]] = {}
    for section in store.sections():
        if section.name in ABLATIONS and not ABLATIONS[section.name].every_noise:
            groups.setdefault((section.protocol.dataset, section.protocol.noise), []).append(section)

    def effects(sections: list[Section]) -> pd.DataFrame:
        frame = effects_frame((section, rows_of(store, section)) for section in sections)
        return frame.assign(change=frame["change"].str.replace("`", ""))

    return _joined(list(groups.values()), effects)


def _joined(groups: list[list[Section]], frame_of: Callable[[list[Section]], pd.DataFrame]) -> pd.DataFrame:
    """The frames of sections that share dataset and noise, with these in front."""
    frames = []
    for sections in groups:
        frame, protocol = frame_of(sections), sections[0].protocol
        frame.insert(0, "test_dataset", protocol.dataset)
        frame.insert(1, "test_noise", protocol.noise)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def latency_frame(store: Store) -> pd.DataFrame:
    """A row for each denoiser and batch size that was timed, in seconds, with the machine it was timed on."""
    timed = [vars(row) | vars(row.conditions) for row in latencies(store)]
    return pd.DataFrame(timed).drop(columns="conditions", errors="ignore")


def csv_files(store: Store) -> dict[str, str]:
    """The text of each table that has a row, by the name of its file."""
    frames = {
        **{"scores": scores_frame(store), "regret": regret_frame(store)},
        **{"ablations": ablations_frame(store), "latency": latency_frame(store)},
    }
    return {
        f"{name}.csv": frame.to_csv(index=False, lineterminator="\n") for name, frame in frames.items() if len(frame)
    }

"""What a store says as tidy tables: CSV files beside the report, and the DataFrames of `bench.Study`."""

from collections.abc import Iterable

import pandas as pd

from bench.analysis.costs import latencies
from bench.analysis.regret import regret_frame as regret_of
from bench.analysis.scored import Scored
from bench.core.dataset_names import full_name
from bench.store.frames import scores_frame
from bench.store.store import Store


def regret_frame(scored: Scored) -> pd.DataFrame:
    """A row for each training of a denoiser and each test variance of a grid, in dB of PSNR."""
    grids = [(section.protocol, rows) for section, rows in scored.others if section.name == "grid"]
    return _joined(((grid.dataset, grid.noise), regret_of(rows, grid.variances)) for grid, rows in grids)


def ablations_frame(scored: Scored) -> pd.DataFrame:
    """A row for each change of one factor and side of the training range, in dB of PSNR: changed minus base."""
    return _joined((tested, effects.drop(columns="exchanged")) for tested, effects in scored.effects.items())


def _joined(frames: Iterable[tuple[tuple[str, str], pd.DataFrame]]) -> pd.DataFrame:
    """Frames with the test images and noise in front."""
    parts = []
    for (dataset, noise), frame in frames:
        frame.insert(0, "test_dataset", full_name(dataset))
        frame.insert(1, "test_noise", noise)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def latency_frame(store: Store) -> pd.DataFrame:
    """A row for each denoiser and batch size that was timed, in seconds, with the machine it was timed on."""
    timed = [vars(row) | vars(row.conditions) for row in latencies(store)]
    return pd.DataFrame(timed).drop(columns="conditions", errors="ignore")


def csv_files(store: Store, scored: Scored) -> dict[str, str]:
    """The text of each table that has a row, by the name of its file."""
    frames = {
        **{"scores": scores_frame(store), "regret": regret_frame(scored)},
        **{"ablations": ablations_frame(scored), "latency": latency_frame(store)},
    }
    return {
        f"{name}.csv": frame.to_csv(index=False, lineterminator="\n") for name, frame in frames.items() if len(frame)
    }

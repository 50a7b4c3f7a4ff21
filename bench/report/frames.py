"""What a store says as tidy tables: CSV files beside the report, and the DataFrames of `bench.Study`."""

from collections.abc import Iterable

import pandas as pd

from bench.analysis.costs import latencies
from bench.analysis.effects import noise_frame, told_frame
from bench.analysis.findings.variants import variants_frame
from bench.analysis.regret import regret_frame as regret_of
from bench.analysis.rows import Row
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


def told_tables(scored: Scored) -> pd.DataFrame:
    """A row for each denoiser and factor by which the variance it is told is wrong, in dB of PSNR that it loses."""
    groups: dict[tuple[str, str], dict[float | str, list[Row]]] = {}
    for section, rows in scored.by_told:
        tested = section.protocol.dataset, section.protocol.noise
        groups.setdefault(tested, {})[section.protocol.told] = rows
    return _joined((tested, told_frame(rows)) for tested, rows in groups.items())


def noise_tables(scored: Scored) -> pd.DataFrame:
    """A row for each training, noise and variance of the test, of ablations that are scored under every noise."""
    groups: dict[tuple[str, float], dict[str, list[Row]]] = {}
    for section, rows in scored.by_noise:
        for variance in section.protocol.variances:
            groups.setdefault((section.protocol.dataset, variance), {})[section.protocol.noise] = rows
    parts = []
    for (dataset, variance), rows_by_noise in groups.items():
        frame = noise_frame(rows_by_noise, variance).drop(columns="row").rename(columns={"noise": "test_noise"})
        frame.insert(0, "test_dataset", full_name(dataset))
        frame.insert(1, "variance", variance)
        parts.append(frame)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def measured_frame(store: Store, kind: str) -> pd.DataFrame:
    """What was measured of one kind that is no experiment: a row for each line, with half of an interval beside it."""
    lines = []
    for name, kept in store.timings(kind).items():
        for line in kept.get("rows") or [kept]:
            plain = {key: value for key, value in line.items() if not isinstance(value, dict)}
            pairs = {key: value for key, value in plain.items() if isinstance(value, list) and len(value) == 2}
            means = {key: mean for key, (mean, _) in pairs.items()}
            widths = {f"{key}_half_width": width for key, (_, width) in pairs.items()}
            lines += [{"of": name} | plain | means | widths] if plain else []
    return pd.DataFrame(lines)


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
    computed = {
        **{"regret": regret_frame(scored), "ablations": ablations_frame(scored), "told": told_tables(scored)},
        **{"noise_law": noise_tables(scored), "variants": variants_frame(scored.others)},
    }
    frames = {
        "scores": scores_frame(store),
        **{name: _rounded(frame) for name, frame in computed.items()},
        **{kind: measured_frame(store, kind) for kind in store.kinds()},
        "latency": latency_frame(store),
    }
    return {
        f"{name}.csv": frame.to_csv(index=False, lineterminator="\n") for name, frame in frames.items() if len(frame)
    }


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the last digits of what is computed here: processors differ in them, and files should not."""
    names = [name for name in ("mean", "half_width", "deviation") if name in frame]
    return frame.assign(**{name: [float(f"{value:.12g}") for value in frame[name]] for name in names})

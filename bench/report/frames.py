"""What a store says as tidy tables: CSV files beside the report, and the DataFrames of `bench.Study`."""

import pandas as pd

from bench.analysis.regret import Regret, regrets
from bench.analysis.rows import Row, rows_of
from bench.core.tasks import Section
from bench.store.frames import scores_frame
from bench.store.store import Store
from bench.timing.latency import latencies

REGRET = (
    *("test_dataset", "test_noise", "denoiser", "trained_on", "trained_low", "trained_high", "law", "seeds"),
    *("variance", "mean", "half_width", "specialist", "exact", "inside"),
)


def regret_frame(store: Store) -> pd.DataFrame:
    """A row for each training of a denoiser and each test variance of a grid, in dB of PSNR."""
    rows = [
        _regret(section, regret)
        for section in store.sections()
        if section.name == "grid"
        for of_row in regrets(rows_of(store, section), section.protocol.variances).values()
        for regret in of_row
    ]
    return pd.DataFrame(rows, columns=list(REGRET))


def _regret(section: Section, regret: Regret) -> tuple[object, ...]:
    trained, protocol = regret.row.experiment.variance, section.protocol
    return (
        *(protocol.dataset, protocol.noise, regret.row.subject, regret.row.training),
        *((trained.low, trained.high, trained.law) if trained else (None, None, None)),
        *(regret.row.seeds, regret.variance, regret.sample.mean, regret.sample.half_width),
        *(_named(regret.specialist), regret.exact, regret.inside),
    )


def _named(row: Row) -> str:
    return f"{row.subject} trained on {row.training}"


def latency_frame(store: Store) -> pd.DataFrame:
    """A row for each denoiser and batch size that was timed, in seconds, with the machine it was timed on."""
    timed = [vars(row) | row.conditions for row in latencies(store)]
    return pd.DataFrame(timed).drop(columns="conditions", errors="ignore")


def csv_files(store: Store) -> dict[str, str]:
    """The text of each table that has a row, by the name of its file."""
    frames = {"scores": scores_frame(store), "regret": regret_frame(store), "latency": latency_frame(store)}
    return {
        f"{name}.csv": frame.to_csv(index=False, lineterminator="\n") for name, frame in frames.items() if len(frame)
    }

"""Where tasks are carried out: processes of this machine, or the workers of a Dask scheduler."""

import ctypes
import multiprocessing
import os
import platform
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing.queues import Queue

import torch

from bench.core.experiment import Experiment
from bench.core.results import Progress

# Experiment id, share done, newest row of the history, and a state of the training to go on from.
News = tuple[str, float, Progress | None, bytes | None]
CONTEXT = multiprocessing.get_context("spawn")
PATIENCE = 10  # seconds that a scheduler has to answer
_news: "Queue[News | None] | None" = None


def tell(experiment: Experiment, share: float, row: Progress | None, checkpoint: bytes | None = None) -> None:
    """Sends news to the driver, if there is a queue."""
    if _news is not None:
        _news.put((experiment.id, share, row, checkpoint))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Delays SIGINT and SIGTERM until the block has ended. Use it in the main thread."""
    held: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: held.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        signal.raise_signal(held[0])


def news_queue() -> "Queue[News | None]":
    """The queue of news from the workers of a pool to the driver."""
    queue: Queue[News | None] = CONTEXT.Queue()
    queue.cancel_join_thread()  # else a worker killed while it wrote would block the exit of the driver
    return queue


@contextmanager
def pool(
    jobs: int, news: "Queue[News | None] | None" = None, threads: int = 1, keep: bool = True
) -> Iterator[Executor]:
    """Worker processes, all ended with the block, also after Ctrl-C.

    Use it in the main thread, since it sets how workers handle Ctrl-C.

    Args:
        threads: number for each worker.
        keep: whether workers keep the memory of freed tensors (see `keep_memory`).
    """
    before_pool = multiprocessing.active_children()
    executor = ProcessPoolExecutor(jobs, CONTEXT, initializer=_start, initargs=(news, threads, keep))
    # Processes inherit this and ignore Ctrl-C; the driver alone answers it and ends them.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(jobs):
            executor.submit(int)  # a process starts for each task that finds none idle
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        yield executor
        executor.shutdown()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            if process not in before_pool:
                process.kill()
                process.join()


def _start(news: "Queue[News | None] | None", threads: int, keep: bool) -> None:
    """Prepares a worker: its threads and memory; it ends when the driver ends."""
    global _news
    _news = news
    if keep:
        keep_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    driver = multiprocessing.parent_process()

    def follow() -> None:
        if driver is not None:
            driver.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler. Running tasks finish there, also after Ctrl-C.

    Workers must be able to import this project. They send no news, and see files of the driver only on a
    shared disk.

    Raises:
        ValueError: the package is missing, nothing answers, or there is no worker or one with several threads.
    """
    if not find_spec("distributed"):
        raise ValueError("--cluster needs the package distributed; to have it: pip install distributed")
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE)  # type: ignore[no-untyped-call]  # not annotated there
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {address} ({error}); start one with: dask scheduler") from None
    with client:
        threads = [worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()]
        if set(threads) != {1}:
            raise ValueError(
                f"the scheduler at {address} has {'no workers' if not threads else 'workers of several threads'}, and "
                f"each must have one thread; start some with: dask worker {address} --nthreads 1 --nworkers N"
            )
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]  # as above


# Parameters of mallopt, from <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_memory() -> bool:
    """Makes glibc keep freed memory for the next tensor; returns whether it does.

    By default glibc asks the system for every large tensor, and the system fills it with zeros page by page:
    a fifth of a training step of `conv_autoencoder`. Other C libraries are left alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return bool(library.mallopt(M_MMAP_THRESHOLD, 1 << 30) and library.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1))

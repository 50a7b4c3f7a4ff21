"""Desruido from a shell: from the words of a command to its exit status."""

import io
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bench.cli.options import parse
from bench.core.program import invocation
from bench.core.registry import UnknownName
from bench.core.values import Note

if TYPE_CHECKING:
    from bench.running.command import Command


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    command = parse(arguments)
    if threading.current_thread() is not threading.main_thread():
        return _say("a command runs in the main thread of a program, which Ctrl-C reaches: call it there", status=2)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without σ shows "?", and the work is not lost
    with warnings.catch_warnings():
        warnings.simplefilter("always", Note)
        warnings.showwarning = _warn
        return _run(command)


def _run(command: "Command") -> int:
    try:
        # Late, since both import torch, and --help should not wait for it.
        from bench.cli.actions import carry_out
        from bench.cli.prepare import prepare

        try:
            work = prepare(command)
        except (UnknownName, ValueError, OSError) as error:
            return _say(_words(error), status=2)
        for note in work.notes:
            _say(note)
        try:
            return carry_out(command, work)
        except (UnknownName, ValueError, OSError) as error:
            if not command.asked and not isinstance(error, OSError):
                return _say(str(error), status=2)  # nothing was to be measured, so the request itself was wrong
            return _say(f"{_words(error)}; what was finished is kept", status=1)
    except KeyboardInterrupt:
        return _say("stopped; what was finished is kept, and the same command goes on from there", status=130)


def _words(error: Exception) -> str:
    """What went wrong; what a system says of a file begins with the file."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    return str(error)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    _say(str(message))


def _say(message: str, status: int = 0) -> int:
    print(f"{invocation().removeprefix('python ')}: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())

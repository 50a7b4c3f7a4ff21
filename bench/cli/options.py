"""The command line: what can be asked for. Names are checked later, since looking them up imports torch."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.core.program import invocation
from bench.core.recipes import RECIPES
from bench.core.variance import LAWS
from bench.measurements import in_place
from bench.running.command import Command
from bench.running.profiles import PROFILES

EXAMPLES = """examples:
  python run_all.py --grid                               train, score, tables, figures, report
  python run_all.py --grid --denoisers unet,median --train 0.01 0.001..0.1 --test 0.01 0.1
  python run_all.py --ablate training_noise              one factor at a time
  python run_all.py --latency --profile full             time every denoiser at five sizes
  python run_all.py --denoise noisy.png --with unet --out clean.png
  python run_all.py --choose noisy.png --budget-ms 50    which denoiser to take
  python run_all.py --export unet.onnx --with unet       a trained network for other programs
  python run_all.py --report                             every report again, measuring nothing
  python run_all.py --verify 20                          check all files, and measure 20 cells again

A command that was stopped goes on where it was when given again. Exit status: 0 all done,
1 some experiments failed, 2 wrong usage, 130 stopped."""

# Actions that measure nothing new.
OTHERS = ("--denoise", "--choose", "--export", "--export-results", "--merge", "--report", "--verify", "--list")
KIND = "measure "  # before a kind of measurement, so that its name cannot be that of another option


def parser() -> argparse.ArgumentParser:
    """All options, with their help."""
    parser = argparse.ArgumentParser(
        prog=invocation().removeprefix("python "),
        description="Desruido: what does a denoiser cost at the noise variances it was not trained for?",
        epilog=EXAMPLES.replace("python run_all.py", invocation()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,  # `Command` has the defaults
    )
    actions = parser.add_argument_group("actions, which combine")
    for kind, measurement in in_place().items():
        flag, dest, about = measurement.flag, KIND + kind, measurement.about
        if measurement.metavar:
            actions.add_argument(flag, dest=dest, metavar=measurement.metavar, help=about)
        else:
            actions.add_argument(flag, dest=dest, action="store_const", const="", help=about)
    actions.add_argument("--denoise", metavar="IMAGE", type=Path, help="restore an image file, or a folder of them")
    actions.add_argument("--choose", metavar="IMAGE", type=Path, help="say which denoiser to take for an image file")
    actions.add_argument("--export", metavar="ONNX", type=Path, help="write a trained network as an ONNX file")
    actions.add_argument(
        "--export-results", metavar="DIR", type=Path, help="write what a paper needs: CSV, LaTeX, PDF, BibTeX"
    )
    actions.add_argument(
        "--merge", metavar="DIR", type=Path, nargs="+", help="take over what other stores of this study have"
    )
    actions.add_argument("--report", action="store_true", help="write reports anew from what was measured")
    actions.add_argument(
        "--verify",
        metavar="N",
        type=_number,
        nargs="?",
        const=0,
        help="check every stored file, and measure N random cells again",
    )
    actions.add_argument("--list", dest="listing", action="store_true", help="name everything there is to choose from")
    choice = parser.add_argument_group("selections; the profile decides what is not given")
    choice.add_argument("--profile", metavar="NAME", help=f"{', '.join(PROFILES)} (default: quick)")
    choice.add_argument("--denoisers", metavar="A,B", type=_names, help="comma-separated (default: the profile's)")
    choice.add_argument(
        "--train",
        metavar="V",
        nargs="+",
        help="training variances: 0.01, or a range 0.001..0.1, or '0.001..0.1 log-uniform'; or in grey levels of "
        "255, sigma=25, or sigma=0..55",
    )
    choice.add_argument(
        "--law", metavar="NAME", help=f"how ranges are drawn: {', '.join(LAWS)} (default: uniform in what is written)"
    )
    choice.add_argument("--test", metavar="V", nargs="+", help="test variances: 0.01, or sigma=25")
    choice.add_argument("--metrics", metavar="A,B", type=_names, help="comma-separated (default: all)")
    data = "what to train and score on: a dataset, or folder:PATH (default: the profile's)"
    choice.add_argument("--dataset", metavar="NAME", help=data)
    choice.add_argument(
        "--train-data",
        metavar="NAME",
        help="what to train on, if --dataset is to be scored on alone; for --denoise, what was trained on",
    )
    choice.add_argument("--noise", metavar="NAME", help="what to corrupt with (default: gaussian)")
    choice.add_argument("--recipe", metavar="NAME", help=f"{', '.join(RECIPES)} (default: fast)")
    choice.add_argument("--seeds", metavar="N", type=_count, help="trainings of each network (default: the profile's)")
    choice.add_argument(
        "--plugin", metavar="FILE", type=Path, action="append", help="load a plug-in from this file; may be repeated"
    )
    image = parser.add_argument_group("for --denoise and --export")
    image.add_argument(
        "--with", metavar="NAME", dest="denoiser", help="the denoiser (for --denoise, default: chosen by its noise)"
    )
    image.add_argument("--out", metavar="IMAGE", type=Path, help="where the restored image goes, or a folder of them")
    image.add_argument(
        "--force", action="store_true", help="write over files that are there already, of --export-results too"
    )
    image.add_argument("--variance", metavar="V", help="of the noise, pixels in [0, 1] (default: estimated)")
    choose = parser.add_argument_group("for --choose")
    choose.add_argument("--budget-ms", metavar="N", type=float, help="milliseconds there are for the image")
    choose.add_argument("--blind", action="store_true", help="leave out what must be told the noise variance")
    how = parser.add_argument_group("how")
    how.add_argument("--data", metavar="DIR", type=Path, help=f"where --calibrate looks (default: {Command.data})")
    how.add_argument("--jobs", metavar="N", type=_count, help="worker processes of one thread (default: one per core)")
    how.add_argument("--cluster", metavar="ADDRESS", help="measure on the workers of the Dask scheduler there instead")
    how.add_argument("--device", choices=("cpu", "cuda"), help="where to train and score (default: cpu)")
    how.add_argument("--results", metavar="DIR", type=Path, help="where results go (default: results)")
    how.add_argument("--refresh", action="store_true", help="measure again what an older version of the code measured")
    how.add_argument("--tables", action="store_true", help="print every table, and not one compact one")
    how.add_argument("--dry-run", action="store_true", help="say what would be measured, and stop")
    return parser


def parse(arguments: Sequence[str] | None = None) -> Command:
    """Reads a command line; ends the program with status 2 and its usage where it is wrong or asks for nothing."""
    commands = parser()
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in vars(commands.parse_args(arguments)).items()
    }
    kinds = in_place()
    asked = {kind: given.pop(KIND + kind) for kind in kinds if KIND + kind in given}
    command = Command(asked, **given)
    others = (option.removeprefix("--").replace("-", "_") for option in (*OTHERS[:-1], "--listing"))
    if not asked and all(getattr(command, name) == getattr(Command, name) for name in others):
        flags = (measurement.flag for measurement in kinds.values())
        commands.error(f"nothing to do; say one of {', '.join([*flags, *OTHERS])}")
    return command


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"needs names separated by commas, got {text!r}")
    return names


def _number(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"needs a whole number of at least 1, got {text!r}")
    return int(text)

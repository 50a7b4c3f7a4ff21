"""The command line: what can be asked for. Names are checked later, since looking them up imports torch."""

import argparse
import shlex
from pathlib import Path

from bench.core.recipes import RECIPES
from bench.core.variance import LAWS
from bench.run.profiles import PROFILES

ABOUT = "Desruido: what does a denoiser cost at the noise variances it was not trained for?"


EXAMPLES = """examples:
  python run_all.py --grid                               train, score, tables, figures, report
  python run_all.py --grid --denoisers unet,median --train 0.01 0.001..0.1 --test 0.01 0.1
  python run_all.py --ablate training_noise              one factor at a time
  python run_all.py --latency --profile full             time every denoiser, batch by batch
  python run_all.py --denoise noisy.png --with unet --out clean.png
  python run_all.py --report                             every report again, measuring nothing

A command that was stopped goes on where it was when given again. Exit status: 0 all done,
1 some experiments failed, 2 wrong usage, 130 stopped."""


def parser() -> argparse.ArgumentParser:
    """All options, with their help."""
    parser = argparse.ArgumentParser(
        prog="run_all.py", description=ABOUT, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_argument_group("actions, which combine")
    actions.add_argument("--grid", action="store_true", help="train and score denoisers across noise variances")
    actions.add_argument("--ablate", metavar="NAME", help="run one ablation, or all of them: --ablate all")
    actions.add_argument("--latency", action="store_true", help="time every denoiser at several batch sizes")
    actions.add_argument("--speed", action="store_true", help="time this harness against the tutorial's loop")
    actions.add_argument("--calibrate", action="store_true", help="set our numbers beside those that others published")
    actions.add_argument("--denoise", metavar="IMAGE", type=Path, help="restore an image file with a trained denoiser")
    actions.add_argument("--report", action="store_true", help="write reports anew from what was measured")
    actions.add_argument("--list", action="store_true", help="name everything there is to choose from")
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
    choice.add_argument("--noise", default="gaussian", metavar="NAME", help="what to corrupt with (default: gaussian)")
    choice.add_argument("--recipe", default="fast", metavar="NAME", help=f"{', '.join(RECIPES)} (default: fast)")
    choice.add_argument("--seeds", metavar="N", type=_count, help="trainings of each network (default: the profile's)")
    choice.add_argument(
        "--plugin",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="load a plug-in from this file; may be repeated",
    )
    image = parser.add_argument_group("for --denoise")
    image.add_argument("--with", metavar="NAME", dest="denoiser", help="the denoiser")
    image.add_argument("--out", metavar="IMAGE", type=Path, help="where the restored image goes")
    image.add_argument("--variance", metavar="V", help="of the noise, pixels in [0, 1] (default: estimated)")
    how = parser.add_argument_group("how")
    how.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=Path("../shared/data"),
        help="where --calibrate looks (default: %(default)s)",
    )
    how.add_argument("--jobs", metavar="N", type=_count, help="worker processes of one thread (default: one per core)")
    how.add_argument("--cluster", metavar="ADDRESS", help="measure on the workers of the Dask scheduler there instead")
    how.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="where to train and score (default: cpu)")
    how.add_argument(
        "--results", metavar="DIR", type=Path, default=Path("results"), help="where results go (default: results)"
    )
    how.add_argument("--refresh", action="store_true", help="measure again what an older version of the code measured")
    how.add_argument("--dry-run", action="store_true", help="say what would be measured, and stop")
    return parser


# What decides the numbers, besides the action; all else is how they are come by.
SELECTIONS = (
    *("profile", "denoisers", "train", "law", "test", "metrics", "dataset", "train_data", "noise", "recipe", "seeds"),
    "plugin",
)


def command(options: argparse.Namespace, action: str) -> str:
    """The command line that asks for the same again.

    Args:
        action: such as "--grid".
    """
    defaults, parts = parser(), ["python run_all.py", action]
    for name in SELECTIONS:
        value = getattr(options, name)
        if value == defaults.get_default(name):
            continue
        values = [str(each) for each in value] if isinstance(value, list) else [str(value)]
        values = [",".join(values)] if name in ("denoisers", "metrics") else values
        option = "--" + name.replace("_", "-")
        repeated = [[option, each] for each in values] if name == "plugin" else [[option, *values]]
        parts += [shlex.quote(word) for words in repeated for word in words]
    return " ".join(parts)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"needs names separated by commas, got {text!r}")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"needs a whole number of at least 1, got {text!r}")
    return int(text)

"""How this program is called, by its users and by itself."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the checkout; where the package is installed, the folder of packages

PUBLISHED = ROOT / "results" / "full"  # the published study; an installed package has none


def invocation() -> str:
    """What starts it: the installed command under its own name, else the script of the checkout."""
    return "desruido" if Path(sys.argv[0]).stem == "desruido" else "python run_all.py"


def environment() -> dict[str, str]:
    """Variables for a further process that must import this very code, wherever it starts."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}

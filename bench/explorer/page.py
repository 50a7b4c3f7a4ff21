"""Builds the page: one file, whose policy forbids every request."""

import base64
import hashlib
import json
import re
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.analysis.scored import Scored
from bench.explorer.data import page_data
from bench.report.paper import sources
from bench.store.store import Store

# Observable Plot and d3, with their licences beside them; vendor/README.md says where they come from.
LIBRARIES = ("d3.min.js", "plot.min.js")
# Our own script, in an order in which each part needs only those before it.
PARTS = ("dom", "data", "state", "answer", "choose", "viewer", "map", "curves", "table", "ablations", "files", "main")


def page(store: Store, scored: Scored) -> str:
    """The whole page; equal results give equal bytes."""
    folder = files("bench.explorer")
    scripts = [(folder / "vendor" / name).read_text(encoding="utf-8") for name in LIBRARIES]
    scripts.append(own_script())
    data = page_data(store, scored) | {"bibtex": sources(scored)}
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    environment = Environment(
        loader=PackageLoader("bench.explorer"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        study=store.root.name,
        style=(folder / "style.css").read_text(encoding="utf-8"),
        data=text.replace("<", "\\u003c"),  # no text can end the element
        scripts=scripts,
        hashes=" ".join(f"'sha256-{_hash(script)}'" for script in scripts),
    )


def own_script() -> str:
    """The parts as one script: what they import from each other is there already."""
    folder = files("bench.explorer") / "script"
    parts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in PARTS]
    joined = "\n".join(re.sub(r"^import .*?;\n|^export ", "", part, flags=re.MULTILINE) for part in parts)
    return f'"use strict";\n(() => {{\n{joined}}})();\n'


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

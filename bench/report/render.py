"""Text from templates: numbers become words here, and nowhere before."""

import re
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bench.analysis.findings import answers, exercises
from bench.analysis.findings.facts import Finding
from bench.analysis.intervals import Estimate
from bench.core.variance import written
from bench.report.tables.table import margin, signed


def render(template: str, **values: Any) -> str:
    """The text of a template; what it leaves out leaves no gap behind."""
    return re.sub(r"\n{3,}", "\n\n", _ENVIRONMENT.get_template(f"{template}.md.j2").render(values)).strip()


def sentence(finding: Finding) -> str:
    """A finding in words, by the macro that has the name of its class."""
    template = "answers" if type(finding).__module__ in (answers.__name__, exercises.__name__) else "findings"
    macros = _ENVIRONMENT.get_template(f"{template}.md.j2").module
    return _one_line(getattr(macros, type(finding).__name__)(finding)).replace(" ,", ",").replace(" .", ".")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _interval(value: Estimate) -> str:
    return f"{value.mean:.2f}{margin(value.half_width)}"


def _span(ends: tuple[float, float], before: str = "") -> str:
    """Two values of two digits, "6.5–25", or one where they are the same."""
    return "–".join(dict.fromkeys(f"{before}{value:.2g}" for value in ends))


def _code(names: Iterable[str], between: str = ", ") -> str:
    return between.join(f"`{name}`" for name in names)


_ENVIRONMENT = Environment(
    loader=PackageLoader("bench.report"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters |= {
    "anchor": lambda heading: re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"),  # as GitHub makes it
    "code": _code,
    "decimals": lambda value, digits=2: f"{value:.{digits}f}",
    "interval": _interval,
    "digits": lambda value, digits: f"{value:.{digits}g}",
    "one_line": _one_line,
    "question": lambda finding: exercises.QUESTIONS[type(finding).__name__],
    "sentence": sentence,
    "signed": signed,
    "signed_interval": lambda value: signed(value.mean) + margin(value.half_width),
    "size": lambda value: _interval(Estimate(abs(value.mean), value.half_width)),
    "span": _span,
    "thousands": lambda value: f"{value:,}",
    "variance": written,
}

"""Noise variances: ranges of them, how one is read and written, and what it is in dB."""

import math
from dataclasses import dataclass
from typing import Self

from bench.core.values import require

LAWS = ("uniform", "uniform-sigma", "log-uniform")


@dataclass(frozen=True, order=True)
class Range:
    """A range of noise variances, in squared pixel units with pixels in [0, 1]. A fixed variance has width zero.

    `law` names the distribution of a draw: uniform in variance, uniform in its root σ, or log-uniform.
    """

    low: float
    high: float
    law: str = "uniform"

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = float(getattr(self, name)) + 0.0  # which makes -0.0 a plain zero
            require(math.isfinite(value) and value >= 0, f"a variance is finite and not negative, got {value}")
            object.__setattr__(self, name, value)
        require(self.low <= self.high, f"the range {self.low:g}..{self.high:g} is reversed: write low..high")
        require(self.law in LAWS, f"no law named {self.law!r}; there are: {', '.join(LAWS)}")
        if self.fixed:
            object.__setattr__(self, "law", "uniform")  # every law draws the same single value
        require(self.low > 0 or self.law != "log-uniform", "a log-uniform range must start above zero")

    @classmethod
    def parse(cls, text: str, law: str | None = None) -> Self:
        """Reads "0.01", "0.001..0.1" or "0.001..0.1 log-uniform". `law` is for a range that names none.

        "sigma=25", "sigma=0..55" and the same with the letter σ are in grey levels of 255. Without a law, a
        range is uniform in the unit it is written in, variance or σ.
        """
        numbers, _, named = text.strip().partition(" ")
        sigma = numbers.removeprefix("sigma=").removeprefix("σ=")
        low, dots, high = sigma.partition("..")
        try:
            ends = float(low), float(high if dots else low)
        except ValueError:
            raise ValueError(
                "a variance is a number or a range low..high and its law, or σ in grey levels as in sigma=25, "
                f"got {text!r}"
            ) from None
        if sigma != numbers:
            require(min(ends) >= 0, f"a noise σ is not negative, got {text!r}")
            ends, law = ((ends[0] / 255) ** 2, (ends[1] / 255) ** 2), law or "uniform-sigma"
        else:
            hint = f"if that is σ in grey levels of 255, write sigma={numbers}"
            require(not 1 < ends[1] < math.inf, f"a variance is at most 1, with pixels in [0, 1], got {text!r}; {hint}")
        return cls(*ends, named.strip() or law or "uniform")

    @property
    def fixed(self) -> bool:
        return self.low == self.high

    def __contains__(self, variance: float) -> bool:
        return self.low <= variance <= self.high

    def __str__(self) -> str:
        if self.fixed:
            return written(self.low)
        low, high = _grey(self.low), _grey(self.high)
        number, sigma = f"{self.low:.12g}..{self.high:.12g}", f"{low}..{high}" if low and high else None
        text = _shorter(number, sigma)
        law = "" if self.law == ("uniform" if text == number else "uniform-sigma") else f" {self.law}"
        return text + law


def written(variance: float) -> str:
    """A variance as text, exactly: as a number, or as σ in grey levels of 255 ("σ=25") where that is shorter."""
    return _shorter(f"{variance:.12g}", _grey(variance))


def in_sigma(variance: float) -> bool:
    """Whether it is written as σ."""
    return written(variance) != f"{variance:.12g}"


def _shorter(number: str, sigma: str | None) -> str:
    return f"σ={sigma}" if sigma is not None and len(sigma) + 2 < len(number) else number


def _grey(variance: float) -> str | None:
    """σ of a variance in grey levels, if that is a whole number."""
    sigma = round(255 * math.sqrt(variance))
    return f"{sigma}" if (sigma / 255) ** 2 == variance else None


def decibels(error: float) -> float:
    """PSNR in dB of a mean squared error, and so of unclipped noise of that variance; infinite at 0."""
    return -10 * math.log10(error) if error else math.inf

"""Denoisers: one self-contained file each. The name of the file is the name of the denoiser everywhere.

A denoiser is a class decorated by `@denoiser`, derived from `Denoiser` or from `nn.Module` alone. It can be built
without arguments; its options are keyword arguments of its constructor. A denoiser without parameters has nothing
to train. Images have one channel, or three in colour: a denoiser to which that matters has an option
`channels: int = 1`, and is built with what the dataset has.
"""

from __future__ import annotations

import difflib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, overload, runtime_checkable

from torch import nn

from bench.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


class Denoiser(nn.Module, ABC):
    """The contract of a denoiser.

    Attributes:
        blind: whether it ignores the noise variance it is given.
        clipped: whether restored images are clipped to [0, 1] before they are scored.
        floor: whether it is a floor, which others are compared with, such as the clipped input. A floor that has
            a `grid` is one where it is tuned. A floor that is not `clipped` is the noisy image itself.
        grid: values of one option to choose from on validation images, its default among them, such as
            `{"sigma": (0.5, 1.0, 2.0)}`.
        kin: the denoiser of which this one is a variant. Where the variant has no specialist, its regret uses
            the specialist of its kin.
        reach: a pixel of the result depends only on pixels at most this many rows and columns away. Large images are
            then restored in tiles that begin at multiples of four pixels (see `bench.lookup.tiles`). None: an
            image is always restored whole. It may be set on the instance.
        requires: a package beyond those of Desruido, without which it cannot be built.
    """

    blind: bool = True
    clipped: bool = True
    floor: bool = False
    grid: ClassVar[Mapping[str, tuple[float, ...]] | None] = None
    kin: str | None = None
    reach: int | None = None
    requires: str | None = None

    @abstractmethod
    def forward(self, noisy: Tensor, variance: Tensor) -> Tensor:
        """Restores noisy images, each of them alone.

        Args:
            noisy: (N, C, H, W) float: clean values in [0, 1] with noise on top, never clipped. Sizes from 16×16
                on, odd ones too.
            variance: noise variance of each image, (N,), in squared pixel units.

        Returns:
            The restored images, in the shape of `noisy`.
        """


@runtime_checkable
class Memorizing(Protocol):
    """A denoiser that memorizes training images instead of learning by gradient.

    It may refuse images of every other size by ValueError.
    """

    def fit(self, images: Tensor) -> None:
        """Memorizes clean images, uint8 (N, C, H, W)."""


DENOISERS: Registry[type[Denoiser]] = Registry("denoiser", __name__)

Class = TypeVar("Class", bound="type[nn.Module]")


@overload
def denoiser(cls: Class) -> Class: ...
@overload
def denoiser(*, name: str) -> Callable[[Class], Class]: ...
def denoiser(cls: Class | None = None, *, name: str = "") -> Class | Callable[[Class], Class]:
    """Registers a denoiser under the name of its file. A plain `nn.Module` gets the defaults of `Denoiser`.

    Args:
        name: another one. In a notebook or script it is by default the name of the class in snake case, and a cell
            may be run again: the newest class counts.

    Raises:
        ValueError: an attribute of the contract is misspelt or has a wrong value; the name is taken.
    """

    def register(cls: Class) -> Class:
        complete: type[Denoiser] = (
            cls
            if issubclass(cls, Denoiser)
            else type(cls.__name__, (cls, Denoiser), {"__module__": cls.__module__, "__doc__": cls.__doc__})
        )
        _check(complete)
        DENOISERS.register(cls.__module__, complete, name)
        return cls

    return register if cls is None else register(cls)


KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("blind", "clipped", "floor"), (bool,)),
    **dict.fromkeys(("kin", "requires"), (str, type(None))),
    "reach": (int, property, type(None)),
}


def _check(cls: type[Denoiser]) -> None:
    """Raises ValueError for an attribute that does not keep the contract."""
    bases = [base for base in cls.__mro__ if base is not Denoiser and not issubclass(nn.Module, base)]
    given = {name: value for base in reversed(bases) for name, value in vars(base).items()}
    for name, value in given.items():
        near = difflib.get_close_matches(name, (*KINDS, "grid"), n=1, cutoff=0.7)
        if near and near[0] != name and not name.startswith("_") and not hasattr(value, "__get__"):
            raise ValueError(f"the denoiser {cls.__name__} has no attribute {name!r}; did you mean {near[0]!r}?")
        if name in KINDS and type(value) not in KINDS[name]:
            names = " or ".join(kind.__name__ for kind in KINDS[name] if kind is not property)
            names = names.replace("NoneType", "None")
            raise ValueError(f"the attribute {name!r} of the denoiser {cls.__name__} must be {names}, got {value!r}")
    if (grid := cls.grid) is not None:
        _check_grid(cls, grid)


def _check_grid(cls: type[Denoiser], grid: Any) -> None:
    start = f"the attribute 'grid' of the denoiser {cls.__name__}"
    if not isinstance(grid, Mapping) or len(grid) != 1:
        raise ValueError(f"{start} must name one option, such as {{'size': (3, 5)}}, got {grid}")
    ((option, values),) = grid.items()
    known = inspect.signature(cls).parameters
    if option not in known:
        raise ValueError(f"{start} names {option!r}, and its options are: {', '.join(known) or 'none'}")
    if not values:
        raise ValueError(f"{start} has no value of {option!r} to choose from: add some, or delete the grid")
    if strange := [value for value in values if isinstance(value, bool) or not isinstance(value, int | float)]:
        raise ValueError(f"{start} holds numbers to choose {option!r} from, got {strange[0]!r}")

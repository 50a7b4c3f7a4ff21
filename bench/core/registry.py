"""A registry: a read-only mapping from names to plug-ins, filled by importing the files of one folder."""

import difflib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


PLUGINS = "plugins."  # what the module name of a plug-in starts with
SESSION = ("__main__", "__mp_main__")  # modules of a notebook, a console or a script, which hold many things


def snake_case(name: str) -> str:
    """`MyNet` as `my_net`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class UnknownName(KeyError):
    """A name that no file of the folder has; the message suggests the closest one."""

    def __str__(self) -> str:
        return str(self.args[0])


def pick(kind: str, name: str, entries: Mapping[str, T], more: str = "") -> T:
    """The entry of that name; raises `UnknownName` with the closest one there is."""
    if name not in entries:
        letters = {re.sub(r"[\W_]", "", entry).lower(): entry for entry in entries}
        near = difflib.get_close_matches(re.sub(r"[\W_]", "", name).lower(), letters, n=1)
        hint = f"did you mean {letters[near[0]]!r}?" if near else f"there are: {', '.join(entries)}{more}"
        raise UnknownName(f"no {kind} named {name!r}; {hint}")
    return entries[name]


class Registry(Mapping[str, T]):
    """The plug-ins of one kind, in alphabetical order, each named by its file.

    The folder is imported at the first look-up and not before, so that `--help` need not wait
    for torch.

    Args:
        kind: what an entry is called in messages, such as "denoiser".
        package: dotted name of the folder whose modules register themselves when imported.
    """

    every: ClassVar[list["Registry[Any]"]] = []

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._origin: dict[str, str] = {}
        self._entries: dict[str, T] = {}
        self._filled = False
        Registry.every.append(self)

    def register(self, module: str, entry: T, name: str = "") -> None:
        """Adds the one plug-in of a module under the module's own name; ValueError if it is taken.

        Args:
            name: another one to register it under. What a notebook or script defines has one too, by default that
                of the class or function in snake case. Such a plug-in may be defined again: the newest counts.
        """
        if module in SESSION:
            code: Any = getattr(entry, "function", entry)
            name = name or snake_case(code.__name__)
        if module.startswith(PLUGINS) or name:
            self._fill()  # so that a name is taken by the folder, not by the plug-in
        taken = name or module.rpartition(".")[2]
        origin = self._origin.get(taken)
        if origin == module and not name:
            raise ValueError(
                f"{module} registers a second {self.kind}; a file holds one and gives it its name: "
                "move one of them to a file of its own"
            )
        if origin not in (None, module):
            what = self.kind if name else "file"
            raise ValueError(f"the {self.kind} name {taken!r} of {module} is taken by {origin}: rename the {what}")
        self._origin[taken], self._entries[taken] = module, entry

    def forget(self, name: str) -> None:
        """Takes a plug-in away, so that its name is free and its file may be loaded again."""
        del self._entries[name]
        origin = self._origin.pop(name)
        if origin.startswith(PLUGINS):
            del sys.modules[origin]

    def holds(self, module: str) -> bool:
        """Whether something was registered by that module."""
        return module in self._origin.values()

    def _fill(self) -> dict[str, T]:
        if not self._filled:
            self._filled = True  # first, because a plug-in may look up another one
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package}.{module.name}")
        return self._entries

    def __getitem__(self, name: str) -> T:
        return pick(self.kind, name, self._fill(), "; --plugin FILE loads one of your own")

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._fill()))

    def __len__(self) -> int:
        return len(self._fill())


def from_outside(entry: Any) -> bool:
    """Whether an entry of a registry comes from a plug-in, a notebook or a script."""
    module = getattr(entry, "function", entry).__module__
    return module in SESSION or module.startswith(PLUGINS)


def load_plugin(path: Path) -> None:
    """Runs one Python file outside the tree, which registers what it holds under its file name.

    Raises:
        ValueError: there is no such file, it does not run, or it registers nothing.
    """
    path = path.resolve()
    if not re.fullmatch(r"[\w-]*", path.stem):
        raise ValueError(f"the plug-in {path} is to be called by its file name: rename it to letters, digits, - and _")
    name = f"{PLUGINS}{path.stem}"
    if name in sys.modules:
        if sys.modules[name].__file__ != str(path):
            raise ValueError(f"the plug-ins {sys.modules[name].__file__} and {path} have one name: rename a file")
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if path.suffix != ".py" or spec is None or spec.loader is None or not path.is_file():
        raise ValueError(f"--plugin needs a Python file, and {path} is none")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # so that it may import what lies beside it, as a script may
    from bench.core.settings import settings_kept  # late, since it imports torch

    try:
        with settings_kept(f"the plug-in {path.name}"):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, SystemExit):
            reason = f"it ended the program ({error}); what a script does belongs under if __name__ == '__main__'"
        raise ValueError(f"the plug-in {path} does not load: {reason}") from error
    if not any(registry.holds(name) for registry in Registry.every):
        raise ValueError(f"the plug-in {path} registers nothing; it needs a class under @denoiser, or the like")

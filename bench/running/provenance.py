"""Where a number came from: versions, device, seconds, and digests of the code that decides it."""

import ast
import hashlib
import inspect
import json
import linecache
import os
import sys
import sysconfig
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import safetensors.torch
import torch

from architectures import DENOISERS
from bench.core import image_files, images, rng
from bench.core.conditions import Provenance, Seconds, machine
from bench.core.dataset_names import parse
from bench.core.experiment import Experiment
from bench.core.program import ROOT
from bench.core.recipes import ONE_DRAW
from bench.core.registry import PLUGINS, SESSION, from_outside
from bench.core.tasks import Task
from bench.datasets import DATASETS, folder
from bench.lookup import tiles, torchvision_datasets
from bench.lookup.denoisers import build, parameters, place, state_of
from bench.lookup.images import source_of, split, training_of
from bench.metrics import METRICS
from bench.noises import NOISES
from bench.scoring import noise_level, score, told
from bench.training import fast_layers, muon, patches, self_supervised, train, tune

Part = ModuleType | Callable[..., Any] | str  # of the code: a whole file, one function of it, or the name of a module

# What decides a number by the part it plays, so that a file may move. Plug-ins have roles such as "noise:gaussian".
ROLES: dict[str, tuple[Part, ...]] = {
    "random": (rng,),
    "images": (images,),
    "build": (build, place),
    "split": (split,),
    "score": (score,),
    "tiles": (tiles,),
    "estimate": (noise_level, told),
    "train": (train,),
    "self_supervised": (self_supervised,),
    "muon": (muon,),
    "layers": (fast_layers,),
    "patches": (patches,),
    "tune": (tune,),
    "files": (folder, image_files, training_of, source_of),
}
ENTRIES: dict[str, Any] = {"denoiser": DENOISERS, "dataset": DATASETS, "noise": NOISES, "metric": METRICS}
ALWAYS = ("random", "images", "build", "score", "tiles")


def provenance(task: Task, device: torch.device, training: float | None, scoring: dict[str, float]) -> Provenance:
    """Where the numbers of a task come from; `training` and `scoring` are as in `Seconds`."""
    experiment, contract = task.experiment, DENOISERS[task.experiment.denoiser]
    seconds = Seconds(training, scoring)
    return Provenance(
        machine=machine(device, torch.get_num_threads()),
        parameters=parameters(experiment.denoiser, experiment.options),
        blind=contract.blind,
        kin=contract.kin or experiment.denoiser,
        seconds=Seconds.from_json({step: round(value, 2) for step, value in seconds.as_json().items()}),
        sources={role: _digest(role, experiment) for role in roles_of(task)},
    )


def code_of(task: Task) -> str:
    """Ten hexadecimal digits over all that decides the bits of a training, but for the kind of processor."""
    parts = {role: _digest(role, task.experiment) for role in roles_of(task)}
    text = json.dumps([parts, torch.__version__, task.device], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def stale(provenance: Provenance | None, experiment: Experiment) -> bool:
    """Whether an experiment was measured by other code than there is now, or a plug-in from other weights.

    False if it was not measured.
    """
    return bool(_changed(provenance, experiment))


def other_plugins(provenance: Provenance | None, experiment: Experiment) -> bool:
    """Whether the denoiser changed, with its weights, or a plug-in behind its scores: cells of both must not mix."""
    return any(
        role == "state" or role.startswith("denoiser:") or _from_outside(role)
        for role in _changed(provenance, experiment)
    )


def _from_outside(role: str) -> bool:
    """Whether a role is that of a plug-in; a change of our own code has a new version of the protocol."""
    kind, _, name = role.partition(":")
    return name in ENTRIES.get(kind, {}) and from_outside(ENTRIES[kind][name])


def _changed(provenance: Provenance | None, experiment: Experiment) -> list[str]:
    sources = provenance.sources if provenance else {}
    return [role for role, digest in sources.items() if _digest(role, experiment) != digest]


def _digest(role: str, experiment: Experiment) -> str:
    return state_digest(experiment) if role == "state" else source_digest(role)


def state_digest(experiment: Experiment) -> str:
    """Ten hexadecimal digits over all weights and buffers of a denoiser as it is built, such as those from a file.

    Empty where it cannot be built.
    """
    try:
        state = state_of(build(experiment))
    except Exception:  # whatever a plug-in raises, such as for a file that is gone
        return ""
    return hashlib.sha256(safetensors.torch.save(state)).hexdigest()[:10]


def roles_of(task: Task) -> list[str]:
    """The parts of the code that decide the numbers of a task."""
    experiment, protocols = task.experiment, [request.protocol for request in task.requests]
    datasets = [name for name in (experiment.dataset, *(protocol.dataset for protocol in protocols)) if name]
    noises = [name for name in (experiment.noise, *(protocol.noise for protocol in protocols)) if name]
    roles = {*ALWAYS, f"denoiser:{experiment.denoiser}"}
    if experiment.denoiser in DENOISERS and from_outside(DENOISERS[experiment.denoiser]):
        roles |= {"state"}
    roles |= {f"metric:{metric}" for request in task.requests for _, metric in request.cells}
    roles |= {f"dataset:{parse(name).kind}" for name in datasets}
    roles |= {f"noise:{name}" for name in noises}
    if any(protocol.told == "estimate" for protocol in protocols):
        roles |= {"estimate"}
    if any("@" in name for name in datasets):
        roles |= {"files"}
    if experiment.dataset is not None:
        roles |= {"split"}
    if experiment.recipe is not None:
        roles |= {"train", "layers", "muon"} | ({"patches"} if experiment.recipe.patch else set())
        roles |= {"self_supervised"} if experiment.recipe.target in ONE_DRAW else set()
    if experiment.tuned:
        roles |= {"train", "tune"}  # which draws its variances as training does
    return sorted(roles)


def source_digest(role: str) -> str:
    """Ten hexadecimal digits over the syntax trees of a role; empty where there is none, as of a plug-in not loaded.

    Docstrings, comments and imports are left out: none of them changes a number, and imports change
    whenever a file moves.
    """
    return code_digest(*_parts_of(role))


@cache
def code_digest(*code: Part) -> str:
    """The same of some code, whatever role it plays."""
    parts = [tree for part in code if (tree := _tree(part)) is not None]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10] if parts else ""


def _parts_of(role: str) -> tuple[Part, ...]:
    """The code of a role: of a plug-in the name of its module."""
    kind, _, name = role.partition(":")
    if not name:
        return ROLES.get(role, ())
    if kind == "dataset" and name not in DATASETS:
        return (torchvision_datasets,)
    entry = ENTRIES[kind].get(name) if kind in ENTRIES else None
    code = getattr(entry, "function", entry)
    return () if code is None else (code,) if code.__module__ in SESSION else (code.__module__,)


def only_here(task: Task) -> bool:
    """Whether a task needs what workers cannot import, such as a denoiser that a notebook defines."""
    plugins = [f"{PLUGINS}{path.stem}" for path in task.plugins]
    modules = [part for role in roles_of(task) if ":" in role for part in _parts_of(role)]
    rooms = ("architectures.", "bench.")
    return any(
        not (isinstance(part, ModuleType) or (isinstance(part, str) and (part.startswith(rooms) or part in plugins)))
        for part in modules
    )


def _tree(part: Part) -> Any:
    """The syntax tree of a module, or of one function of it, as lists of text; None where it has no file."""
    if not isinstance(part, str | ModuleType) and part.__module__ in SESSION:
        return _session_tree(part)
    name = part if isinstance(part, str) else part.__name__ if isinstance(part, ModuleType) else part.__module__
    spec = sys.modules[name].__spec__ if name in sys.modules else find_spec(name)
    if spec is None or spec.origin is None:
        return None
    tree = ast.parse(Path(spec.origin).read_bytes())
    if isinstance(part, str | ModuleType):
        return [plain_tree(tree), *_helpers(tree)] if name.startswith(PLUGINS) else plain_tree(tree)
    (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == part.__name__)
    return plain_tree(function)


def _session_tree(code: Any) -> Any:
    """The syntax tree of a cell or script up to a class or function; of a text that is gone, what names that object."""
    members = [member for cls in code.__mro__ for member in vars(cls).values()] if isinstance(code, type) else [code]
    functions = [member for member in members if inspect.isfunction(member) and member.__module__ in SESSION]
    text = "".join(linecache.getlines(functions[0].__code__.co_filename)) if functions else ""
    body = ast.parse(text).body
    ends = [number for number, node in enumerate(body, 1) if getattr(node, "name", None) == code.__name__]
    if not ends:
        return f"process {os.getpid()}, object {id(code)}"
    body = body[: ends[-1]]
    return plain_tree(body) + _helpers(ast.Module(body, []))


def _helpers(tree: ast.Module) -> list[Any]:
    """The syntax trees of modules that a plug-in imports, and that these import, unless they were installed."""
    trees: dict[str, Any] = {}
    left = _imported(tree)
    while left:
        name = left.pop()
        origin = _own_file(name)
        if origin and name not in trees:
            helper = ast.parse(origin.read_bytes())
            left += _imported(helper)
            trees[name] = [name, plain_tree(helper)]
    return [trees[name] for name in sorted(trees)]


def _imported(tree: ast.Module) -> list[str]:
    """Names of modules that some code imports; of `from a import b` both a and a.b, since b may be a module."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def _own_file(module: str) -> Path | None:
    """The file of a module that belongs to the user: neither to Python, nor to a package, nor to Desruido."""
    try:
        spec = sys.modules[module].__spec__ if module in sys.modules else find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    path, rooms = Path(spec.origin), (ROOT / "bench", ROOT / "architectures")
    installed = [Path(folder) for folder in sysconfig.get_paths().values()]
    theirs = any(path.is_relative_to(folder) for folder in (*installed, *rooms))
    return None if theirs or {"site-packages", "dist-packages"} & set(path.parts) else path


def plain_tree(node: Any) -> Any:
    """A syntax tree as lists of text; fields left empty are left out, since every Python has others."""
    if isinstance(node, list):
        return [plain_tree(entry) for entry in node if not _imports(entry)]
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
        node.body = node.body[1:]
    fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
    return [type(node).__name__, *([name, plain_tree(value)] for name, value in fields)]


def _imports(node: Any) -> bool:
    """Whether a statement does nothing but import."""
    for_types = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return for_types or isinstance(node, ast.Import | ast.ImportFrom)

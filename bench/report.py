"""The report: a pure function of the store, so that equal results give equal bytes."""

from collections import Counter
from collections.abc import Callable, Iterator

from bench import ablated, calibration, costs, others, tables, transfer_tables
from bench.ablations import ABLATIONS
from bench.datasets import title
from bench.experiment import written
from bench.findings import findings
from bench.pictures import Drawing, drawings_of
from bench.plan import Section
from bench.store import Store
from bench.tables import Row, Table
from bench.tuning import best

QUESTION = """\
# Denoisers at noise variances they were not trained for

What does a denoiser cost at the noise variances it was not trained for? Each denoiser below is
trained on one fixed noise variance, or on a random one drawn anew for every image from a range, and
then scored across a grid of test variances. Everything in this page is made from the stored results
by `python run_all.py --report`; no number was typed.
"""

CONVENTIONS = """\
## Conventions

They move the numbers by decibels, so compare with other tables only after reading them.

- Images are float in [0, 1]. **Variance** is the noise variance in these units; σ·255 is its root in grey levels.
- **Noise**: one standard-normal field per test image, scaled by √variance: the same field at every
  variance and for every denoiser. The noisy image is never clipped and never rounded.
- The **restored image is clipped** to [0, 1] before it is scored. `noisy` is the input itself, unclipped;
  `clip` is the input clipped.
- **PSNR**: data range 1, of each image, then the mean over images; infinite where two images agree.
  The pooled PSNR of the mean MSE stands in the appendix.
- **SSIM**: Wang et al. (2004): 11-tap Gaussian windows of σ = 1.5, population covariance, whole windows only.
- **MSE** is accumulated in float64.
- Training images are split 80 : 20 into training and validation by a fixed permutation; test images are never
  seen in training.
- **±** is half of a 95 % interval over trainings and test images: scipy's bootstrap of the seeds and of (at most) 100
  equal blocks of images, stretched for few seeds as Student's t is. With one seed it covers images alone.
- **Comparisons** are paired over seeds and over the same noisy images; where many are made, as in the columns of a
  table, they hold together (Holm).
"""


LIMITS = """\
## Limits

- Networks are small and trained for minutes, all under one recipe, which was searched for with `conv_autoencoder` and
  `unet`; a recipe of their own might serve others better.
- A specialist is a training at one variance, not the best there could be; a regret below zero is one that was beaten.
- Filters are tuned by one parameter, for squared error.
"""

ACTIONS = {"--calibrate": "calibration", "--latency": "latency", "--speed": "speed"}

DIGITS = """\
- MNIST's images are 28×28 digits, mostly black: what clipping and memory are worth on them, they are not worth on
  photographs.
"""

REPRODUCE = """\
What is there already is not measured again: delete a folder of results, or choose another `--results`, to see its
numbers come back. They are the same to the last bit where device, threads and versions are the same.
"""


def build(store: Store, folder: str) -> tuple[str, list[Drawing]]:
    """The whole report in Markdown, and its figures.

    Args:
        folder: where the report finds the figures, relative to itself.
    """
    sections = store.sections()
    parts, drawings = [QUESTION, CONVENTIONS], []
    names = Counter(_name(section) for section in sections)
    grid: list[Row] = []  # of the first section, which is the grid where there is one
    for section in sections:
        if section.name in ABLATIONS and ABLATIONS[section.name].every_noise:
            continue
        name = _name(section) if names[_name(section)] == 1 else section.key
        rows = tables.rows(store, section)
        grid = grid or rows
        pictures = list(drawings_of(store, section, rows, name))
        parts += _section(store, section, rows, pictures, folder)
        drawings += pictures
    parts += _laws(store, sections)
    parts += calibration.text(store)
    pictures = list(costs.drawings_of(costs.latencies(store), grid))
    parts += costs.text(store, folder, pictures)
    drawings += pictures
    if grid:
        parts.append(LIMITS + (DIGITS if any(s.protocol.dataset == "mnist" for s in sections) else ""))
    timed = [action for action, kind in ACTIONS.items() if store.timings(kind)]
    commands = [command for section in sections for command in section.commands]
    commands += [f"python run_all.py {action} --profile {store.root.name}" for action in timed]
    lines = "\n".join(dict.fromkeys(commands))
    parts.append(f"## How to reproduce\n\n```\n{lines}\n```\n\n{REPRODUCE}")
    return "\n".join(parts), drawings


def _laws(store: Store, sections: list[Section]) -> Iterator[str]:
    """Ablations that are scored under every noise: one table for each, and test variance."""
    for name in dict.fromkeys(section.name for section in sections):
        if not (name in ABLATIONS and ABLATIONS[name].every_noise):
            continue
        mine = [section for section in sections if section.name == name]
        for dataset in dict.fromkeys(section.protocol.dataset for section in mine):
            own = [section for section in mine if section.protocol.dataset == dataset]
            found = {section.protocol.noise: tables.rows(store, section) for section in own}
            yield f"## Ablation `{name}`: {title(dataset)}\n\n{ABLATIONS[name].about}\n"
            for rows in found.values():
                yield from _missing(rows)
            for variance in dict.fromkeys(v for section in own for v in section.protocol.variances):
                table = ablated.laws_table(found, variance)
                yield f"{table.title}:\n\n{table.markdown()}\n\n{table.note}.\n"
            yield from _setup(store, own[0], found[own[0].protocol.noise])


def _name(section: Section) -> str:
    return f"{section.name}-{title(section.protocol.dataset)}"


def _section(store: Store, section: Section, rows: list[Row], pictures: list[Drawing], folder: str) -> Iterator[str]:
    protocol = section.protocol
    heading = "Across variance" if section.name == "grid" else f"Ablation `{section.name}`"
    yield f"## {heading}: {title(protocol.dataset)}, {protocol.noise} noise\n"
    if section.name in ABLATIONS:
        yield ABLATIONS[section.name].about + "\n"
    yield from _missing(rows)
    shown = {picture.kind: picture for picture in pictures}

    def figure(kind: str) -> Iterator[str]:
        if picture := shown.get(kind):
            yield f"![{picture.caption}]({folder}/{picture.name}.png)\n\n*{picture.caption}*\n"

    yield "### Setup\n"
    yield from _setup(store, section, rows)
    yield from figure("noise")
    if section.name in ablated.MORE:
        yield from ablated.MORE[section.name](store, rows)
    if sentences := list(findings(rows, protocol.variances)):
        yield "### Findings\n\n" + "\n".join(f"- {sentence}" for sentence in sentences) + "\n"
    first, *further = protocol.metrics
    short = transfer_tables.main_rows(rows, protocol.variances) if section.name == "grid" else rows
    table = tables.scores(section, short, first, intervals=True)
    yield f"### {table.title}\n\n{table.markdown()}\n\n{table.note}.\n"
    yield from figure("psnr")
    published = others.curves(title(protocol.dataset)) if section.name == "grid" else []
    if len((table := others.beside(rows, protocol.variances, published)).rows):
        yield f"### {table.title}\n\n{table.markdown()}\n\n{table.note}.\n"
        yield "".join(f"- {sentence}\n" for sentence in others.distances(rows, published))
    yield from _generalization(rows, protocol.variances, figure)
    for kind in shown:
        if kind.startswith("restored"):
            yield from figure(kind)
    yield from figure("loss")
    if len(short) < len(rows):
        yield _folded(tables.scores(section, rows, first, intervals=True), "every training")
    for metric in further:
        yield _folded(tables.scores(section, rows, metric, intervals=True))
    if pooled := _pooled(section, rows):
        yield _folded(pooled)
    if len((chosen := transfer_tables.chosen_table(_chosen(store, rows))).rows):
        yield _folded(chosen)
    for kind in shown:
        if kind.startswith("tuned") or (kind.startswith("transfer") and kind != "transfer-psnr"):
            picture = "".join(figure(kind))
            yield f"<details><summary>{shown[kind].caption}</summary>\n\n{picture}\n</details>\n"


def _generalization(
    rows: list[Row], variances: tuple[float, ...], figure: Callable[[str], Iterator[str]]
) -> Iterator[str]:
    """Transfer, regret, breakdown and ranking, where the rows differ in what they were trained on."""
    if len({row.experiment.variance for row in rows if row.learned}) < 2 or len(variances) < 2:
        return
    yield "### Transfer\n"
    yield from figure("transfer-psnr")
    for table in (
        transfer_tables.regret_table(rows, variances),
        transfer_tables.breakdown_table(rows, variances),
        transfer_tables.ranking_table(rows, variances),
    ):
        if table.rows:
            yield f"### {table.title}\n"
            if table.title.startswith("Regret"):
                yield from figure("regret")
            yield f"{table.markdown()}\n\n{table.note}.\n"


def _folded(table: Table, what: str = "") -> str:
    title = table.title + (f", {what}" if what else "")
    note = f"\n\n{table.note}." if table.note else ""
    return f"<details><summary>{title}</summary>\n\n{table.markdown()}{note}\n\n</details>\n"


def _chosen(store: Store, rows: list[Row]) -> Iterator[tuple[Row, str, float]]:
    """What tuning chose, with the option it is a value of."""
    for row in rows:
        if row.experiment.tuned and (trials := store.trials(row.experiment)):
            chosen = best(trials)
            yield row, chosen.option, chosen.value


def _missing(rows: list[Row]) -> Iterator[str]:
    notes: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row.note:
            notes.setdefault(row.note, {}).setdefault(row.name, []).append(row.training)
    for note, names in notes.items():
        which = "; ".join(
            f"`{name}`" + ("" if ranges == ["–"] else f" trained on {', '.join(ranges)}")
            for name, ranges in names.items()
        )
        yield f"**Incomplete**, {note}: {which}.\n"


def _setup(store: Store, section: Section, rows: list[Row]) -> Iterator[str]:
    protocol = section.protocol
    yield (
        f"Protocol {protocol.version} (`{protocol.digest}`): the first {protocol.images} test images of "
        f"`{protocol.dataset}`, noise `{protocol.noise}` (seed {protocol.seed}).{_trained_on(rows, protocol.dataset)}\n"
    )
    lines = []
    for row in {
        row.subject: row for row in sorted(rows, key=lambda row: row.seeds) if row.learned and row.seeds
    }.values():
        training = tables.recipe_text(row.experiment.recipe)
        lines.append((row.name, row.recipe, f"{row.parameters:,}", str(row.seeds), training))
    if lines:
        yield Table("", ("denoiser", "recipe", "parameters", "seeds", "training"), tuple(lines)).markdown() + "\n"
    conditions = set().union(*(row.conditions for row in rows))
    if any(row.seeds == 1 for row in rows if row.learned):
        yield "Some networks were trained with one seed only; what another training would change is not known.\n"
    if conditions:
        hours = sum(row.seconds for row in rows) / 3600
        time = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"
        yield f"Measured on {'; '.join(sorted(conditions))}: {time} of one worker, training and scoring together.\n"


def _trained_on(rows: list[Row], tested: str) -> str:
    datasets = sorted({row.experiment.dataset for row in rows if row.experiment.dataset} - {tested})
    return f" Trained on {' and '.join(f'`{name}`' for name in datasets)}." if datasets else ""


def _pooled(section: Section, rows: list[Row]) -> Table | None:
    """PSNR of the mean MSE, where MSE was measured."""
    variances = [v for v in section.protocol.variances if any((v, "mse") in row.means for row in rows)]
    if not variances:
        return None

    def decibels(row: Row, variance: float) -> str:
        error = row.means.get((variance, "mse"))
        return "–" if error is None else f"{tables.decibels(error):.2f}"

    lines = tuple((row.name, row.training, *(decibels(row, v) for v in variances)) for row in rows)
    header = ("denoiser", "trained on", *map(written, variances))
    return Table("Pooled PSNR: of the mean MSE (dB)", header, lines)

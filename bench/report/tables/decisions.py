"""Which denoiser to take, as a table."""

from collections.abc import Sequence

from bench.analysis.findings.choices import Choice
from bench.core.variance import written
from bench.report.tables.table import Table, numbers, texts


def decision_table(title: str, choices: Sequence[Choice]) -> Table:
    """A line for each situation."""

    def over(choice: Choice) -> str:
        ends = dict.fromkeys((written(choice.low), written(choice.high)))
        return " to ".join(ends)

    def named(choice: Choice) -> str:
        subject, _, trained = choice.row.with_training.partition(", t")
        return f"`{subject}`" + f", t{trained}" * bool(trained)

    columns = [
        texts("your case", (choice.situation for choice in choices)),
        texts("take", map(named, choices)),
        texts("noise variance", map(over, choices)),
        numbers("mean PSNR (dB)", choices, lambda choice: f"{choice.psnr:.2f}"),
        numbers("below the best (dB)", choices, lambda choice: f"{choice.lost:.2f}, at most {choice.worst:.2f}"),
        numbers(
            "s per megapixel", (choice.seconds for choice in choices), lambda seconds: f"{seconds:#.2g}".rstrip(".")
        ),
    ]
    once = any(choice.row.learned and choice.row.seeds == 1 for choice in choices)
    return Table.of(title, columns, "The networks were trained once" if once else "")

"""What a paper needs, as files."""

import re
from pathlib import Path

import pandas as pd
import pytest

import run_all
from bench.analysis.scored import Scored
from bench.report.paper import latex, paper_files, sources, tex
from bench.report.tables.table import Column, Table
from bench.store.store import Store


def test_a_table_becomes_latex_with_its_marks() -> None:
    columns = [
        Column("denoiser", ("unet_bias_free †", "100 % & more")),
        Column("σ=25", ("**31.3 ±0.1**", "1 ?"), right=True),
    ]
    assert latex(Table.of("PSNR (dB)", columns, "**bold**: best"), "Digits. PSNR (10⁻³)", "tab:x").splitlines() == [
        r"\begin{table}",
        r"\centering",
        r"\caption{Digits. PSNR (10$^-$$^3$)}",
        r"\label{tab:x}",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"denoiser & $\sigma$=25 \\",
        r"\midrule",
        r"unet\_bias\_free \dag{} & \textbf{31.3 $\pm$0.1} \\",
        r"100 \% \& more & 1 ? \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip\footnotesize \textbf{bold}: best.",
        r"\end{table}",
    ]
    assert tex("a\\b~c") == r"a\textbackslash{}b\textasciitilde{}c"


def test_a_study_is_exported_with_its_sources_and_commands(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--profile", "smoke", "--results", str(measured / "results")]
    folder = tmp_path / "paper"
    assert run_all.main(["--export-results", str(folder), *where]) == 0
    assert f"exported {folder}" in capsys.readouterr().out
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"scores.csv", "references.bib", "commands.txt", "conditions.txt"} <= names
    assert "tables/across-variance-shapes-gaussian-noise-psnr.tex" in names
    assert len(pd.read_csv(folder / "scores.csv")) == len(pd.read_csv(measured / "results/smoke/scores.csv"))
    for name in names:
        if name.endswith(".tex"):
            text = (folder / name).read_text()
            assert text.isascii(), sorted(set(re.findall(r"[^\x00-\x7f]", text)))
            assert len({line.count(" & ") for line in text.splitlines() if line.endswith(r"\\")}) == 1
        if name.endswith(".pdf"):
            assert (folder / name).read_bytes().startswith(b"%PDF")
    assert any(name.endswith(".pdf") for name in names)
    assert "--denoisers noisy,clip,median,memorizer,conv_autoencoder,unet" in (folder / "commands.txt").read_text()
    assert run_all.main(["--export-results", str(folder), *where]) == 2
    assert "is not empty: name another folder, or add --force" in capsys.readouterr().err
    before = {name: (folder / name).read_bytes() for name in names}
    assert run_all.main(["--export-results", str(folder), "--force", *where]) == 0
    assert before == {name: (folder / name).read_bytes() for name in names}


def test_only_what_was_used_is_cited(measured: Path) -> None:
    cited = re.findall(r"^@\w+{(\w+),$", sources(Scored(Store(measured / "results/smoke"))), re.MULTILINE)
    assert {"desruido", "wang2004ssim", "holm1979", "ronneberger2015unet"} <= set(cited)
    assert not {"dabov2007bm3d", "buades2005nlm", "lehtinen2018noise2noise"} & set(cited)


def test_every_text_of_the_published_tables_has_its_latex() -> None:
    store = Store(Path(__file__).parent.parent / "results" / "full")
    if not store.sections():
        pytest.skip("results/full is not in this checkout")
    for name, data in paper_files(store):
        if name.startswith("figures/"):  # behind all tables
            break
        assert not name.endswith(".tex") or data.isascii(), set(re.findall(r"[^\x00-\x7f]", data.decode()))


def test_a_study_that_is_not_there_is_not_exported(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all.main(["--export-results", "paper", "--profile", "smoke"]) == 2
    assert "nothing was measured in results/smoke" in capsys.readouterr().err
    assert not Path("paper").exists()

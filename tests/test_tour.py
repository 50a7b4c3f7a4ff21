"""The notebook runs from its first cell to its last."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of jupyter's packages, which are not ours
def test_the_tour_runs_and_shows_two_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    tour = ROOT / "examples" / "tour.ipynb"
    notebook = nbformat.read(tour, as_version=4)  # type: ignore[no-untyped-call]  # not annotated there
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    assert (tmp_path / "results" / "smoke").is_dir()

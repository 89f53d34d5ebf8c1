"""What may not be meant stands in the first lines of `adapt` and `compare`, and stops neither."""

from pathlib import Path

import numpy as np
import pytest

from acclimate.__main__ import main

NOTE = "note: x: taken for features of 900 numbers; if it is a signal, set data.preprocessing.x.kind=signal"
SHORT = ["--set", "stages.0.epochs=1", "--device", "cpu"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A table of waveforms in arrays, with a target row of a class that the source lacks."""
    lines = ["id,domain,split,label,x"]
    for row in range(24):
        np.save(tmp_path / f"{row}.npy", np.sin(np.arange(900) / (9 + row)).astype(np.float32))
        label = "nap" if row == 23 else ("nod", "wave")[row % 2]
        lines.append(f"{row},{('lab', 'car')[row // 12]},{'train' if row % 12 < 8 else 'test'},{label},{row}.npy")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "table.csv"


def test_adapt_says_it_first_and_nothing_of_the_targets_labels(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shift = ["--source", "lab", "--target", "car", "--reference", "none"]
    command = ["adapt", "source-only", "--data", str(path), *shift, *SHORT, "--out", str(path.parent / "run")]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == NOTE
    assert not any("nap" in line for line in lines)
    assert sum(line.startswith("note: ") for line in lines) == 1


def test_compare_says_it_first(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Test rows of unknown classes too: their labels are for reports."""
    monkeypatch.setattr("acclimate.framework.grid.run_grid.run_cells", lambda *_: [])
    monkeypatch.setattr("acclimate.framework.grid.run_grid.write_results", lambda *_: None)
    shift = ["--shift", "lab:car", "--seeds", "1", "--out", str(path.parent / "grid")]
    assert main(["compare", "--recipes", "source-only", "--data", str(path), *shift, *SHORT]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        NOTE,
        "note: shift lab:car: left out 1 of 4 rows, of classes that the model does not know: 'nap' (1)",
    ]

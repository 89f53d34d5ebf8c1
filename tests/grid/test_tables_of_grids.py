"""A table of a grid is what it holds, wherever it lies; two of one name do not collide; bad rows can be left out."""

import io
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import pytest
from acclimate.framework import DataError, RunError
from acclimate.framework.data import read_table, write_table
from acclimate.framework.files.folder_lock import lock_folder
from acclimate.framework.grid.cell import Shift
from acclimate.framework.grid.display import GridDisplay
from acclimate.framework.grid.plan import Grid, read_recipes
from acclimate.framework.grid.results import read_cells
from acclimate.framework.grid.run_cell import run_cell
from acclimate.framework.grid.run_grid import run_cells, write_results
from rich.console import Console

from acclimate.__main__ import main

from .grids import InThisProcess


def make_grid(folder: Path, data: str | Path, **changes: object) -> Grid:
    recipes = read_recipes((str(folder / "source-only.yaml"),), {})
    return attrs.evolve(Grid(str(data), (Shift(("here",), "there"),), recipes, (0,), device="cpu"), **changes)


def run(grid: Grid, out: Path) -> list[str]:
    """Claim the folder and run what is missing; returns the titles of the cells that ran."""
    executor = InThisProcess()
    assert (
        run_cells(list(grid.claim(out, "compare").cells()), out, executor, GridDisplay(Console(file=io.StringIO())))
        == []
    )
    return executor.ran


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grid of one cell."""
    out = tmp_path_factory.mktemp("tables") / "out"
    assert run(make_grid(folder, folder / "labelled.csv"), out) == ["labelled here:there source-only seed 0"]
    return out


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def test_a_table_is_itself_wherever_it_lies(
    folder: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(folder / "labelled.csv", tmp_path / "elsewhere" / "renamed.csv")
    monkeypatch.chdir(tmp_path / "elsewhere")
    for data in ("renamed.csv", tmp_path / "elsewhere" / "renamed.csv", folder / ".." / folder.name / "labelled.csv"):
        assert run(make_grid(folder, data), out) == []


def test_a_cell_that_was_cut_short_goes_on_under_another_path(
    folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cell,) = out.rglob("cell.json")
    cell.unlink()
    before = (cell.parent / "run" / "metrics.jsonl").read_bytes()
    monkeypatch.chdir(folder)
    assert run(make_grid(folder, "labelled.csv"), out) == ["labelled here:there source-only seed 0"]
    assert cell.is_file()
    assert (cell.parent / "run" / "metrics.jsonl").read_bytes() == before


def test_grids_from_before_tables_had_names_go_on(folder: Path, out: Path) -> None:
    content = json.loads((out / "grid.json").read_text())
    del content["tables"]
    settings = {str(folder / "labelled.csv"): content["settings"]["labelled"]}
    (out / "grid.json").write_text(json.dumps({**content, "settings": settings}))
    assert run(make_grid(folder, folder / "labelled.csv"), out) == []
    assert json.loads((out / "grid.json").read_text())["settings"] == {"labelled": {}}


def test_two_tables_of_one_name_are_two(folder: Path, out: Path, tmp_path: Path) -> None:
    other = write_other(folder, tmp_path / "b" / "labelled.csv")
    (title,) = run(make_grid(folder, other), out)
    assert title.startswith("labelled-")
    assert run(make_grid(folder, other), out) == []
    assert run(make_grid(folder, folder / "labelled.csv"), out) == []
    names = [cell["settings"]["data"] for cell in read_cells(out)]
    assert names == ["labelled", title.split(maxsplit=1)[0]]
    write_results(out)
    text = (out / "results.md").read_text(encoding="utf-8")
    assert [f"## {name}: here -> there" in text for name in names] == [True, True]


def test_a_file_that_was_changed_is_refused(folder: Path, tmp_path: Path) -> None:
    data = write_other(folder, tmp_path / "mine.csv")
    grid = make_grid(folder, data)
    grid.claim(tmp_path / "out", "compare")
    with data.open("a") as file:
        file.write(data.read_text().splitlines()[-1].replace("there-", "there-more-") + "\n")
    with pytest.raises(RunError, match=r"was started with digest: \w{12} of .*mine\.csv, but is to be resumed with"):
        make_grid(folder, data).claim(tmp_path / "out", "compare")


def write_other(folder: Path, path: Path) -> Path:
    """The table without its last row, in another folder."""
    table = read_table(folder / "labelled.csv")
    path.parent.mkdir(exist_ok=True)
    rows = [
        attrs.evolve(row, cells={name: cell and str(folder / cell) for name, cell in row.cells.items()})
        for row in table.rows[:-1]
    ]
    write_table(table.with_rows(rows), path)
    return path


def test_rows_whose_files_cannot_be_used_are_left_out_of_training_and_scores(folder: Path, tmp_path: Path) -> None:
    data = write_other(folder, tmp_path / "bad.csv")
    table = read_table(data)
    (tmp_path / "bad.npy").write_bytes(b"no array")
    heard = [row for row in table.rows if row.cells["audio"] is not None]
    # One of each domain's training and test rows.
    spoilt = {(row.domain, row.split): row.id for row in heard if row.split != "validation"}.values()
    rows = [
        attrs.evolve(row, cells={**row.cells, "audio": "bad.npy"}) if row.id in spoilt else row for row in table.rows
    ]
    write_table(table.with_rows(rows), data)
    with pytest.raises(DataError, match=r"bad\.npy"):
        make_grid(folder, data).check()
    grid = make_grid(folder, data, skip_bad=True)
    grid.check()
    assert run(grid, tmp_path / "out") == ["bad here:there source-only seed 0"]
    (cell,) = read_cells(tmp_path / "out")
    assert len({(problem["line"], problem["id"]) for problem in cell["skipped"]}) == 4
    write_results(tmp_path / "out")
    text = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert "- rows whose files cannot be used, left out of training and scores: 4" in text
    with pytest.raises(RunError, match="was started with skip_bad: True"):
        run(make_grid(folder, data), tmp_path / "out")


def test_a_grid_is_written_by_one_command_at_a_time(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["compare", "--recipes", str(folder / "source-only.yaml"), "--data", str(folder / "labelled.csv")]
    given += ["--shift", "here:there", "--out", str(out)]
    with lock_folder(out), ThreadPoolExecutor() as pool:
        assert pool.submit(main, given).result() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"acclimate compare: {out} is being written by process ")


def test_a_cell_is_run_by_one_process_at_a_time(folder: Path, tmp_path: Path) -> None:
    (cell,) = make_grid(folder, folder / "labelled.csv").cells()
    with lock_folder(tmp_path / cell.folder / "run"), ThreadPoolExecutor() as pool:
        error = pool.submit(run_cell, cell, tmp_path, {}).exception()
    assert isinstance(error, RunError)
    assert "is being written by process" in str(error)

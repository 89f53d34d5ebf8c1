"""What `data check` accepts can be exported, and the artefact evaluates and predicts the target's test rows."""

import csv
import json
from pathlib import Path

import pytest
from acclimate.framework.data import check_data, read_table
from data.odd_tables import ODDITIES, OddTable, make_good
from numpy.random import default_rng

from acclimate.__main__ import main

ADAPT = ["--source", "A", "--target", "B", "--reference", "none", "--device", "cpu", "--set", "stages.0.epochs=1"]


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize(
    ("needed", "oddities"),
    [("sound", ("stereo target", "extra class", "odd names")), ("text", ("file among text", "test lacks"))],
)
def test_an_accepted_table_goes_all_the_way(
    needed: str,
    oddities: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = make_good(tmp_path, default_rng(3), needed)
    if oddities[-1] == "test lacks":
        _add_vectors(table)
    for oddity in oddities:
        ODDITIES[oddity](table)
    monkeypatch.chdir(tmp_path)
    path = table.write()
    assert check_data(str(path), ["A"], target="B").ok
    assert main(["adapt", "source-only", "--data", str(path), *ADAPT, "--out", "run"]) == 0
    assert main(["export", "run", "--out", "artefact"]) == 0
    evaluation = ["--data", str(path), "--domain", "B", "--no-timing", "--json", "scores.json"]
    scores = []
    for model in ("run", "artefact"):
        assert main(["evaluate", model, *evaluation]) == 0
        scores.append(json.loads((tmp_path / "scores.json").read_text())["left_out"])
    assert scores[0] == scores[1]
    texts = read_table(path).text
    for row in _test_rows(path):
        capsys.readouterr()
        cells = {name: row[name] for name in row if name not in {"id", "domain", "split", "label"} and row[name]}
        option = {name: "--input-text" if name in texts else "--input-file" for name in cells}
        given = [word for name, cell in cells.items() for word in (option[name], f"{name}={cell}")]
        assert main(["predict", "artefact", *given, "--json"]) == 0
        assert sorted(json.loads(capsys.readouterr().out)["modalities"]) == sorted(cells)


def _add_vectors(table: OddTable) -> None:
    for row in table.rows:
        row["vector"] = table.array(5)


def _test_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if (row["domain"], row["split"]) == ("B", "test")]

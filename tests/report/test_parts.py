"""Parts of a page: what they say of odd runs, few rows and many classes."""

import json
import re
from base64 import b64decode
from pathlib import Path

import attrs
import numpy as np
import pytest
import torch
from acclimate.framework import RunError, Task, load_run
from acclimate.framework.data import Problem, Table, read_table
from acclimate.framework.measures import Curve
from acclimate.framework.report.curves import MOST_LINES, Timeline, draw_curves
from acclimate.framework.report.distances import measure_distances
from acclimate.framework.report.embeddings import draw_embeddings
from acclimate.framework.report.finished_run import FinishedRun, read_run
from acclimate.framework.report.matrix import draw_matrix
from acclimate.framework.report.rows import Rows, choose_rows, leave_out_bad, open_rows
from acclimate.framework.report.run_section import describe_run, describe_selection
from acclimate.framework.report.scatter import draw_points
from acclimate.framework.report.scores_section import score_sections
from acclimate.framework.report.sides import observe
from acclimate.framework.report.theme import MUTED, SERIES, series_colour, series_variable
from acclimate.framework.report.training_section import training_section
from acclimate.framework.report.views import Gallery, Note, TableView

from .reading import texts


def svg(uri: str) -> str:
    return b64decode(uri.removeprefix("data:image/svg+xml;base64,")).decode()


@pytest.fixture(scope="module")
def finished(run: Path) -> FinishedRun:
    return read_run(run)


def test_a_fall_below_source_only_is_a_warning(finished: FinishedRun, run: Path) -> None:
    _, schema, _ = load_run(run)
    scores = {"modality_agreement": 2.0, "information_maximisation": -9.0, "soft_neighbourhood_density": 99.0}
    section = describe_run(attrs.evolve(finished, reference=scores), schema, finished.table, {})
    (warning,) = [block for block in section.blocks if isinstance(block, Note)]
    assert warning.tone == "warning"
    assert "modality agreement on the target is" in warning.text
    assert "below source-only's 2.000" in warning.text


def test_without_source_only_its_column_is_left_out(finished: FinishedRun, run: Path) -> None:
    _, schema, _ = load_run(run)
    section = describe_run(attrs.evolve(finished, reference={}), schema, finished.table, {})
    tables = [block for block in section.blocks if isinstance(block, TableView)]
    assert tables[1].columns == ("score", "this run")
    assert len(tables) == len(section.blocks)


def test_a_choice_by_the_source_says_so(finished: FinishedRun) -> None:
    blind = attrs.evolve(finished, best=attrs.evolve(finished.best, target={}))
    assert describe_selection(blind).startswith("the best score on the source's validation rows")


def test_rows_of_the_validation_split_stand_in_for_test_rows(finished: FinishedRun, run: Path, table: Table) -> None:
    _, schema, _ = load_run(run)
    untested = table.with_rows(row for row in table.rows if row.split != "test")
    rows = choose_rows(finished, untested, schema, None, oracle=True)
    assert {row.split for row in rows["source"].table.rows} == {"validation"}
    assert {row.split for row in rows["target"].table.rows} == {"train"}


def test_rows_that_the_run_left_out_are_left_out(finished: FinishedRun, table_path: Path, tmp_path: Path) -> None:
    skipping = attrs.evolve(finished, path=tmp_path)
    whole = open_rows(skipping, finished.table)
    assert len(whole) == len(read_table(table_path))
    first = whole.rows[0]
    (tmp_path / "skipped.json").write_text(json.dumps([attrs.asdict(Problem("no.", first.line, first.id, "audio"))]))
    assert open_rows(skipping, finished.table).rows == whole.rows[1:]
    other = table_path.with_name("other.csv")
    other.write_text(table_path.read_text())
    assert open_rows(skipping, str(other)).rows == whole.rows


def test_rows_that_cannot_be_used_are_left_out_where_asked(run: Path, table: Table) -> None:
    _, schema, _ = load_run(run)
    rows = table.select("here", "test").rows
    broken = attrs.evolve(rows[0], cells={**rows[0].cells, "audio": "missing.npy"})
    found = leave_out_bad({"source": Rows(table.with_rows([broken, *rows[1:]]), "split test")}, schema)["source"]
    assert found.table.rows == rows[1:]
    assert found.split == "split test, without 1 that cannot be used"
    whole = {"source": Rows(table.with_rows(rows), "split test")}
    assert leave_out_bad(whole, schema)["source"].split == "split test"


def test_too_few_rows_have_no_distance_and_no_picture(run: Path, table: Table) -> None:
    method, schema, _ = load_run(run)
    whole = [row for row in table.select("here", "test").rows if len(row.present) == 2]
    poor = [row for row in table.select("there", "test").rows if len(row.present) == 1]
    few = table.with_rows(whole[:2]), table.with_rows(poor[:1])
    sides = observe(method, schema, {"source": Rows(few[0], "few"), "target": Rows(few[1], "few")})
    assert {name: len(side.side.batch) for name, side in sides.items()} == {"source": 2, "target": 1}
    assert measure_distances(sides, seed=0) == []
    assert list(draw_embeddings(sides, schema.tasks, seed=0)) == []
    assert measure_distances({"source": sides["source"]}, seed=0) == []
    confusions = list(score_sections(sides, schema.tasks))[-1]
    pictures = [len(block.pictures) for block in confusions.blocks if isinstance(block, Gallery)]
    assert (confusions.name, pictures) == ("confusions", [3, 2])
    assert [section.name for section in score_sections(sides, (Task("label"),))] == ["scores", "drops"]


def test_features_that_are_not_finite_name_the_sample(run: Path, table: Table) -> None:
    method, schema, _ = load_run(run)
    with torch.no_grad():
        for parameter in method.model.encoders["video"].parameters():
            parameter.fill_(float("nan"))
    rows = table.select("here", "test")
    with pytest.raises(RunError, match=f"'video' are not for sample '{rows.rows[0].id}'"):
        observe(method, schema, {"source": Rows(rows, "test")})


def test_stages_and_rounds_are_parted_and_an_oracle_is_left_out_where_asked(finished: FinishedRun, run: Path) -> None:
    _, schema, _ = load_run(run)
    whole = training_section(finished, schema, oracle=True)
    rounds = tuple({**row, "round": number // 2} for number, row in enumerate(finished.epochs))
    parted = training_section(attrs.evolve(finished, epochs=rounds), schema, oracle=False)
    assert [block.title for block in whole.blocks if isinstance(block, Gallery)][-1] == "Scores by target labels"
    assert not any(
        picture.oracle for block in parted.blocks if isinstance(block, Gallery) for picture in block.pictures
    )
    scores = parted.blocks[0]
    assert isinstance(scores, Gallery)
    assert "Solid: where a stage or round ends." in scores.note
    before = whole.blocks[0]
    assert isinstance(before, Gallery)
    assert svg(scores.pictures[0].uri).count("<path") == svg(before.pictures[0].uri).count("<path") + 1


def test_curves_are_drawn_by_group_and_many_in_several_pictures() -> None:
    line = Curve((1.0, 2.0), (0.5, 0.25))
    names = [f"many/{number}" for number in range(MOST_LINES + 1)]
    curves = {"total": line, "late/term": Curve((2.0,), (1.0,)), **dict.fromkeys(names, line)}
    pictures = draw_curves(curves, Timeline(2.0, chosen=1.0), {"3": 0})
    assert [picture.title for picture in pictures] == ["total", "late/term", "many", "many (2)"]
    assert pictures[0].alternative == "total over epochs: total ends at 0.25"
    assert set(map(str, range(MOST_LINES))) <= set(texts(svg(pictures[2].uri)))


def test_many_classes_are_drawn_without_names_and_few_with_counts() -> None:
    few, many = np.diag([3, 4]), np.eye(40, dtype=np.int64)
    assert {"3", "4", "a", "a very long n…"} <= set(texts(svg(draw_matrix(few, ("a", "a very long name")))))
    assert texts(svg(draw_matrix(many, tuple(map(str, range(40)))))) == ["prediction", "label"]
    crowded = texts(svg(draw_matrix(100 * np.eye(20, dtype=np.int64), tuple(f"c{number}" for number in range(20)))))
    assert "c19" in crowded
    assert "100" not in crowded


def test_classes_beyond_the_last_colour_share_one() -> None:
    assert series_colour(len(SERIES)) == series_colour(-1) == MUTED
    assert series_variable(-1) == "muted"
    points = np.random.default_rng(0).normal(size=(4, 2))
    drawing = svg(draw_points(points, np.array([-1, 0, 0, 1]), points))
    found = re.findall(r"fill: (var\(--[\w-]+\))", drawing)
    assert {"var(--muted)", "var(--series-0)", "var(--series-1)"} <= set(found)

"""Source-only stays unless something else is surely better, and what speaks against an estimate is said."""

from collections.abc import Mapping

import attrs
import pytest
from acclimate.framework.choosing import Pick, judge, pick
from acclimate.framework.choosing.statement import Statement

from .made_statements import TASK, make_statements


def choose(statements: Mapping[str, Statement]) -> Pick:
    finished = [name for name, found in statements.items() if found.is_final]
    return pick([judge(statements, TASK)], statements, [TASK], finished)


def test_the_best_is_taken_if_it_is_surely_better() -> None:
    statements, _ = make_statements({"source-only": 0.5, "coral": 0.7, "rna": 0.9, "mmd": 0.6})
    found = choose(statements)
    assert found.name == "rna"
    assert found.why.startswith("rna is surely better than source-only: estimated .")
    assert found.alarms == ()


def test_source_only_stays_where_gains_are_not_sure() -> None:
    statements, _ = make_statements({"source-only": 0.8, "coral": 0.81, "rna": 0.8, "mmd": 0.8}, rows=150)
    found = choose(statements)
    assert found.name == "source-only"
    assert "is not surely better: estimated" in found.why or "no candidate seems better" in found.why


def test_source_only_stays_where_all_others_are_worse() -> None:
    statements, _ = make_statements({"source-only": 0.9, "coral": 0.6, "rna": 0.5, "mmd": 0.7})
    assert choose(statements) == Pick("source-only", "source-only stays: no candidate seems better")


def test_source_only_stays_where_one_role_model_says_that_nothing_is_gained() -> None:
    statements, _ = make_statements({"source-only": 0.5, "coral": 0.7, "rna": 0.9, "mmd": 0.6})
    judgement = judge(statements, TASK)
    denied = {name: attrs.evolve(found, gains=(0.1, -0.01)) for name, found in judgement.verdicts.items()}
    found = pick([attrs.evolve(judgement, verdicts=denied)], statements, [TASK], list(statements))
    assert found.name == "source-only"
    assert found.why.startswith("source-only stays: rna is not surely better: estimated .")


def test_what_was_left_on_the_way_is_heard_but_not_taken() -> None:
    right = {"source-only": 0.5, "coral": 0.7, "rna": 0.9, "mmd": 0.6}
    statements, _ = make_statements(right, shares={"rna": 0.3})
    assert choose(statements).name == "coral"


@pytest.mark.parametrize(
    ("right", "options", "alarm"),
    [
        ({"source-only": 0.5, "coral": 0.7, "rna": 0.9, "mmd": 0.6}, {"rows": 60}, "the target has 60 rows: below 100"),
        ({"source-only": 0.5, "coral": 0.9}, {}, "2 candidates were judged: below 4"),
        (dict.fromkeys(("source-only", *"abcdefghijkl"), 0.25), {}, "no candidate agrees with the others"),
        (
            {"source-only": 0.5, "coral": 0.7, "rna": 0.9, "mmd": 0.6},
            {"source": 0.3},
            "on the source itself the candidates are right on 0.",
        ),
    ],
)
def test_alarms_say_what_an_estimate_is_worth(right: dict[str, float], options: dict[str, float], alarm: str) -> None:
    statements, _ = make_statements(right, **options)
    assert any(found.startswith(alarm) for found in choose(statements).alarms), choose(statements).alarms

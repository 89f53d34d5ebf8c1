"""A mean teacher with a bank of features, through our loop (change 2)."""

from pathlib import Path

import pytest
from acclimate.framework.data import Table
from bits import same_bits
from loop.small import (
    TARGET,
    Interrupted,
    Interrupting,
    assert_same_runs,
    assert_same_tensors,
    class_spec,
    make_recipe,
    mlp,
    prepare,
    run,
    weights,
)

RECIPE = make_recipe(
    aligners={"classification": class_spec("Supervised"), "teacher": {"class_path": "uses.mean_teacher.MeanTeacher"}},
    model__encoders={"features": mlp(dropout=0.3)},
)


def test_it_is_trained_through_our_loop_and_survives_a_resume_to_the_same_bits(table: Table, tmp_path: Path) -> None:
    run(table, RECIPE, tmp_path / "whole", checkpoint_every=1)
    with pytest.raises(Interrupted):
        run(table, RECIPE, tmp_path / "broken", checkpoint_every=1, display=Interrupting(4))
    run(table, RECIPE, tmp_path / "broken", checkpoint_every=1, resume=True)
    assert_same_runs(tmp_path / "whole", tmp_path / "broken")
    left = weights(tmp_path / "whole")
    assert left["aligners.teacher.bank"].shape == (TARGET, 10)
    assert left["aligners.teacher.bank"].any(dim=1).all()
    teacher, student = (
        left[f"{place}encoders.audio.layers.0.weight"] for place in ("aligners.teacher.teacher.", "model.")
    )
    assert 0 < (teacher - student).abs().max() < 0.1


def test_a_step_is_observed_once_however_many_updates_it_has(table: Table, tmp_path: Path) -> None:
    """After one step of two updates the teacher is where it is after one step of one, which moves only the first."""
    updates = [{"parameters": ["model.encoders.*"]}, {"parameters": ["model.heads.*"]}]
    ends = []
    for count in (1, 2):
        recipe = make_recipe(
            aligners={"teacher": {"class_path": "uses.mean_teacher.MeanTeacher"}},
            stages=[{"name": "only", "epochs": 1, "updates": updates[:count]}],
            training__batch_size=22,
        )
        run(table, recipe, tmp_path / str(count))
        ends.append({key: value for key, value in weights(tmp_path / str(count)).items() if ".teacher." in key})
    assert_same_tensors(*ends)


def test_nothing_is_observed_in_evaluation(table: Table) -> None:
    method, domains = prepare(table, RECIPE)
    assert domains.target is not None
    before = {name: value.clone() for name, value in method.aligners.state_dict().items()}
    source, target = next(domains.source.epoch()), next(domains.target.epoch())
    method.eval().step(source, target)
    method.train().step(source, target, observe=False)
    assert_same_tensors(before, method.aligners.state_dict())
    method.step(source, target)
    assert not same_bits(before["teacher.bank"], method.aligners.state_dict()["teacher.bank"])

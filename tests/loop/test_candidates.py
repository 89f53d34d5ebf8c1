"""Finished runs as Candidates: the same rows as in training, read once, and refused where rows differ."""

from pathlib import Path

import attrs
import pytest
import torch
from acclimate.framework import JOINT, DataError, RunError, adapt_table, read_recipe
from acclimate.framework.data import Table, read_table
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.experiments.candidates import observe_methods, observe_runs
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.experiments.saved_method import load_run
from acclimate.framework.training.monitor import observe_candidate
from acclimate.framework.training.run_options import RunOptions
from bits import assert_same_bits

from .small import SIZES, TARGET, VALIDATION, make_experiment, write_table

SMALL = {
    "model.encoders": {"features": {"class_path": "acclimate.framework.encoders.MLP"}},
    "stages.0.epochs": 1,
    "training.batch_size": 8,
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Table:
    return read_table(write_table(tmp_path_factory.mktemp("table")))


@pytest.fixture(scope="module")
def runs(rows: Table, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("source-only", "coral"):
        adapt_table(make_experiment(rows, read_recipe(name, SMALL)), folder / name, reference=None)
    return [folder / "source-only", folder / "coral"]


def test_they_say_what_they_said_in_training(rows: Table, runs: list[Path]) -> None:
    observed = observe_runs(runs, rows)
    assert [len(observed.source), len(observed.target)] == [VALIDATION, TARGET]
    for path, candidate in zip(runs, observed.candidates, strict=True):
        method, _, recipe = load_run(path)
        _, domains = make_experiment(rows, recipe).open()
        expected = observe_candidate(method, domains, torch.device("cpu"), taught=False)
        for found, wanted in zip(candidate.both, expected.both, strict=True):
            assert found.batch.ids == wanted.batch.ids
            for name, logits in wanted.outputs.logits["label"].items():
                torch.testing.assert_close(found.outputs.logits["label"][name], logits)
        assert candidate.both[1].batch.labels is None
        assert_same_bits(candidate.source_labels("label"), expected.source_labels("label"))


def test_inputs_are_read_when_they_are_asked_for(rows: Table, runs: list[Path]) -> None:
    candidate = observe_runs(runs, rows).candidates[1]
    assert candidate.inputs is not None
    batch = candidate.inputs.rows([3, 0])
    assert batch.ids == tuple(candidate.both[1].batch.ids[position] for position in (3, 0))
    assert batch.labels is None
    found = candidate.inputs.predict(batch).logits["label"][JOINT]
    torch.testing.assert_close(found, candidate.target_logits("label")[[3, 0]])


def test_the_table_is_that_of_the_first_run(tmp_path: Path) -> None:
    """By its name in the run's folder, where no other is given."""
    path = write_table(tmp_path)
    table = read_table(path)
    experiment = Experiment(read_recipe("coral", SMALL), table, ("here",), "there", name=str(path))
    adapt_table(experiment, tmp_path / "run", reference=None)
    assert len(observe_runs([tmp_path / "run"]).target) == TARGET


def test_poisoned_labels_of_the_target_change_nothing(runs: list[Path], rows: Table, tmp_path: Path) -> None:
    poisoned = read_table(write_table(tmp_path, poison=True))
    for first, second in zip(observe_runs(runs, rows).candidates, observe_runs(runs, poisoned).candidates, strict=True):
        assert_same_bits(first.target_logits("label"), second.target_logits("label"))


def test_runs_of_other_rows_are_refused(rows: Table, runs: list[Path], tmp_path: Path) -> None:
    recipe = read_recipe("coral", SMALL)
    adapt_table(make_experiment(rows, recipe), tmp_path / "seed", RunOptions(seed=1), reference=None)
    with pytest.raises(RunError, match=r"of one shift and seed, but .* has seed: 0, and .* has 1"):
        observe_runs([runs[0], tmp_path / "seed"], rows)
    with pytest.raises(RunError, match="runs must be one folder at least"):
        observe_runs([], rows)
    alone = attrs.evolve(make_experiment(rows, read_recipe("source-only", SMALL)), target=None)
    adapt_table(alone, tmp_path / "alone", reference=None)
    with pytest.raises(RunError, match="has no target"):
        observe_runs([tmp_path / "alone"], rows)
    with pytest.raises(DataError, match="target must be a domain"):
        alone.judged_rows()


def test_models_of_other_preprocessing_read_the_rows_by_their_own(rows: Table, runs: list[Path]) -> None:
    """As of a model with an input map beside one without."""
    method, schema, recipe = load_run(runs[0])
    source, target = make_experiment(rows, recipe).judged_rows()
    halved = {name: FeaturesPreprocessing(mean=[0.0] * size, std=[0.5] * size) for name, size in SIZES.items()}
    other = attrs.evolve(schema, preprocessing=halved)
    found = observe_methods([(method, schema), (method, other), (method, schema)], source, target)
    logits = [candidate.target_logits("label") for candidate in found]
    assert_same_bits(logits[0], logits[2])
    assert not torch.allclose(logits[0], logits[1])

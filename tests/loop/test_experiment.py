"""Experiments over tables: what is opened, compared with source-only, loaded again, and said when it falls below."""

import json
from importlib.metadata import version
from pathlib import Path

import attrs
import pytest
from acclimate.framework import DataError, Recipe, RecipeError, RunError, adapt_table, load_run, read_recipe
from acclimate.framework.data import Table, read_table
from acclimate.framework.experiments.comparison import ComparedRun, source_only
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.runs.run_folder import RunFolder
from acclimate.framework.training.adapted import Adapted
from acclimate.framework.training.monitor import Record
from acclimate.framework.training.optimisation import make_optimizer
from acclimate.framework.training.run_options import RunOptions

from .small import (
    SOURCE,
    TARGET,
    VALIDATION,
    assert_same_tensors,
    build,
    class_spec,
    make_experiment,
    make_recipe,
    make_schema,
    weights,
)

IM, AGREEMENT = "information_maximisation", "modality_agreement"


def uda(epochs: int = 1) -> Recipe:
    return read_recipe("rna-uda", {"stages.0.epochs": epochs, "training.batch_size": 8})


def test_opening_makes_loaders_of_both_domains(table: Table) -> None:
    schema, domains = make_experiment(table, uda()).open()
    assert schema.modalities == ("audio", "video")
    assert domains.sizes == {"source": SOURCE, "target": TARGET}
    assert domains.validation.size == VALIDATION
    assert domains.target_in_order is not None
    in_order = [name for batch in domains.target_in_order for name in batch.ids]
    assert in_order == [row.id for row in table.select("there").rows]
    assert all(batch.labels is None for batch in domains.target_in_order)


def test_validation_rows_are_carved_out_of_the_source_where_the_table_has_none(table: Table) -> None:
    training = table.with_rows(row for row in table.rows if row.split == "train")
    for seed in (0, 1):
        _, domains = make_experiment(training, make_recipe(training__validation=0.3)).open(seed)
        ids = [[name for batch in side for name in batch.ids] for side in (domains.source, domains.validation)]
        assert not set(ids[0]) & set(ids[1])
        assert len(ids[0]) + len(ids[1]) == SOURCE
        assert all(name.startswith("here") for name in ids[1])


def test_the_schema_knows_nothing_of_the_target(table: Table) -> None:
    """Neither its classes nor its statistics."""
    other = table.with_rows(
        attrs.evolve(row, labels={"label": "unheard of"}) if row.domain == "there" else row for row in table.rows
    )
    here = table.with_rows(row for row in table.rows if row.domain == "here")
    schemas = [
        Experiment(uda(), rows, "here", target).open()[0]
        for rows, target in ((table, "there"), (other, "there"), (here, None))
    ]
    assert schemas[0] == schemas[1] == schemas[2]


def test_a_recipe_may_know_how_data_are_prepared(table: Table) -> None:
    recipe = make_recipe(data={"preprocessing": {"features": {"mean": [1.0] * 3}, "audio": {"mean": [2.0] * 4}}})
    experiment = make_experiment(table, recipe)
    fitted = {"video": (1.0, 1.0, 1.0), "audio": (2.0, 2.0, 2.0, 2.0)}
    assert {name: part.to_config()["mean"] for name, part in experiment.open()[0].preprocessing.items()} == {
        name: list(mean) for name, mean in fitted.items()
    }
    known = attrs.evolve(experiment, preprocessing={"audio": {"mean": [3.0] * 4}}).open()[0].preprocessing["audio"]
    assert known.to_config()["mean"] == pytest.approx([3.0] * 4)
    assert source_only(recipe).data == recipe.data


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("here", "nowhere", "domain must be one of 'here', 'there', but got 'nowhere'"),
        ("nowhere", "there", "domain must be one of 'here', 'there', but got 'nowhere'"),
        (("here", "there"), "there", "target must not be one of the sources here, there, but got 'there'"),
    ],
)
def test_a_domain_that_cannot_be_is_named(source: str, target: str, message: str, table: Table) -> None:
    with pytest.raises(DataError, match=message):
        Experiment(uda(), table, source, target).open()


def test_a_run_over_a_table_leaves_all_that_explains_it(table: Table, tmp_path: Path) -> None:
    comparison = adapt_table(make_experiment(table, uda()), tmp_path / "run", RunOptions(seed=3))
    folder = RunFolder.open(tmp_path / "run")
    config = folder.config()
    assert config["data"] == {"table": "", "source": ["here"], "target": "there"}
    assert config["samples"] == {"source": SOURCE, "target": TARGET}
    assert config["seed"] == 3
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary == json.loads(json.dumps(comparison.to_json()))
    assert summary["source_only"].keys() == summary["best"]["target"].keys()
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["packages"]["torch"] == version("torch")
    reference = RunFolder.open(tmp_path / "run" / "source-only")
    assert reference.config()["recipe"]["name"] == "source-only"
    assert not (tmp_path / "run" / "source-only" / "summary.json").exists()


def test_a_run_is_loaded_again(table: Table, tmp_path: Path) -> None:
    comparison = adapt_table(make_experiment(table, uda()), tmp_path / "run", reference=None)
    method, schema, recipe = load_run(tmp_path / "run")
    assert recipe == uda()
    assert schema == comparison.schema
    assert_same_tensors(dict(method.state_dict()), dict(comparison.adapted.method.state_dict()))
    last, _, _ = load_run(tmp_path / "run", "last")
    assert_same_tensors(dict(last.state_dict()), weights(tmp_path / "run", "last"))


def test_a_run_that_cannot_be_loaded_is_one_line(table: Table, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run at"):
        load_run(tmp_path)
    adapt_table(make_experiment(table, uda()), tmp_path / "run", reference=None)
    with pytest.raises(RunError, match="no checkpoint at"):
        load_run(tmp_path / "run", "first")
    config = tmp_path / "run" / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("hidden:", "hiden:") if "hidden:" in text else text.replace("batch_size:", "batch:"))
    with pytest.raises(RecipeError, match="unknown key"):
        load_run(tmp_path / "run")
    config.write_text("seed: 0\n")
    with pytest.raises(RunError, match=r"config\.yaml lacks the key 'recipe'"):
        load_run(tmp_path / "run")


def test_a_source_model_is_the_start(table: Table, tmp_path: Path) -> None:
    """With a learning rate of 0, what comes out is what went in."""
    still = {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.0}}
    adapt_table(make_experiment(table, make_recipe()), tmp_path / "source", reference=None)
    recipe = make_recipe(training__optimizer=still, aligners={"rna": class_spec("RelativeNormAlignment")})
    adapt_table(make_experiment(table, recipe), tmp_path / "run", reference=None, initial=tmp_path / "source")
    before, after = weights(tmp_path / "source", "best"), weights(tmp_path / "run", "best")
    assert_same_tensors(before, {name: after[name] for name in before})
    with pytest.raises(RunError, match="was started with initial: "):
        adapt_table(make_experiment(table, recipe), tmp_path / "run", RunOptions(resume=True), reference=None)


def test_a_start_that_does_not_fit_is_named(table: Table, tmp_path: Path) -> None:
    adapt_table(make_experiment(table, make_recipe()), tmp_path / "source", reference=None)
    with pytest.raises(RunError, match=r"source: weight 'encoders\.audio\.layers"):
        adapt_table(make_experiment(table, uda()), tmp_path / "run", reference=None, initial=tmp_path / "source")
    assert not (tmp_path / "run").exists()


def test_generalisation_looks_at_the_target_but_is_not_compared(table: Table, tmp_path: Path) -> None:
    recipe = read_recipe("rna-dg", {"stages.0.epochs": 1, "training.batch_size": 8})
    comparison = adapt_table(make_experiment(table, recipe), tmp_path / "run")
    assert comparison.adapted.best.target
    assert not comparison.reference
    assert not (tmp_path / "run" / "source-only").exists()


def test_a_reference_is_read_before_training(table: Table, tmp_path: Path) -> None:
    adapt_table(make_experiment(table, uda()), tmp_path / "reference")
    comparison = adapt_table(make_experiment(table, uda()), tmp_path / "run", reference=tmp_path / "reference")
    summary = json.loads((tmp_path / "reference" / "summary.json").read_text())
    assert comparison.reference == summary["best"]["target"]
    for damage, message in (("{", "is damaged"), ("{}", "is damaged"), (None, "the run has not ended")):
        file = tmp_path / "reference" / "summary.json"
        file.unlink() if damage is None else file.write_text(damage)
        with pytest.raises(RunError, match=message):
            adapt_table(make_experiment(table, uda()), tmp_path / "late", reference=tmp_path / "reference")
    assert not (tmp_path / "late").exists()


def compare(found: dict[str, float], reference: dict[str, float]) -> ComparedRun:
    record = Record(epoch=0, stage="only", source_score=0.9, target=found, measures={})
    return ComparedRun(Adapted(build(make_recipe()), (record,), record, 1.0), make_schema(), reference)


@pytest.mark.parametrize(
    ("found", "reference", "below"),
    [
        ({IM: 0.5, AGREEMENT: 0.5}, {IM: 0.6, AGREEMENT: 0.4}, {IM: (0.6, 0.5)}),
        ({IM: 0.5, AGREEMENT: 0.5}, {IM: 0.6, AGREEMENT: 0.7}, {IM: (0.6, 0.5), AGREEMENT: (0.7, 0.5)}),
        ({IM: 0.5}, {IM: 0.5, AGREEMENT: 9.0}, {}),
        ({IM: 0.5}, {}, {}),
        # It does not tell which of two models is better.
        ({"soft_neighbourhood_density": 0.5}, {"soft_neighbourhood_density": 0.6}, {}),
    ],
)
def test_scores_that_fall_below_source_only_are_named(
    found: dict[str, float], reference: dict[str, float], below: dict[str, tuple[float, float]]
) -> None:
    comparison = compare(found, reference)
    assert comparison.falls_below == below
    assert comparison.to_json()["falls_below_source_only"] == below


def test_source_only_is_the_same_encoders_trained_as_long() -> None:
    recipe = make_recipe(
        model__fusion=class_spec(".AffinityFusion"),
        parts={"classes": class_spec(".ClassEncoder")},
        aligners={"domain": class_spec("DomainAdversarial"), "pull": class_spec(".PullToClasses")},
        selector=class_spec(".StudyingSelector"),
        stages=[
            {"name": "first", "epochs": 3, "target": False},
            {"name": "second", "epochs": 2, "rounds": 4, "source": False},
        ],
        training__parameter_groups={
            "aligners.domain.*": {"lr": 0.1},
            "parts.*": {"lr": 0.3},
            "model.encoders.*": {"lr": 0.2},
        },
        model__unit_norm=True,
    )
    plain = source_only(recipe)
    assert (plain.model.encoders, plain.training.batch_size) == (recipe.model.encoders, 4)
    # The method's own Fusion, and the part that it shares, mean nothing without its losses.
    assert plain.model.fusion.class_path == "acclimate.adapters.LateSum"
    assert not plain.parts
    assert not plain.model.unit_norm
    assert [stage.epochs for stage in plain.stages] == [11]
    assert not plain.uses_target
    assert set(plain.aligners) == {"classification"}
    # The groups of parts that are gone are gone as well.
    rates = {group["lr"] for group in make_optimizer(build(plain), plain.training).param_groups}
    assert sorted(rates) == pytest.approx([0.01, 0.2])


def test_the_table_says_which_row_is_wrong(tmp_path: Path, table_path: Path) -> None:
    broken = table_path.parent / "broken.csv"
    broken.write_text(table_path.read_text().replace("here-train-4-audio.npy", "absent.npy"))
    with pytest.raises(DataError, match=r"here-train-4.*audio.*absent\.npy"):
        adapt_table(make_experiment(read_table(broken), uda()), tmp_path / "run")
    assert not (tmp_path / "run").exists()

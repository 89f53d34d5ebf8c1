"""Run folders: new ones, ones that are gone on with, and what a killed run leaves."""

import json
from pathlib import Path

import pytest
from acclimate.framework import RunError, read_recipe
from acclimate.framework.files.whole_file import write_whole
from acclimate.framework.runs.run_folder import RunFolder

CONFIG = {"seed": 0, "recipe": {"name": "mine", "training": {"batch_size": 4, "rate": 1e-05}}, "samples": {"source": 3}}


def test_a_run_is_made_and_opened(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "deep" / "run", CONFIG)
    assert RunFolder.open(tmp_path / "deep" / "run").config() == CONFIG


def test_what_cannot_be_written_down_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"must be plain data, so that it can be written down: .*complex"):
        RunFolder.create(tmp_path / "run", {"rate": 1j})
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_run_is_not_overwritten(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, CONFIG)
    with pytest.raises(RunError, match="already holds a run: give another folder, or go on with it by resuming"):
        RunFolder.create(tmp_path, CONFIG)


def test_a_folder_of_somebody_elses_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.part").write_text("mine")
    for resume in (False, True):
        with pytest.raises(RunError, match="is not empty and holds no run"):
            RunFolder.create(tmp_path, CONFIG, resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.part"]
    with pytest.raises(RunError, match="is not empty and holds no run"):
        RunFolder.create(tmp_path / "thesis.part", CONFIG)


def test_every_recipe_of_ours_can_be_gone_on_with(tmp_path: Path) -> None:
    for name in ("rna-uda", "source-only"):
        config = {"recipe": read_recipe(name).to_config(), "seed": 3}
        RunFolder.create(tmp_path / name, config)
        RunFolder.create(tmp_path / name, config, resume=True)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({**CONFIG, "seed": 1}, "was started with seed: 0, but is to be resumed with 1"),
        ({**CONFIG, "recipe": {"name": "other"}}, "was started with recipe.name: 'mine'"),
        (
            {**CONFIG, "recipe": {"name": "mine", "training": {"batch_size": 5, "rate": 1e-05}}},
            "was started with recipe.training.batch_size: 4, but is to be resumed with 5",
        ),
        ({**CONFIG, "samples": {"source": 3, "target": 2}}, "was started with samples.target: None, but is to be"),
        ({**CONFIG, "initial": "elsewhere"}, "was started with initial: None"),
        (
            {**CONFIG, "long": "a" * 1000},
            r"was started with long: None, but is to be resumed with 'a{99} \.\.\. a{49}'",
        ),
    ],
)
def test_a_run_is_gone_on_with_as_it_was_started(tmp_path: Path, config: dict[str, object], message: str) -> None:
    RunFolder.create(tmp_path, CONFIG)
    with pytest.raises(RunError, match=message):
        RunFolder.create(tmp_path, config, resume=True)
    assert RunFolder.open(tmp_path).config() == CONFIG


def test_a_run_that_was_killed_before_it_had_a_configuration_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "config.yaml.123.part").write_text("seed: ")
    RunFolder.create(tmp_path, CONFIG)
    assert RunFolder.open(tmp_path).config() == CONFIG
    assert not list(tmp_path.rglob("*.part"))


def test_going_on_cleans_up_half_written_files_but_no_others(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, CONFIG)
    (tmp_path / "checkpoints" / "last.safetensors.123.part").write_text("half")
    (tmp_path / "notes.part").write_text("mine")
    RunFolder.create(tmp_path, CONFIG, resume=True)
    assert [path.name for path in tmp_path.rglob("*.part")] == ["notes.part"]


def test_metrics_are_cut_back_to_a_length(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, CONFIG)
    assert folder.metrics_length() == 0
    folder.log({"step": 1})
    length = folder.metrics_length()
    folder.log({"step": 2})
    folder.cut_metrics(length)
    folder.log({"step": 3})
    assert list(folder.metrics()) == [{"step": 1}, {"step": 3}]


@pytest.mark.parametrize("left", ["", '{"step": 1}\n', '{"step": 1}\n{"step": 2', '{"step": 1, "more": 0.123456}\n'])
def test_a_log_without_the_rows_that_a_checkpoint_remembers_is_refused(left: str, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, CONFIG)
    folder.log({"step": 1})
    folder.log({"step": 2})
    length = folder.metrics_length()
    (tmp_path / "metrics.jsonl").write_text(left)
    with pytest.raises(
        RunError, match=rf"must have the {length} bytes .* but has {len(left)} or others: bring it back"
    ):
        folder.cut_metrics(length)
    assert (tmp_path / "metrics.jsonl").read_text() == left


def test_a_damaged_log_is_one_line(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, CONFIG)
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1}\n\xff\n')
    with pytest.raises(RunError, match=r"metrics\.jsonl is damaged"):
        list(folder.metrics())


def test_a_half_written_row_is_no_row(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, CONFIG)
    folder.log({"step": 1})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "los')
    assert list(folder.metrics()) == [{"step": 1}]


def test_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run at"):
        RunFolder.open(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "message"), [("a: [", ": not valid YAML"), ("- 1", " must be a mapping, but is list")]
)
def test_a_damaged_configuration_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    RunFolder.create(tmp_path, CONFIG)
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(RunError, match=rf"config\.yaml{message}") as caught:
        RunFolder.create(tmp_path, CONFIG, resume=True)
    assert "\n" not in str(caught.value)


def test_files_are_written_in_one_piece(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, CONFIG)
    folder.write_json("summary.json", {"score": 0.5})
    assert json.loads((tmp_path / "summary.json").read_text()) == pytest.approx({"score": 0.5})
    write_whole(tmp_path / "summary.json", "other")
    assert (tmp_path / "summary.json").read_text() == "other"
    assert not list(tmp_path.rglob("*.part"))

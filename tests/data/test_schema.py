"""What is inferred from the source's training rows."""

import json
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError, Task
from acclimate.framework.data import (
    AudioPreprocessing,
    FeaturesPreprocessing,
    Schema,
    SignalPreprocessing,
    Table,
    TextPreprocessing,
    check_table,
    read_table,
    scan_table,
)
from acclimate.framework.data.preprocessing.tokenizer import SPECIAL_TOKENS
from acclimate.framework.data.schema_fitting import FITTED_ROWS

from .data_files import CLASSES, ENDINGS, write_multimodal_table, write_sound, write_text


def source(folder: Path) -> Table:
    """The source's training rows of a table of three modalities."""
    return read_table(write_multimodal_table(folder)).select("lab", "train")


def test_a_schema_is_inferred(tmp_path: Path) -> None:
    schema = Schema.fit(source(tmp_path))
    assert schema.modalities == ("image", "signal", "speech")
    assert {name: part.shape for name, part in schema.preprocessing.items()} == {
        "image": (3, 6, 8),
        "signal": (3, 50),
        "speech": (300 + 18,),
    }
    assert schema.tasks == (Task("label", CLASSES),)


def test_a_schema_survives_json(tmp_path: Path) -> None:
    schema = Schema.fit(source(tmp_path), tasks={"label": "classes"})
    assert Schema.from_config(json.loads(json.dumps(schema.to_config()))) == schema
    regression = Schema({"a": FeaturesPreprocessing(mean=[0.0], std=[1.0])}, [Task("x")])
    assert Schema.from_config(json.loads(json.dumps(regression.to_config()))) == regression


def test_statistics_come_from_the_given_rows_alone(tmp_path: Path) -> None:
    table = source(tmp_path)
    rows = [int(row.id.removeprefix("row")) for row in table.rows]
    values = np.load(tmp_path / "signals.npz")["watch"][rows].reshape(-1, 3).astype(np.float64)
    signal = Schema.fit(table).preprocessing["signal"]
    assert isinstance(signal, SignalPreprocessing)
    np.testing.assert_allclose(signal.mean, values.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(signal.std, values.std(axis=0), rtol=1e-9)


def test_a_large_table_is_fitted_on_some_rows_from_its_first_to_its_last(tmp_path: Path) -> None:
    rows = 4 * FITTED_ROWS
    np.savez(tmp_path / "a.npz", x=np.arange(rows, dtype=np.float64)[:, np.newaxis])
    lines = [f"{row},lab,train,{row % 2},a.npz:x[{row}]" for row in range(rows)]
    table = read_table(write_text(tmp_path / "table.csv", "id,domain,split,label,x", *lines))
    fitted = Schema.fit(table).preprocessing["x"]
    assert isinstance(fitted, FeaturesPreprocessing)
    picked = np.linspace(0, rows - 1, FITTED_ROWS).round()
    np.testing.assert_allclose(fitted.mean, picked.mean())
    np.testing.assert_allclose(fitted.std, picked.std())


def test_overrides(tmp_path: Path) -> None:
    schema = Schema.fit(source(tmp_path), {"speech": {"samples": 100}, "signal": {"mean": [0.0, 0.0, 0.0]}})
    assert schema.preprocessing["speech"] == AudioPreprocessing(sampling_rate=8000, samples=100)
    assert schema.preprocessing["signal"].to_config()["mean"] == pytest.approx([0.0, 0.0, 0.0])


def test_overrides_of_a_kind_are_for_modalities_that_do_not_stand_for_themselves(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", np.zeros(10))
    lines = ["a,x,train,cut,a.wav,a.wav", "b,x,train,wash,a.wav,a.wav"]
    table = read_table(write_text(tmp_path / "table.csv", "id,domain,split,label,voice,music", *lines))
    schema = Schema.fit(table, {"audio": {"samples": 7}, "music": {}})
    assert {name: part.shape for name, part in schema.preprocessing.items()} == {"voice": (7,), "music": (10,)}


def test_classes_that_are_known_beforehand(tmp_path: Path) -> None:
    table = attrs.evolve(source(tmp_path), classes={"label": ("wave", "bow", *CLASSES[:2])})
    assert table.kind("label") == "classes"
    assert Schema.fit(table.select("lab", "train")).tasks == (Task("label", ("wave", "bow", *CLASSES[:2])),)
    assert check_table(table).problems == ()
    numbers = attrs.evolve(table, classes={"label": ("1", "2")}, kinds={"label": "regression"})
    numbers = numbers.with_rows(attrs.evolve(row, labels={"label": "1"}) for row in numbers.rows)
    assert numbers.kind("label") == "regression"
    assert Schema.fit(numbers).tasks == (Task("label"),)
    with pytest.raises(DataError, match="task must be one of 'label', but got 'verb'"):
        attrs.evolve(table, classes={"verb": CLASSES})


def test_several_tasks_of_both_kinds(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", np.zeros(10))
    lines = ["a,x,train,cut,0.5,3,a.wav", "b,x,train,wash,1,,a.wav", "c,x,train,,2,10,a.wav"]
    header = "id,domain,split,label.verb,label.mood,label.age,audio"
    table = read_table(write_text(tmp_path / "table.csv", header, *lines))
    verb, mood = Task("verb", ("cut", "wash")), Task("mood")
    assert Schema.fit(table).tasks == (verb, mood, Task("age", ("3", "10")))
    assert Schema.fit(table, tasks={"age": "regression"}).tasks == (verb, mood, Task("age"))


def write_speech(folder: Path, *cells: str, labels: str = "12", header: str = "speech") -> Table:
    """A table of speech, or of other cells."""
    write_sound(folder / "a.wav", np.linspace(-0.5, 0.5, 9))
    write_sound(folder / "b.wav", np.linspace(-0.5, 0.5, 9), 16000)
    np.save(folder / "nan.npy", np.array([0.0, np.nan, 1.0]))
    lines = [f"r{row},lab,train,{labels[row % len(labels)]},{cell}" for row, cell in enumerate(cells)]
    return scan_table(write_text(folder / "table.csv", f"id,domain,split,label,{header}", *lines))[0]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["a.wav", "b.wav"],
            "line 3, id 'r1', speech: b.wav: expected a sampling rate of 8000 Hz, but found 16000 Hz.",
        ),
        (["a.wav", "c.wav"], "line 3, id 'r1', speech: c.wav: expected a file, but found none at {folder}/c.wav."),
        (["nan.npy"], "line 2, id 'r0', speech: nan.npy: expected finite numbers, but found nan (1 of 3 values)."),
        (
            ["a.wav", "a fine day"],
            (
                f"line 3, id 'r1', speech: a fine day: expected a file that ends in {ENDINGS}, "
                "`archive.zip!member` or `archive.npz:key[row]`, but found no such ending."
            ),
        ),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path: Path, cells: list[str], message: str) -> None:
    with pytest.raises(DataError) as error:
        Schema.fit(write_speech(tmp_path, *cells))
    assert str(error.value) == message.format(folder=tmp_path)


def test_a_column_of_words_is_not_taken_for_text_unless_that_is_said(tmp_path: Path) -> None:
    table = write_speech(tmp_path, "Ann", "Bob")
    with pytest.raises(
        DataError, match=r"^speech: expected text of more than one word, .* words such as 'Ann': rename"
    ):
        Schema.fit(table)
    assert Schema.fit(table, {"speech": {"kind": "text"}}).preprocessing["speech"].kind == "text"


def test_text_is_fitted_on_all_rows(tmp_path: Path) -> None:
    rows = 3 * FITTED_ROWS
    table = write_speech(tmp_path, *(f"word{row // 2} again" for row in range(rows)))
    fitted = Schema.fit(table).preprocessing["speech"]
    assert isinstance(fitted, TextPreprocessing)
    assert fitted.vocabulary.size == len(SPECIAL_TOKENS) + rows // 2 + 1


def test_a_modality_without_data_is_named(tmp_path: Path) -> None:
    table = write_speech(tmp_path, "a.wav,", "a.wav,", header="speech,image")
    with pytest.raises(DataError) as error:
        Schema.fit(table)
    assert str(error.value) == "modality 'image' must be there in some of the source's training rows, but is in none."


def test_one_class_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        Schema.fit(write_speech(tmp_path, "a.wav", "a.wav", labels="1"))
    assert str(error.value) == "task 'label' needs two or more classes in the source's training rows, but got '1'."


def test_a_source_has_labels(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", np.zeros(3))
    table = read_table(write_text(tmp_path / "table.csv", "id,domain,split,speech", "a,lab,train,a.wav"))
    with pytest.raises(DataError) as error:
        Schema.fit(table)
    assert str(error.value) == "the source must have labels, but the table has no column 'label' or 'label.<task>'."


AUDIO = "sampling_rate, samples, channels, resample"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"overrides": {"sound": {}}}, "modality or kind of input must be one of 'speech', 'audio', but got 'sound'."),
        ({"tasks": {"verb": "classes"}}, "task must be one of 'label', but got 'verb'."),
        (
            {"overrides": {"speech": {"length": 3}}},
            f"line 3, id 'r1', speech: audio preprocessing has the fields {AUDIO}, but got 'length'.",
        ),
    ],
)
def test_names_that_are_not_there(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as error:
        Schema.fit(write_speech(tmp_path, "a.wav", "a.wav"), **arguments)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"tasks": []}, "a schema has the fields preprocessing and tasks, but got tasks."),
        ({"preprocessing": {}, "tasks": [{"name": 1}]}, "a task has the fields name and classes, but got {'name': 1}."),
        (
            {"preprocessing": {}, "tasks": [{"name": "x", "classes": ["a"]}]},
            "task 'x' must have at least two classes, all different, but got ('a',).",
        ),
        (
            {"preprocessing": {"a": {"kind": "smell"}}, "tasks": []},
            (
                "kind of preprocessing must be one of audio, depth, features, image, sequence, signal, text, "
                "but got 'smell'."
            ),
        ),
    ],
)
def test_wrong_configurations_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as error:
        Schema.from_config(config)
    # Other tests of this process make a kind of their own.
    assert str(error.value).replace(" tactile,", "") == message

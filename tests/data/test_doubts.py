"""What may not be meant is said before a training: by `data check`, and by the first lines of `adapt` and `compare`."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Report, check_data, read_table
from acclimate.framework.data.array_doubts import doubt_arrays
from acclimate.framework.data.inferred import Inferred
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.data.run_doubts import LOOKED_AT
from acclimate.framework.data.schema_fitting import FITTED_ROWS
from acclimate.framework.data.validation import SHARE
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.port_names import find_clash
from acclimate.framework.recipes.recipe_files import read_recipe
from numpy.typing import NDArray

from .data_files import write_sound, write_text

COUNTING: list[bool] = []
"""Whether files that are opened are counted: what hears of them can never be taken away."""

RNG = np.random.default_rng(0)
TONE = np.sin(np.arange(16000) / 9)


def write_arrays(folder: Path, shape: tuple[int, ...], dtype: str = "float32") -> Path:
    """A table of 12 arrays of domains `lab` and `car`, half of each for tests."""
    lines = []
    for row in range(12):
        values = RNG.normal(size=shape) if dtype == "float32" else RNG.integers(0, 256, shape)
        np.save(folder / f"{row}.npy", values.astype(dtype))
        split, label = ("train", "train", "test")[row % 3], ("nod", "wave")[row // 2 % 2]
        lines.append(f"{row},{('lab', 'car')[row // 6]},{split},{label},{row}.npy")
    return write_text(folder / "table.csv", "id,domain,split,label,x", *lines)


def notes(report: Report) -> list[str]:
    """Doubts as people see them."""
    assert report.ok, str(report)
    return [doubt.message for doubt in report.doubts]


@pytest.mark.parametrize(
    ("kind", "array", "words"),
    [
        (
            "features",
            TONE,
            "taken for features of 16000 numbers; if it is a signal, set data.preprocessing.x.kind=signal",
        ),
        ("features", RNG.normal(size=16000), "features of 16000 numbers"),
        ("features", np.cumsum(RNG.normal(size=2000)), "features of 2000 numbers"),
        ("features", RNG.normal(size=4096), None),
        ("features", np.cumsum(RNG.normal(size=300)), None),
        ("sequence", np.cumsum(RNG.normal(size=(6, 128)), axis=1), "taken for 6 frames of 128 features"),
        ("sequence", RNG.normal(size=(1, 16000)), "if they are 16000 steps of 1 channels, write them as (16000, 1)"),
        ("sequence", RNG.normal(size=(30, 2048)), None),
        ("sequence", np.cumsum(RNG.normal(size=(9, 128)), axis=0), None),
        ("signal", np.cumsum(RNG.normal(size=(3, 50)), axis=1), "taken for 3 steps of 50 channels"),
        ("signal", np.cumsum(RNG.normal(size=(50, 3)), axis=0), None),
        ("signal", TONE[:, np.newaxis], None),
        (
            "image",
            np.zeros((3, 32, 40), np.uint8),
            "pictures of 3 x 32 pixels with 40 channels; if they have 3 channels",
        ),
        ("image", np.zeros((1, 28, 28), np.uint8), "write them as (28, 28, 1)"),
        ("image", np.zeros((32, 40, 3), np.uint8), None),
        ("image", np.zeros((3, 32), np.uint8), None),
        ("image", np.zeros((3, 32, 4), np.uint8), None),
        ("text", TONE, None),
    ],
)
def test_arrays_in_another_order_are_doubted(kind: str, array: NDArray[np.generic], words: str | None) -> None:
    found = [doubt.message for doubt in doubt_arrays("x", kind, [array, array])]
    assert len(found) == (words is not None)
    assert all(message.startswith("x: ") and str(words) in message for message in found)
    assert list(doubt_arrays("x", kind, [])) == []


def test_constant_and_infinite_arrays_have_no_order() -> None:
    infinite = np.array([np.inf, 1.0, -np.inf, np.nan] * 300)
    assert list(doubt_arrays("x", "features", [infinite, np.full(900, 1e300)])) == []
    assert list(doubt_arrays("x", "features", [np.zeros(900), np.zeros(900)])) == []
    assert list(doubt_arrays("x", "sequence", [np.zeros((3, 100))])) == []


@pytest.mark.parametrize("source", [None, ["lab"]], ids=["all", "source"])
def test_what_files_are_taken_for_is_noted_unless_the_user_says_it(tmp_path: Path, source: list[str] | None) -> None:
    path = write_arrays(tmp_path, (8000,))
    (note,) = notes(check_data(str(path), source))
    assert note == "x: taken for features of 8000 numbers; if it is a signal, set data.preprocessing.x.kind=signal"
    for kind in ("features", "signal"):
        assert notes(check_data(str(path), source, preprocessing={"x": {"kind": kind}})) == []


def test_channels_before_pixels_are_noted(tmp_path: Path) -> None:
    (note,) = notes(check_data(str(write_arrays(tmp_path, (3, 16, 20), "uint8")), ["lab"], target="car"))
    assert "with 20 channels" in note


@pytest.mark.parametrize(
    ("tasks", "modalities", "told", "twins"),
    [
        (["label"], ["video", "video_length"], ["video"], "modality 'video_length', and lengths of 'video'"),
        (["label"], ["video", "video_length"], [], None),
        (["label"], ["a", "a_features"], [], "modality 'a_features', and features of 'a'"),
        (["label"], ["a", "a_logits"], [], "modality 'a_logits', and logits of task 'label' by 'a'"),
        (["mood", "mood_text"], ["text"], [], "logits of task 'mood' by 'text', and logits of task 'mood_text'"),
        (["mood"], ["mood_text", "text"], [], None),
        (["label"], ["a", "b"], ["a", "b"], None),
    ],
)
def test_clashing_names_are_found(tasks: list[str], modalities: list[str], told: list[str], twins: str | None) -> None:
    from acclimate.framework import Task

    found = find_clash([Task(name) for name in tasks], modalities, told)
    assert (twins is None and found is None) or f"would name two: {twins}; rename a column" in str(found)


@pytest.mark.parametrize("source", [None, ["lab"]], ids=["all", "source"])
def test_clashing_names_are_refused_before_training(tmp_path: Path, source: Sequence[str] | None) -> None:
    path = write_arrays(tmp_path, (8, 70))
    text = path.read_text().replace("label,x", "label,video")
    lines = [
        f"{line},{'video_length' if number == 0 else f'{number - 1}.npy'}"
        for number, line in enumerate(text.splitlines())
    ]
    write_text(path, *lines)
    (problem,) = check_data(str(path), source).problems
    assert "'video_length' would name two" in str(problem)
    with pytest.raises(DataError) as error:
        Experiment(read_recipe("source-only"), read_table(path), ("lab",), "car").open()
    assert str(error.value) == str(problem)


def test_what_is_inferred_is_shown(tmp_path: Path) -> None:
    lines = []
    for row in range(8):
        write_sound(tmp_path / f"{row}.wav", RNG.uniform(-0.5, 0.5, 30 + row))
        text = f"a fine day number {row}" if row % 2 else ""
        lines.append(f"{row},{('lab', 'car')[row // 4]},train,{('nod', 'wave')[row // 2 % 2]},{row}.wav,{text}")
    path = write_text(tmp_path / "table.csv", "id,domain,split,label,speech,text", *lines)
    report = check_data(str(path), ["lab"], validation=0.25)
    speech, text = report.inferred
    assert (speech.kind, speech.shape, speech.sampling_rate, speech.rows, speech.of) == ("audio", (33,), 8000, 3, 3)
    assert text.to_json()["preprocessing"]["kind"] == "text"
    shown = str(report).split("\n\n")[-2].splitlines()
    assert shown[0].split() == ["modality", "kind", "shape", "rate", "rows", "preprocessing"]
    assert shown[1].split() == ["speech", "audio", "33", "8000", "Hz", "3", "samples", "33"]
    assert shown[2].startswith("text")
    assert "tokenizer of " in shown[2]


def test_many_numbers_are_counted_and_few_shown() -> None:
    parts = [FeaturesPreprocessing(mean=[0.25] * size, std=[1 / 3] * size) for size in (2, 900)]
    assert [Inferred("x", part, 512, 600).cells()[2:] for part in parts] == [
        ("2", "-", "512 of 600", "mean 0.25 0.25, std 0.333 0.333"),
        ("900", "-", "512 of 600", "mean of 900, std of 900"),
    ]


def test_texts_that_look_like_files_and_sound_of_two_channels_are_noted(tmp_path: Path) -> None:
    lines = []
    for row in range(12):
        write_sound(tmp_path / f"{row}.wav", RNG.uniform(-0.5, 0.5, (30, 1 + row // 6)))
        text = "notes.txt" if row == 7 else f"a fine day {row}"
        lines.append(f"{row},{('lab', 'car')[row // 6]},train,{('nod', 'wave')[row % 2]},{row}.wav,{text}")
    path = write_text(tmp_path / "table.csv", "id,domain,split,label,speech,text", *lines)
    setting = "data.preprocessing.speech.channels=one"
    said = [
        f"speech: sound of several channels, such as 6.wav with 2, is mixed down; with {setting} it is refused",
        "text: 1 of 12 texts look like names of files, such as 'notes.txt', but are taken for text, as most others are",
    ]
    for source in (None, ["lab"]):
        assert notes(check_data(str(path), source)) == said
    mixed = {"speech": {"channels": "mix"}}
    assert notes(check_data(str(path), ["lab"], preprocessing=mixed)) == said[1:]
    refused = check_data(str(path), ["lab"], preprocessing={"audio": {"channels": "one"}}).problems
    assert [problem.id for problem in refused] == [str(row) for row in range(6, 12)]


def test_a_target_without_a_modality_is_noted_and_a_source_without_it_refused(tmp_path: Path) -> None:
    path = write_arrays(tmp_path, (6,))
    rows = path.read_text().splitlines()
    lines = [f"{rows[0]},y", *(f"{row},{'' if ',lab,' in row else '0.npy'}" for row in rows[1:])]
    write_text(path, *lines)
    refused = "modality 'y' must be there in some of the source's training rows, but is in none."
    assert [str(problem) for problem in check_data(str(path), ["lab"], target="car").problems] == [refused]
    with pytest.raises(DataError) as error:
        Experiment(read_recipe("source-only"), read_table(path), ("lab",), "car").open()
    assert str(error.value) == refused
    assert notes(check_data(str(path), ["car"], target="lab")) == [
        "y: no training row of the target 'lab' has it, so nothing of it is adapted"
    ]
    assert notes(check_data(str(path))) == [
        "with 'lab' as the source: no training row has the modality 'y', so training refuses it"
    ]


def test_a_run_says_what_a_check_notes_but_of_the_targets_labels(tmp_path: Path) -> None:
    path = write_arrays(tmp_path, (8000,))
    path.write_text(path.read_text().replace("11,car,test,wave", "11,car,test,nap"))
    experiment = Experiment(read_recipe("source-only"), read_table(path), ("lab",), "car")
    schema, _ = experiment.open()
    said = [doubt.message for doubt in experiment.find_doubts(schema)]
    checked = notes(check_data(str(path), ["lab"], target="car"))
    (of_labels,) = (note for note in checked if note not in said)
    assert of_labels.startswith("task 'label': 1 of 6 rows of domain 'car' are of classes that the source's training")
    assert set(said) < set(checked)


def test_a_domain_that_compare_cannot_name_is_noted_and_others_name_it_whole(tmp_path: Path) -> None:
    path = write_arrays(tmp_path, (6,))
    path.write_text(path.read_text().replace(",lab,", ",lab+x,").replace(",car,", ",c:r,"))
    said = [
        note for note in notes(check_data(str(path), "lab+x", target="c:r")) if "so `compare` cannot name it" in note
    ]
    assert [note.split(" holds")[0] for note in said] == ["domain 'c:r'", "domain 'lab+x'"]


def test_splits_and_domains_that_are_slips_are_noted(tmp_path: Path) -> None:
    path = write_arrays(tmp_path, (6,))
    path.write_text(path.read_text().replace("2,lab,test", "2,lab,val").replace("11,car,", "11,Car ,"))
    said = [
        "1 row of split 'val' is read by no training: its splits are 'train' and 'validation', and 'test' is evaluated",
        "domains 'Car' and 'car' differ in nothing but how they are written, but are two",
    ]
    for source in (None, ["lab"]):
        assert notes(check_data(str(path), source))[:2] == said
    experiment = Experiment(read_recipe("source-only"), read_table(path), ("lab",), "car")
    assert [doubt.message for doubt in experiment.find_doubts(experiment.open()[0])] == said


def test_notes_about_many_domains_are_few(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3, np.float32))
    lines = [f"{row},d{row // 4},train,{('nod', 'wave', f'take {row}')[row % 3]},x.npy" for row in range(160)]
    path = write_text(tmp_path / "table.csv", "id,domain,split,label,x", *lines)
    for source in (None, ["d0", "d1"]):
        said = notes(check_data(str(path), source))
        assert len(said) <= 25
        assert any("more domains have" in note for note in said)


def test_what_a_table_says_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    """Names of domains, classes and files may hold what moves a terminal's cursor, or changes its title."""
    np.save(tmp_path / "x.npy", np.zeros(3, np.float32))
    classes = ("nod", "w\x1b[2Jve")
    lines = [f"{row},lab\x1b]0;x\x07,train,{classes[row % 2]},x.npy" for row in range(8)]
    lines += ["8,lab,train,nod,gone\x1b[2J.npy", "9,Lab,val\x1b[2J,,x.npy"]
    report = check_data(str(write_text(tmp_path / "table.csv", "id,domain,split,label,x", *lines)))
    assert not report.ok
    assert report.doubts
    assert all(letter.isprintable() or letter == "\n" for letter in str(report))
    assert "w?[2Jve" in str(report)


def test_a_target_is_no_source(tmp_path: Path) -> None:
    path = write_arrays(tmp_path, (6,))
    with pytest.raises(DataError) as of_check:
        check_data(str(path), ["lab", "car"], target="car")
    with pytest.raises(DataError) as of_run:
        Experiment(read_recipe("source-only"), read_table(path), ("lab", "car"), "car")
    assert str(of_check.value) == str(of_run.value)


def test_a_domain_of_bad_rows_alone_is_reported_with_them(tmp_path: Path) -> None:
    path = write_arrays(tmp_path, (6,))
    path.write_text(path.read_text().replace(",car,train,", ",car,,").replace(",car,test,", ",car,,"))
    problems = list(map(str, check_data(str(path), ["lab"], target="car").problems))
    assert len(problems) == 7
    assert problems[-1] == "domain must be one of 'lab', but got 'car'."


@pytest.mark.parametrize("source", [None, ["lab"]], ids=["all", "source"])
def test_each_file_is_read_once_but_for_those_that_preprocessing_is_fitted_on(
    tmp_path: Path, source: list[str] | None
) -> None:
    rows = 1500
    for row in range(rows):
        np.save(tmp_path / f"{row}.npy", RNG.normal(size=3).astype(np.float32))
    lines = [f"{row},{('lab', 'car')[row % 2]},train,{('nod', 'wave')[row // 2 % 2]},{row}.npy" for row in range(rows)]
    path = write_text(tmp_path / "table.csv", "id,domain,split,label,x", *lines)
    opened: list[str] = []
    sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" and COUNTING else None)
    COUNTING.append(True)
    try:
        assert check_data(str(path), source).ok
    finally:
        COUNTING.clear()
    reads = sum(name.endswith(".npy") for name in opened)
    # The kind is inferred, then statistics; of each domain a few are looked at once more.
    assert rows <= reads <= rows + 2 * FITTED_ROWS + 2 * LOOKED_AT


def test_the_check_keeps_as_many_rows_for_validation_as_a_recipe() -> None:
    assert read_recipe("source-only").training.validation == pytest.approx(SHARE)


def test_a_modality_in_no_row_is_a_note_where_nothing_can_be_trained(tmp_path: Path) -> None:
    lines = ["id,domain,split,label,a,b", *(f"{row},lab,test,{'xy'[row % 2]},f.npz:a[{row}]," for row in range(4))]
    np.savez(tmp_path / "f.npz", a=np.random.default_rng(0).normal(size=(4, 3)))
    report = check_data(str(write_text(tmp_path / "t.csv", *lines)))
    assert report.problems == ()
    assert any("modality 'b' is in no row" in doubt.message for doubt in report.doubts)

"""All that is wrong with a table, row by row."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from acclimate.framework import DataError
from acclimate.framework.data import Problem, Report, check_data, check_file, check_table, read_table, scan_table

from .data_files import CLASSES, ENDINGS, write_image, write_multimodal_table, write_sound, write_text

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 40)
REFERENCES = f"{ENDINGS}, `archive.zip!member` or `archive.npz:key[row]`"
TO_PNG = "(convert the picture to .png or .jpg)"
HEADER = "id,domain,split,label,image,speech"


def check_rows(folder: Path, *lines: str, header: str = HEADER, source: list[str] | None = None) -> Report:
    """The report on a table of these lines; a.wav and a.png are good, and there are six good rows before them."""
    write_sound(folder / "a.wav", NOISE)
    write_image(folder / "a.png", np.zeros((4, 4), np.uint8))
    good = [f"{domain}{label},{domain},train,{label},a.png,a.wav" for domain in ("lab", "street") for label in CLASSES]
    path = write_text(folder / "table.csv", header, *(good if header == HEADER else []), *lines)
    return check_file(path, source)


def messages(report: Report) -> list[str]:
    """Problems as people see them."""
    return [str(problem) for problem in report.problems]


def notes(report: Report) -> list[str]:
    """Doubts as people see them."""
    assert report.ok
    return [doubt.message for doubt in report.doubts]


def test_a_good_table_has_no_problems(tmp_path: Path) -> None:
    report = check_table(read_table(write_multimodal_table(tmp_path)))
    assert report.ok
    assert report.problems == ()


def test_rows_are_counted(tmp_path: Path) -> None:
    report = check_rows(
        tmp_path, "x,car,train,,a.png,", "y,lab,test,wave,,a.wav", "z,lab,test,nod,,a.wav", "w,lab,train,nod,a.png,"
    )
    lab, other = ("lab", "train"), ("street", "train")
    assert report.parts == (("car", "train"), ("lab", "test"), lab, other)
    assert report.classes == {
        "label": {
            "nod": {lab: 2, ("lab", "test"): 1, other: 1},
            "shake": {lab: 1, other: 1},
            "wave": {lab: 1, ("lab", "test"): 1, other: 1},
            "unlabelled": {("car", "train"): 1},
        }
    }
    assert report.presence == {
        "image+speech": {lab: 3, other: 3},
        "image": {("car", "train"): 1, lab: 1},
        "speech": {("lab", "test"): 2},
    }
    assert report.ok
    spared = (
        "expected rows that can be spared for validation, but found that each holds the last training row of a class: "
        "give the table rows of split 'validation'"
    )
    assert str(report) == "\n".join(
        [
            "task label  car train  lab test  lab train  street train",
            "nod                 0         1          2             1",
            "shake               0         0          1             1",
            "wave                0         1          1             1",
            "unlabelled          1         0          0             0",
            "all                 1         2          4             3",
            "",
            "modalities    car train  lab test  lab train  street train",
            "image+speech          0         0          3             3",
            "image                 1         0          1             0",
            "speech                0         2          0             0",
            "all                   1         2          4             3",
            "",
            "modality  kind   shape      rate     rows  preprocessing",
            "image     image  1 x 4 x 4  -        8     height 4, width 4, mean 0, std 1",
            "speech    audio  40         8000 Hz  8     samples 40",
            "",
            "1 note:",
            f"with 'street' as the source: {spared}",
            "",
            "no problems",
        ]
    )


def test_regression_targets_are_counted(tmp_path: Path) -> None:
    lines = ["a,lab,train,0.5,a.png", "b,lab,train,2,a.png", "c,car,train,,a.png"]
    report = check_rows(tmp_path, *lines, header="id,domain,split,label.mood,image")
    assert report.classes == {"mood": {"labelled": {("lab", "train"): 2}, "unlabelled": {("car", "train"): 1}}}
    assert report.ok


def test_every_problem_is_found_and_named(tmp_path: Path) -> None:
    write_sound(tmp_path / "fast.wav", NOISE, 16000)
    write_sound(tmp_path / "stereo.wav", np.stack([NOISE, NOISE], axis=1))
    write_image(tmp_path / "colour.png", np.zeros((4, 4, 3), np.uint8))
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan], dtype=np.float32), 8000, subtype="FLOAT")
    write_sound(tmp_path / "empty.wav", np.zeros(0))
    write_text(tmp_path / "broken.png", "no picture")
    report = check_rows(
        tmp_path,
        "b,lab,train,nod,gone.png,fast.wav",
        "c,lab,train,nod,broken.png,nan.wav",
        "d,lab,train,nod,colour.png,stereo.wav",
        "e,lab,train,nod,,",
        "d,lab,train,nod,a.png,",
        "f,lab,train,nod,a.wav,empty.wav",
        "g,lab,train,nod,a.bmp,a.png",
        "h,lab,train,,a.png,",
        "i,lab,,nod,a.png,",
        "j,street,train,jump,a.png,",
    )
    assert messages(report) == [
        f"line 8, id 'b', image: gone.png: expected a file, but found none at {tmp_path}/gone.png.",
        "line 8, id 'b', speech: fast.wav: expected a sampling rate of 8000 Hz, as 7 of 8 files have, but found 16000.",
        "line 9, id 'c', image: broken.png: expected an image, but found 11 bytes that are none or damaged.",
        "line 9, id 'c', speech: nan.wav: expected finite numbers, but found nan (1 of 2 values).",
        "line 10, id 'd', image: colour.png: expected 1 channels, as 8 of 9 files have, but found 3.",
        "line 11, id 'e': expected at least one of image, speech, but found no modality.",
        "line 12, id 'd': expected an id of its own, but found it in line 10 too.",
        "line 13, id 'f', image: a.wav: expected the kind image, as 9 of 10 files have, but found audio.",
        "line 13, id 'f', speech: empty.wav: expected at least one value, but found an array of shape (0,).",
        f"line 14, id 'g', image: a.bmp: expected a file that ends in {REFERENCES}, but found .bmp {TO_PNG}.",
        "line 14, id 'g', speech: a.png: expected the kind audio, as 8 of 9 files have, but found image.",
        "line 15, id 'h': task 'label': expected a label, as domain 'lab' has labels, but found an empty cell.",
        "line 16, id 'i': expected a cell in column 'split', but found it empty.",
    ]
    assert not report.ok
    assert str(report).endswith("\n".join(["13 problems:", *messages(report)]))


def test_vectors_have_one_length(tmp_path: Path) -> None:
    for length in (2, 3, 4):
        np.save(tmp_path / f"{length}.npy", np.zeros(length))
    header = "id,domain,split,vector"
    report = check_rows(tmp_path, "a,x,train,2.npy", "b,x,train,3.npy", "c,x,train,3.npy", header=header)
    assert messages(report) == [
        "line 2, id 'a', vector: 2.npy: expected the length 3, as 2 of 3 files have, but found 2."
    ]
    lines = ["a,x,train,2.npy", "b,x,train,3.npy", "c,x,train,4.npy", "d,x,train,4.npy", "e,x,train,3.npy"]
    assert check_rows(tmp_path, *lines, header=header).ok


def test_classes_that_a_source_lacks_are_noted(tmp_path: Path) -> None:
    """A training takes them: it is no closed set, and evaluation leaves their rows out."""
    lines = ["x,car,train,nod,a.png,a.wav", "y,lab,train,jump,a.png,", "z,car,test,wave,a.png,"]
    lack = "its training rows lack classes that {} of 9 rows have: {}"
    said = notes(check_rows(tmp_path, *lines))
    assert said[0] == (
        "with 'car' as the source: task 'label' needs two or more classes in the source's training rows, but got 'nod'"
    )
    assert said[-1] == f"with 'street' as the source: task 'label': {lack.format(1, repr('jump'))}"
    assert len(said) == 4
    (note,) = notes(check_rows(tmp_path, *lines, source=["lab", "car"]))
    assert note.startswith("task 'label': no row of domain 'street' is of class 'jump', which the source has")
    (note,) = notes(check_rows(tmp_path, *lines, source=["car", "street"]))
    assert note == (
        "task 'label': 1 of 4 rows of domain 'lab' are of classes that the source's training rows lack, 'jump' (1): "
        "they are never predicted, and evaluate leaves the rows out"
    )


def test_a_target_needs_no_labels_but_a_source_does(tmp_path: Path) -> None:
    lines = ["x,car,train,,a.png,", "y,car,test,nod,a.png,", "z,lab,test,,a.png,"]
    assert check_rows(tmp_path, *lines).ok
    assert messages(check_rows(tmp_path, *lines, source=["car", "lab"])) == [
        "line 8, id 'x': task 'label': expected a label, as domain 'car' is a source, but found an empty cell."
    ]


def test_text_is_data_but_single_words_are_more_likely_names(tmp_path: Path) -> None:
    header = "id,domain,split,said,speech"
    report = check_rows(tmp_path, "a,x,train,a fine day,a.wav", "b,x,train,,a.wav", header=header)
    assert report.presence == {"said+speech": {("x", "train"): 1}, "speech": {("x", "train"): 1}}
    assert report.ok
    report = check_rows(tmp_path, "a,x,train,Ann,a.wav", "b,x,train,Bob,a.wav", header=header)
    rule = f"expected text of more than one word, or paths that end in {ENDINGS}, but found words such as 'Ann'"
    advice = "rename the column to meta.<name>, or say data.preprocessing.said.kind=text if it is."
    assert messages(report) == [f"said: {rule}: {advice}"]
    assert check_rows(tmp_path, f"a,x,train,{'喂' * 41},a.wav", header=header).ok


def test_a_table_without_a_good_row_is_checked(tmp_path: Path) -> None:
    report = check_rows(tmp_path, "a,x,train,1,,", header=HEADER)
    assert len(report.problems) == 1
    path = write_text(tmp_path / "bad.csv", HEADER, "a,x,train,1,,", "b,x,,1,a.png,")
    assert len(check_file(path).problems) == 2
    assert len(scan_table(path)[0]) == 0


def test_data_are_checked_by_name_or_path(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_text(tmp_path / "table.csv", HEADER, "a,x,train,1,,", "b,x,,1,a.png,")
    assert [problem.line for problem in check_data(str(path)).problems] == [2, 3]
    monkeypatch.setenv("ACCLIMATE_DATA", str(shared_data))
    assert check_data("mosi", ["known"]).ok
    with pytest.raises(DataError, match=r"^data must be the path of a table"):
        check_data("wrists")


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        check_rows(tmp_path, source=["kitchen"])
    assert str(error.value) == "domain must be one of 'lab', 'street', but got 'kitchen'."


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("no."), "no."),
        (Problem("no.", 3), "line 3: no."),
        (Problem("no.", 3, "a"), "line 3, id 'a': no."),
        (Problem("no.", 3, "a", "audio"), "line 3, id 'a', audio: no."),
        (Problem("no.", modality="audio"), "audio: no."),
    ],
)
def test_a_problem_says_where(problem: Problem, text: str) -> None:
    assert str(problem) == text

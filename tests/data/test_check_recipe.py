"""What a recipe knows of the preprocessing, as the check of a table uses it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import check_data
from PIL import Image
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from acclimate.__main__ import main

from .data_files import write_sound, write_text

DEPTH = {"depth": {"kind": "depth"}}


def check(
    path: Path, preprocessing: Mapping[str, Mapping[str, object]] | None = None, source: Sequence[str] | None = None
) -> list[str]:
    """Problems as people see them."""
    return [str(problem) for problem in check_data(str(path), source, preprocessing=preprocessing).problems]


def write_column(folder: Path, modality: str, cells: Sequence[str]) -> Path:
    """A table of one modality, every other row of domain `lab`."""
    lines = [
        f"{row},{('lab', 'car')[row % 2]},train,{('nod', 'wave')[row // 2 % 2]},{cell}"
        for row, cell in enumerate(cells)
    ]
    return write_text(folder / "table.csv", f"id,domain,split,label,{modality}", *lines)


@pytest.fixture
def depths(tmp_path: Path) -> Path:
    """A table of images of 16 bits, of two sizes."""
    for row in range(6):
        Image.fromarray(np.full((4, 5 + row // 4), 1000 + row, np.uint16)).save(tmp_path / f"{row}.png")
    return write_column(tmp_path, "depth", [f"{row}.png" for row in range(6)])


def test_images_of_16_bits_are_good_where_they_are_depth(depths: Path) -> None:
    assert len(check(depths)) == 6
    assert check(depths, DEPTH) == []
    (depths.parent / "3.png").write_bytes(b"no picture")
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(depths.parent / "4.png")
    first, second = check(depths, DEPTH, ["lab"])
    assert first.startswith("line 5, id '3', depth: 3.png: expected an image")
    assert second.startswith("line 6, id '4', depth: 4.png: expected a depth image")


def test_arrays_may_be_sequences_of_few_features(tmp_path: Path) -> None:
    for row, shape in enumerate([(9, 3), (7, 3), (1, 3), (8, 2), (5, 3), (4,)]):
        np.save(tmp_path / f"{row}.npy", np.random.default_rng(row).normal(size=shape))
    path = write_column(tmp_path, "frames", [f"{row}.npy" for row in range(6)])
    assert check(path, {"frames": {"kind": "sequence"}}) == [
        "line 5, id '3', frames: 3.npy: expected 3 channels, as 4 of 5 files have, but found 2.",
        "line 7, id '5', frames: 5.npy: expected features of frames (time, features), but found the shape (4,).",
    ]


def test_arrays_have_the_rate_that_a_recipe_gives_them(tmp_path: Path) -> None:
    for row in (0, 1):
        np.save(tmp_path / f"{row}.npy", np.random.default_rng(row).normal(size=30))
    for row, rate in ((2, 8000), (3, 8000), (4, 16000)):
        write_sound(tmp_path / f"{row}.wav", np.random.default_rng(row).uniform(-0.5, 0.5, 30), rate)
    path = write_column(tmp_path, "speech", ["0.npy", "1.npy", "2.wav", "3.wav", "4.wav"])
    (problem,) = check(path, {"speech": {"kind": "audio", "sampling_rate": 8000}})
    assert problem.startswith("line 6, id '4', speech: 4.wav: expected a sampling rate of 8000 Hz")


def test_what_stands_for_a_kind_holds_for_its_modalities(tmp_path: Path) -> None:
    for row in range(4):
        write_sound(tmp_path / f"{row}.wav", np.zeros(30))
    path = write_column(tmp_path, "speech", [f"{row}.wav" for row in range(4)])
    assert check(path, {"audio": {"sampling_rate": 8000}}) == []
    assert check(path, {"audio": {"sampling_rate": 16000}}) == [
        "line 2, id '0', speech: 0.wav: expected a sampling rate of 16000 Hz, but found 8000 Hz."
    ]
    assert check(path, {"sound": {"samples": 3}}) == [
        "modality or kind of input must be one of 'speech', 'audio', but got 'sound'."
    ]


def test_single_words_are_text_where_the_recipe_says_so(tmp_path: Path) -> None:
    path = write_column(tmp_path, "said", ["fine", "hm", "good", "bad"])
    (stray,) = check(path)
    assert "data.preprocessing.said.kind=text" in stray
    assert check(path, {"text": {"max_length": 4}}) == [stray]
    assert check(path, {"said": {"kind": "text"}}) == []


def test_texts_are_tried_with_the_tokenizer(tmp_path: Path) -> None:
    """A tokenizer that takes letters alone finds nothing in a text of signs."""
    made = Tokenizer(models.WordLevel({"[UNK]": 0, "fine": 1}, unk_token="[UNK]"))  # noqa: S106
    made.normalizer = normalizers.Replace(Regex("[^a-z ]"), "")
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["[PAD]"])
    made.save(str(tmp_path / "tokenizer.json"))
    path = write_column(tmp_path, "said", ["a fine day", "what a day", "? ! ?", "so fine"])
    known = {"text": {"tokenizer": str(tmp_path / "tokenizer.json")}}
    assert check(path) == []
    assert check(path, known) == ["line 4, id '2', said: '? ! ?': expected text, but the tokenizer finds none in it."]
    (problem,) = check(path, {"text": {"tokenizer": str(tmp_path / "none.json")}})
    assert "none.json" in problem


def test_a_kind_that_is_not_known_is_an_error_and_no_problem_of_each_row(depths: Path) -> None:
    with pytest.raises(DataError, match=r"^kind of preprocessing must be one of audio, .*, but got 'deep'\.$"):
        check(depths, {"depth": {"kind": "deep"}})


def test_data_check_reads_a_recipe(depths: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["data", "check", str(depths)]
    assert main(given) == 2
    assert main([*given, "--recipe", "source-only"]) == 2
    assert main([*given, "--recipe", "source-only", "--set", "data.preprocessing={depth: {kind: depth}}"]) == 0
    recipe = depths.parent / "own.yaml"
    recipe.write_text("extends: source-only\ndata: {preprocessing: {depth: {kind: depth}}}\n")
    assert main([*given, "--recipe", str(recipe)]) == 0
    assert main([*given, "--recipe", str(recipe), "--set", "data.preprocessing.depth.kind=image"]) == 2
    capsys.readouterr()
    assert main([*given, "--set", "data.preprocessing.depth.kind=depth"]) == 2
    assert "so it needs --recipe" in capsys.readouterr().err
    assert main([*given, "--recipe", "own"]) == 2
    assert "'own'" in capsys.readouterr().err

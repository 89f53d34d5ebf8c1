"""Settings for files that are not alike: channels of sound and of pictures, and sampling rates."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from acclimate.exporters.web.export import check_settings
from acclimate.framework import DataError
from acclimate.framework.data import (
    AudioPreprocessing,
    Decoded,
    ImagePreprocessing,
    Preprocessing,
    Schema,
    check_file,
    read_table,
)
from acclimate.framework.data.schema_fitting import fit_preprocessing
from acclimate.framework.data.skipping import find_bad_rows
from acclimate.framework.errors import ExportError
from bits import assert_same_bits
from numpy.typing import NDArray

from .data_files import write_image, write_sound, write_text

GENERATOR = np.random.default_rng(0)
HEADER = "id,domain,split,label,file"
STEREO = Decoded("audio", np.array([[0.5, 0.0], [1.0, 0.5]], np.float32), 8000, name="x")


def tone(sampling_rate: int, seconds: float = 0.5, hertz: float = 440.0) -> NDArray[np.float32]:
    """A sine."""
    times = np.arange(int(sampling_rate * seconds)) / sampling_rate
    return (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def write_table(folder: Path, names: list[str]) -> Path:
    """A table of one modality; every second row is of the target."""
    lines = [
        f"{row},{'AB'[row % 2]},{'test' if row > 11 else 'train'},{'xy'[row // 2 % 2]},{name}"
        for row, name in enumerate(names)
    ]
    return write_text(folder / "t.csv", HEADER, *lines)


def problems(path: Path, **settings: object) -> list[str]:
    """What a check finds, with a recipe that says something of the modality."""
    named = check_file(path, ["A"], preprocessing={"file": settings} if settings else None).problems
    return [problem.message for problem in named if problem.line is not None]


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    """A table whose source is mono, and whose target is stereo."""
    for row in range(16):
        write_sound(tmp_path / f"{row}.wav", GENERATOR.uniform(-0.5, 0.5, (300, 2) if row % 2 else 300))
    return write_table(tmp_path, [f"{row}.wav" for row in range(16)])


@pytest.fixture
def rates(tmp_path: Path) -> Path:
    """A table of sound at 8, 16 and 44.1 kHz."""
    for row in range(16):
        rate = (8000, 8000, 16000, 44100)[row % 4]
        write_sound(tmp_path / f"{row}.wav", tone(rate), rate)
    return write_table(tmp_path, [f"{row}.wav" for row in range(16)])


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """A table of pictures of which every fourth one is grey."""
    for row in range(16):
        pixels = GENERATOR.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        write_image(tmp_path / f"{row}.png", pixels[:, :, 0] if row % 4 == 0 else pixels)
    return write_table(tmp_path, [f"{row}.png" for row in range(16)])


def test_channels_of_sound_are_mixed_by_check_and_training_alike(stereo: Path) -> None:
    assert problems(stereo) == []
    table = read_table(stereo)
    fitted = fit_preprocessing(table)["file"]
    assert fitted.settings == {}
    assert fitted(STEREO)[:2] == pytest.approx([0.25, 0.75])
    assert find_bad_rows(table.select(["A"], "train"), [table.select(["B"])]) == ()


@pytest.mark.parametrize("key", ["file", "audio"])
def test_channels_of_sound_are_refused_by_check_and_training_alike(stereo: Path, key: str) -> None:
    settings = {key: {"channels": "one"}}
    table = read_table(stereo)
    found = check_file(stereo, ["A"], preprocessing=settings).problems
    assert [(problem.line, problem.message) for problem in found] == [
        (row + 2, f"{row}.wav: expected sound of one channel, as channels is 'one', but found 2.")
        for row in range(1, 16, 2)
    ]
    bad = find_bad_rows(table.select(["A"], "train"), [table.select(["B"])], settings)
    assert [problem.line for problem in bad] == [row + 2 for row in range(1, 16, 2)]
    fitted = fit_preprocessing(table.select(["A"], "train"), settings)["file"]
    with pytest.raises(DataError, match=r"^x: expected sound of one channel"):
        fitted(STEREO)
    with pytest.raises(DataError, match=r"file: 1\.wav: expected sound of one channel"):
        fit_preprocessing(table, settings)


def test_sound_of_other_rates_is_refused_unless_it_is_resampled(rates: Path) -> None:
    pytest.importorskip("soxr")
    table = read_table(rates)
    with pytest.raises(DataError, match="expected a sampling rate of 8000 Hz, but found 16000 Hz"):
        fit_preprocessing(table)
    assert any("expected a sampling rate of" in message for message in problems(rates))
    for key in ("file", "audio"):
        settings = {key: {"resample": True}}
        assert check_file(rates, ["A"], preprocessing=settings).problems == ()
        assert find_bad_rows(table.select(["A"], "train"), [table.select(["B"])], settings) == ()
        fitted = fit_preprocessing(table, settings)["file"]
        assert isinstance(fitted, AudioPreprocessing)
        assert (fitted.sampling_rate, fitted.samples) == (8000, 4000)
    wanted = fit_preprocessing(table, {"file": {"resample": True, "sampling_rate": 16000}})["file"]
    assert isinstance(wanted, AudioPreprocessing)
    assert (wanted.sampling_rate, wanted.samples) == (16000, 8000)


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
def test_a_tone_stays_what_it_is(rate: int) -> None:
    pytest.importorskip("soxr")
    preprocessing = AudioPreprocessing(sampling_rate=16000, samples=8000, resample=True)
    prepared = preprocessing.prepare(Decoded("audio", tone(rate), rate))
    assert prepared.length is not None
    assert abs(prepared.length - 8000) <= 1
    assert np.abs(prepared.values - tone(16000))[200:-200].max() < 2e-3
    assert_same_bits(preprocessing(Decoded("audio", tone(16000), 16000)), tone(16000))
    assert_same_bits(preprocessing(Decoded("array", tone(16000))), tone(16000))


def test_what_cannot_be_resampled_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    preprocessing = AudioPreprocessing(sampling_rate=16000, samples=10, resample=True)
    for rate in (1, 200, 2_000_000):
        with pytest.raises(DataError, match=f"within 64 times that, but found {rate} Hz"):
            preprocessing(Decoded("audio", tone(8000), rate, name="x"))
    with pytest.raises(DataError, match=r"expected at least one value"):
        preprocessing(Decoded("audio", np.zeros(0, np.float32), 8000, name="x"))
    monkeypatch.setenv("ACCLIMATE_MAX_DECODED", "1")
    with pytest.raises(DataError, match="expected at most 1,048,576 bytes after decoding, but found 7,680,000"):
        preprocessing(Decoded("audio", np.zeros(60_000, np.float32), 500, name="x"))
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(DataError, match=r"resampling needs the library soxr: pip install acclimate\[resample\]"):
        preprocessing(Decoded("audio", tone(8000), 8000, name="x"))


@pytest.mark.parametrize(("channels", "key"), [(1, "file"), (3, "file"), (3, "image")])
def test_grey_beside_colour_is_made_good_by_a_setting(colours: Path, channels: int, key: str) -> None:
    table = read_table(colours)
    with pytest.raises(DataError, match="expected 1 channels, but found 3"):
        fit_preprocessing(table)
    assert len(problems(colours)) == 4
    settings = {key: {"channels": channels}}
    assert check_file(colours, ["A"], preprocessing=settings).problems == ()
    assert find_bad_rows(table.select(["A"], "train"), [table.select(["B"])], settings) == ()
    fitted = fit_preprocessing(table, settings)["file"]
    assert fitted.shape == (channels, 6, 8)
    assert fitted.settings == {"channels": channels}


def test_grey_is_the_lightness_of_colours_and_colour_is_grey_thrice() -> None:
    colour = Decoded("image", np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [80, 80, 80]]], np.uint8))
    grey = ImagePreprocessing(height=1, width=4, mean=[0.0], std=[1 / 255], channels=1)
    assert grey(colour)[0, 0] == pytest.approx([76, 150, 29, 80])
    three = ImagePreprocessing(height=1, width=2, mean=[0.0] * 3, std=[1 / 255] * 3, channels=3)
    for plane in three(Decoded("image", np.array([[7, 9]], np.uint8))):
        assert plane[0] == pytest.approx([7, 9])
    with pytest.raises(DataError, match="expected an image of 1 or 3 channels, to make 3 of them, but found 2"):
        three(Decoded("image", np.zeros((1, 2, 2), np.uint8), name="x"))


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("audio", {"channels": 2}, "channels must be one of mix, one, but got 2."),
        ("audio", {"resample": "yes"}, "resample must be true or false, but got 'yes'."),
        ("image", {"channels": 4}, "but found 1."),
        ("image", {"channels": True}, "channels must be 1 (grey) or 3 (colour), but got True."),
        ("image", {"mean": 3}, "image preprocessing: "),
        ("image", {"height": 10**9}, "a sample may have 67108864 values"),
        ("audio", {"samples": 10**9}, "a sample may have 67108864 values"),
    ],
)
def test_a_setting_that_cannot_be_is_one_line(kind: str, settings: dict[str, object], words: str) -> None:
    sample = STEREO if kind == "audio" else Decoded("image", np.zeros((2, 2), np.uint8), name="x")
    with pytest.raises(DataError) as error:
        Preprocessing.of_kind(kind).fit([sample], settings)
    assert words in str(error.value)


def test_configurations_have_only_what_is_set() -> None:
    plain, resampled = (AudioPreprocessing(8000, 3, resample=resample) for resample in (False, True))
    assert plain.to_config() == {"kind": "audio", "sampling_rate": 8000, "samples": 3}
    assert resampled.to_config() == {"kind": "audio", "sampling_rate": 8000, "samples": 3, "resample": True}
    grey = ImagePreprocessing(1, 2, [0.5], [0.5], channels=1)
    for preprocessing in (plain, resampled, grey, ImagePreprocessing(1, 2, [0.5], [0.5])):
        assert Preprocessing.from_config(preprocessing.to_config()) == preprocessing
    with pytest.raises(DataError, match="mean must have a number for each of 3 channels, but has 1"):
        Preprocessing.from_config({**grey.to_config(), "channels": 3})


def test_a_page_knows_no_settings() -> None:
    plain, mixed = AudioPreprocessing(8000, 3), AudioPreprocessing(8000, 3, resample=True)
    check_settings(Schema({"sound": plain}, ()))
    with pytest.raises(ExportError, match="sound: a page prepares files as they are, but the artefact has resample"):
        check_settings(Schema({"sound": mixed}, ()))


def test_a_run_whose_sound_has_several_rates_and_channels(
    tmp_path: Path, rates: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from acclimate.__main__ import main

    pytest.importorskip("soxr")
    for row in range(8):
        values, rate = soundfile.read(tmp_path / f"{row}.wav")
        write_sound(tmp_path / f"{row}.wav", np.stack([values, values], axis=1), rate)
    settings = ["--set", "data.preprocessing.audio.resample=true", "--set", "training.batch_size=4"]
    command = ["adapt", "source-only", "--data", str(rates), "--source", "A", "--target", "B", "--reference", "none"]
    command += ["--out", str(tmp_path / "run"), "--device", "cpu", "--set", "stages.0.epochs=1", *settings]
    assert main(command) == 0, capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "run"), "--data", str(rates), "--domain", "B", "--no-timing"]) == 0

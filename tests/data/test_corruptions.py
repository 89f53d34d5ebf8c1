"""What each corruption does to sound, pictures and signals, measured."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Samples, Schema, Table, read_cell, read_table, write_table
from acclimate.framework.data.corruptions import PRESETS
from acclimate.framework.data.corruptions.applying import corrupt_decoded
from acclimate.framework.data.corruptions.registry import CORRUPTIONS
from acclimate.framework.data.reading import read_modality
from bits import assert_same_bits, same_bits
from numpy.typing import NDArray

from .data_files import write_image, write_multimodal_table, write_sound, write_text

RATE = 8000


def corrupt(table: Table, modality: str, cell: str) -> Table:
    """The same table with all its rows corrupted."""
    return table.with_rows(attrs.evolve(row, corruptions={modality: cell}) for row in table.rows)


@pytest.fixture
def recordings(tmp_path: Path) -> Table:
    """A second of a tone with a noise floor, loud, soft and in two channels that differ, and a shorter one."""
    generator = np.random.default_rng(0)
    tone = 0.5 * np.sin(np.arange(RATE) / 5) + 0.02 * generator.normal(size=RATE)
    write_sound(tmp_path / "loud.wav", tone)
    write_sound(tmp_path / "soft.wav", 0.02 * tone)
    write_sound(tmp_path / "stereo.wav", np.stack([tone, 0.3 * generator.normal(size=RATE).clip(-2, 2)], axis=1))
    write_sound(tmp_path / "short.wav", tone[: RATE // 2])
    write_sound(tmp_path / "silent.wav", 0 * tone)
    names = ("loud", "soft", "stereo", "short", "silent")
    lines = [f"{name},x,train,{number % 2},{name}.wav" for number, name in enumerate(names)]
    return read_table(write_text(tmp_path / "table.csv", "id,domain,split,label,speech", *lines))


@pytest.fixture
def pictures(tmp_path: Path) -> Table:
    """Two pictures of colours, all values between black and white, and a grey one."""
    generator = np.random.default_rng(1)
    for name, shape in (("a", (40, 50, 3)), ("b", (40, 50, 3)), ("grey", (40, 50))):
        write_image(tmp_path / f"{name}.png", generator.integers(100, 156, shape).astype(np.uint8))
    lines = ["a,x,train,0,a.png", "b,x,train,1,b.png", "grey,y,train,0,grey.png"]
    return read_table(write_text(tmp_path / "table.csv", "id,domain,split,label,image", *lines))


def decoded_pairs(table: Table, modality: str, cell: str) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """What is read of each row, clean and corrupted."""
    pairs = []
    for clean, spoilt in zip(table.rows, corrupt(table, modality, cell).rows, strict=True):
        before, after = read_modality(table, clean, modality), read_modality(table, spoilt, modality)
        assert before is not None
        assert after is not None
        assert (after.kind, after.sampling_rate, after.name) == (before.kind, before.sampling_rate, before.name)
        assert after.array().shape == before.array().shape
        assert after.array().dtype == before.array().dtype
        pairs.append((before.array(), after.array()))
    return pairs


def mono(recording: NDArray[Any]) -> NDArray[np.float64]:
    """What the preprocessing makes of channels."""
    waveform: NDArray[np.float64] = recording.reshape(len(recording), -1).mean(axis=1, dtype=np.float64)
    return waveform


@pytest.mark.parametrize("snr_db", [20.0, 0.0, -5.0])
def test_sound_has_the_ratio_of_signal_to_noise_that_is_asked_for(recordings: Table, snr_db: float) -> None:
    pairs = decoded_pairs(recordings, "speech", f"audio_snr(snr_db={snr_db})")
    for before, after in pairs[:4]:
        noise = mono(after) - mono(before)
        measured = 10 * np.log10(np.mean(mono(before) ** 2) / np.mean(noise**2))
        assert measured == pytest.approx(snr_db, abs=0.3)
        assert abs(np.mean(noise)) < 0.05 * np.std(noise)
    silent_before, silent_after = pairs[4]
    assert (silent_before == silent_after).all()


def test_noise_on_sound_is_white(recordings: Table) -> None:
    before, after = decoded_pairs(recordings, "speech", "audio_snr(snr_db=0)")[0]
    noise = after - before
    for lag in (1, 2, 5, 31):
        assert abs(np.corrcoef(noise[:-lag], noise[lag:])[0, 1]) < 0.05
    assert np.mean(np.abs(noise) < np.std(noise)) == pytest.approx(0.683, abs=0.02)


def test_noise_by_standard_deviation_is_as_strong_for_soft_and_loud_sound(recordings: Table) -> None:
    for before, after in decoded_pairs(recordings, "speech", "audio_noise(std=0.1)"):
        assert np.std(mono(after) - mono(before)) == pytest.approx(0.1, rel=0.03)


def test_sound_is_cut_off_at_full_scale_where_asked(recordings: Table) -> None:
    loud = decoded_pairs(recordings, "speech", "audio_noise(std=0.8)")[0][1]
    clipped = decoded_pairs(recordings, "speech", "audio_noise(std=0.8, clip=True)")[0][1]
    assert np.abs(loud).max() > 1
    assert_same_bits(clipped, loud.clip(-1, 1))


@pytest.mark.parametrize("factor", [0.1, 0.3, 1.0, 2.0])
def test_brightness_scales_pictures(pictures: Table, factor: float) -> None:
    for before, after in decoded_pairs(pictures, "image", f"brightness(factor={factor})"):
        assert np.abs(after - np.minimum(factor * before.astype(float), 255)).max() <= 0.5 + 1e-4


def test_noise_on_pixels_has_its_standard_deviation_and_leaves_bytes(pictures: Table) -> None:
    for before, after in decoded_pairs(pictures, "image", "pixel_noise(std=0.1)"):
        noise = after.astype(float) - before
        assert noise.std() == pytest.approx(25.5, rel=0.05)
        assert abs(noise.mean()) < 1.5
    black = decoded_pairs(pictures, "image", "brightness(factor=0) + pixel_noise(std=0.1)")[0][1]
    assert np.mean(black == 0) == pytest.approx(0.5, abs=0.03)


def prepared_pairs(table: Table, schema: Schema, modality: str, cell: str) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """The arrays of each row without padding, clean and corrupted; the padding is checked to be the same."""
    clean, spoilt = (Samples(rows, schema, labelled=False) for rows in (table, corrupt(table, modality, cell)))
    axis = schema.preprocessing[modality].time_axis
    pairs = []
    for before, after in zip(clean, spoilt, strict=True):
        values, changed = before.inputs[modality], after.inputs[modality]
        assert changed.dtype == values.dtype
        assert changed.shape == values.shape
        assert after.lengths == before.lengths
        if axis is not None:
            own, behind = np.split(np.moveaxis(values, axis, 0), [before.lengths[modality]])
            own_changed, behind_changed = np.split(np.moveaxis(changed, axis, 0), [after.lengths[modality]])
            assert_same_bits(behind_changed, behind)
            pairs.append((own, own_changed))
        else:
            pairs.append((values, changed))
    return pairs


def test_noise_after_normalisation_has_its_standard_deviation_in_that_unit(pictures: Table) -> None:
    colours = pictures.select("x")
    schema = Schema.fit(colours)
    for before, after in prepared_pairs(colours, schema, "image", "gaussian_noise(std=0.3)"):
        assert (after - before).std() == pytest.approx(0.3, rel=0.05)
    for before, after in prepared_pairs(colours, schema, "image", "gaussian_snr(snr_db=-3)"):
        ratio = np.mean(np.square(before)) / np.mean(np.square(after - before))
        assert 10 * np.log10(ratio) == pytest.approx(-3, abs=0.3)


def test_what_acts_on_files_comes_before_what_acts_on_arrays(pictures: Table) -> None:
    colours = pictures.select("x")
    schema = Schema.fit(colours)
    dark = prepared_pairs(colours, schema, "image", "brightness(factor=0.1)")
    for cell in (
        "brightness(factor=0.1) + gaussian_noise(std=0.3)",
        "gaussian_noise(std=0.3) + brightness(factor=0.1)",
    ):
        both = prepared_pairs(colours, schema, "image", cell)
        for (_, darker), (_, noisy) in zip(dark, both, strict=True):
            assert (noisy - darker).std() == pytest.approx(0.3, rel=0.05)


def test_noise_spares_padding_and_is_measured_without_it(recordings: Table) -> None:
    schema = Schema.fit(recordings)
    pairs = prepared_pairs(recordings, schema, "speech", "gaussian_snr(snr_db=10)")
    assert {len(before) for before, _ in pairs} == {RATE, RATE // 2}
    for before, after in pairs[:4]:
        assert 10 * np.log10(np.mean(before**2) / np.mean((after - before) ** 2)) == pytest.approx(10, abs=0.3)


def test_replaced_images_are_noise_alone(pictures: Table) -> None:
    colours = pictures.select("x")
    pairs = prepared_pairs(colours, Schema.fit(colours), "image", "noise_replacement()")
    for before, after in pairs:
        assert abs(np.corrcoef(before.ravel(), after.ravel())[0, 1]) < 0.05
        assert after.std() == pytest.approx(1, rel=0.03)
        assert abs(after.mean()) < 0.05
    assert not same_bits(pairs[0][1], pairs[1][1])


CELLS = {
    "image": "brightness(factor=0.5) + pixel_noise(std=0.1) + gaussian_noise(std=0.3) + gaussian_snr(snr_db=3)",
    "signal": "gaussian_noise(std=0.3, seed=4)",
    "speech": "audio_noise(std=0.1) + audio_snr(snr_db=3)",
}


@pytest.fixture
def corrupted(tmp_path: Path) -> Table:
    """Pictures, signals and speech, all of them corrupted."""
    table = read_table(write_multimodal_table(tmp_path))
    return table.with_rows(attrs.evolve(row, corruptions=CELLS) for row in table.rows)


def test_a_row_is_corrupted_in_the_same_way_in_every_epoch_and_order(corrupted: Table) -> None:
    schema = Schema.fit(corrupted.select("lab", "train"))
    first = [Samples(corrupted, schema, labelled=False, cache_bytes=0)[index] for index in range(24)]
    backwards = Samples(corrupted.with_rows(reversed(corrupted.rows[::2])), schema, labelled=False, cache_bytes=0)
    for sample in [*backwards, *backwards]:
        again = next(other for other in first if other.id == sample.id)
        for name, values in sample.inputs.items():
            assert_same_bits(values, again.inputs[name])


IN_ANOTHER_PROCESS = """
import sys, hashlib
from acclimate.framework.data import Samples, Schema, read_table
table = read_table(sys.argv[1])
samples = Samples(table, Schema.fit(table.select("lab", "train")), labelled=False)
print(hashlib.sha256(b"".join(samples[3].inputs[name].tobytes() for name in sorted(CELLS))).hexdigest())
assert "torch" not in sys.modules
"""


def test_a_row_is_corrupted_in_the_same_way_in_every_process(corrupted: Table, tmp_path: Path) -> None:
    write_table(corrupted, tmp_path / "corrupted.csv")
    code = IN_ANOTHER_PROCESS.replace("CELLS", repr(sorted(CELLS)))
    command = [sys.executable, "-c", code, str(tmp_path / "corrupted.csv")]
    found = {
        subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }
    samples = Samples(corrupted, Schema.fit(corrupted.select("lab", "train")), labelled=False)
    here = hashlib.sha256(b"".join(samples[3].inputs[name].tobytes() for name in sorted(CELLS))).hexdigest()
    assert found == {f"{here}\n"}


@pytest.mark.parametrize(
    "other", ["gaussian_noise(std=0.3, seed=5)", "row", "modality", "gaussian_snr(snr_db=10, seed=4)"]
)
def test_another_seed_row_modality_or_corruption_has_other_noise(tmp_path: Path, other: str) -> None:
    np.savez(tmp_path / "signals.npz", a=np.zeros((1, 500, 2)) + np.arange(2), b=np.zeros((1, 500, 2)) + np.arange(2))
    lines = ["id,domain,split,label,a,b", "x,d,train,0,signals.npz:a[0],signals.npz:b[0]"]
    lines.append("y,d,train,1,signals.npz:a[0],signals.npz:b[0]")
    table = read_table(write_text(tmp_path / "table.csv", *lines))
    schema = Schema.fit(table, {name: {"mean": (0.0, 0.0), "std": (1.0, 1.0)} for name in ("a", "b")})
    cell = "gaussian_noise(std=0.3, seed=4)"
    noise = Samples(corrupt(table, "a", cell), schema, labelled=False)[0].inputs["a"].copy()
    if other == "row":
        compared = Samples(corrupt(table, "a", cell), schema, labelled=False)[1].inputs["a"]
    elif other == "modality":
        compared = Samples(corrupt(table, "b", cell), schema, labelled=False)[0].inputs["b"]
    else:
        compared = Samples(corrupt(table, "a", other), schema, labelled=False)[0].inputs["a"]
    offset = np.arange(2)[:, np.newaxis]
    assert abs(np.corrcoef((noise - offset).ravel(), (compared - offset).ravel())[0, 1]) < 0.1


@pytest.mark.parametrize(("modality", "cell"), [("speech", "brightness(factor=0.1)"), ("image", "audio_snr(snr_db=1)")])
def test_a_corruption_that_does_not_fit_is_named_with_its_row(corrupted: Table, modality: str, cell: str) -> None:
    wrong = corrupt(corrupted, modality, cell)
    name, kinds = cell.partition("(")[0], {"speech": ("image", "audio"), "image": ("audio", "image")}[modality]
    schema = Schema.fit(corrupted.select("lab", "train"))
    with pytest.raises(DataError) as error:
        Samples(wrong, schema, labelled=False)
    assert str(error.value) == f"line 2, id 'row0', {modality}: {name} is for {kinds[0]}, but this is {kinds[1]}."
    with pytest.raises(DataError) as error:
        Schema.fit(wrong.select("lab", "train"))
    file = wrong.rows[0].cells[modality]
    assert str(error.value) == (
        f"line 2, id 'row0', {modality}: {file}: {name} is for {kinds[0]}, but this is {kinds[1]}."
    )


def test_brightness_refuses_an_array_of_numbers(corrupted: Table) -> None:
    with pytest.raises(
        DataError, match=r"^line 2, id 'row0', signal: signals\.npz:watch\[0\]: expected an image of bytes"
    ):
        Schema.fit(corrupt(corrupted, "signal", "brightness(factor=0.1)"))


def test_corrupting_leaves_what_is_read_from_a_file_alone(recordings: Table) -> None:
    decoded = read_cell("loud.wav", recordings.root)
    before = decoded.array().copy()
    row = attrs.evolve(recordings.rows[0], corruptions={"speech": "audio_noise(std=1)"})
    spoilt = corrupt_decoded(decoded, row, "speech")
    assert not same_bits(spoilt.array(), before)
    assert_same_bits(decoded.array(), before)


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_severities_grow(name: str) -> None:
    found = CORRUPTIONS[name]
    steps = np.diff(found.severities)
    rising = found.severity_argument not in {"factor", "snr_db"}
    assert (steps > 0).all() if rising else (steps < 0).all()


def test_the_page_of_corruptions_has_every_one_with_its_severities() -> None:
    page = (Path(__file__).parents[2] / "docs" / "corruptions.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| `")]
    written = {cells[0].strip("`"): tuple(map(float, cells[-5:])) for cells in rows if len(cells) == 9}
    assert written == {name: known.severities for name, known in CORRUPTIONS.items()}
    named = {cells[0].strip("`") for cells in rows if len(cells) == 4}
    assert named == set(PRESETS)

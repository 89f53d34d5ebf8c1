"""Artefacts that are written again with maps before their encoders, and the command that finds these."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from acclimate.exporters import Session, SessionPredictor, map_artefact, mapped_artefact
from acclimate.exporters.artefact import Form
from acclimate.framework import ExportError
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.data.input_maps import Affine, Composition, Filtering, Flip
from acclimate.framework.maps import FoundMaps

from acclimate.__main__ import main

from .trio import FORMS, Trio, export_trio

MOTION = Composition(
    "all",
    (
        Affine("mixed", ((0.0, 2.0), (-1.0, 0.5)), (0.25, 0.0)),
        Filtering("echo", (1.0, 0.5), axis=1),
        Flip("reversed", axis=1),
    ),
)
FOUND = FoundMaps({"motion": MOTION, "place": Affine("half", (0.5,) * 3, (1.0,) * 3)}, (), {}, {}, rows=8)
WRIST = Path(str(files("acclimate.zoo") / "checkpoints/source-only.wrist"))


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Trio:
    return export_trio(tmp_path_factory.mktemp("trio"))


def draw_rows(trio: Trio) -> Arrays:
    present = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 0, 0], [1, 1, 0]], bool)
    lengths = {"motion": np.array([12, 5, 1, 1, 7, 2]), "note": np.array([3, 1, 12, 1, 1, 4])}
    return Arrays(trio.draw(6), present, None, tuple("abcdef"), ("t",) * 6, np.arange(6), lengths)


@pytest.mark.parametrize("form", FORMS)
def test_the_new_artefact_maps_what_the_old_one_was_given_mapped(form: Form, trio: Trio, tmp_path: Path) -> None:
    rows = draw_rows(trio)
    config = map_artefact(trio.folders[form], FOUND, tmp_path / "mapped", rows)
    new, old = Session(tmp_path / "mapped"), Session(trio.folders[form])
    assert new.config == config
    assert dict(new.schema.maps) == dict(FOUND.maps)
    assert not old.schema.maps
    mapped = {
        **rows.inputs,
        "motion": MOTION(rows.inputs["motion"], rows.lengths["motion"]),
        "place": FOUND.maps["place"](rows.inputs["place"]),
    }
    given = {name: values.copy() for name, values in rows.inputs.items()}
    given["motion"][~rows.present[:, 0]] = np.nan
    found = SessionPredictor(new)(given, rows.present, rows.lengths)
    expected = SessionPredictor(old)(mapped, rows.present, rows.lengths)
    for task, by_modality in expected.items():
        for name, values in by_modality.items():
            np.testing.assert_allclose(found[task][name], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_maps_are_put_before_those_that_are_there(form: Form, trio: Trio, tmp_path: Path) -> None:
    """Turned about twice, a row is as it was."""
    rows = draw_rows(trio)
    once = FoundMaps({"motion": Flip("reversed", axis=1)}, (), {}, {}, rows=6)
    map_artefact(trio.folders[form], once, tmp_path / "once", rows)
    map_artefact(tmp_path / "once", once, tmp_path / "twice", rows)
    twice = Session(tmp_path / "twice")
    assert twice.schema.maps["motion"].name == "reversed, then reversed"
    found = SessionPredictor(twice)(rows.inputs, rows.present, rows.lengths)["label"]["joint"]
    expected = SessionPredictor(Session(trio.folders[form]))(rows.inputs, rows.present, rows.lengths)["label"]["joint"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_graph_that_does_not_map_is_refused_and_nothing_written(
    trio: Trio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped_artefact, "_put_maps", lambda *_: None)
    with pytest.raises(ExportError, match="the mapped graph is refused: its label of"):
        map_artefact(trio.folders["branch"], FOUND, tmp_path / "mapped", draw_rows(trio))
    assert not (tmp_path / "mapped").exists()


def test_an_artefact_is_not_mapped_in_its_own_folder(trio: Trio) -> None:
    with pytest.raises(ExportError, match="holds the artefact that is mapped: give another folder"):
        map_artefact(trio.folders["branch"], FOUND, trio.folders["branch"], draw_rows(trio))


def test_without_onnx_one_line_says_what_to_install(
    trio: Trio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped_artefact, "find_spec", lambda _: None)
    with pytest.raises(ExportError, match=r"needs the package onnx: pip install 'acclimate\[map\]'"):
        map_artefact(trio.folders["branch"], FOUND, tmp_path / "mapped", draw_rows(trio))


def test_the_command_maps_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["map", str(WRIST), "--data", "wrist", "--domain", "left_arm", "--rows", "60"]
    assert main([*command, "--out", str(tmp_path / "mapped"), "--json", str(tmp_path / "found.json")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("one device, by the columns' names: accelerometer 'accelerometer'")
    assert said[1].startswith("accelerometer and gyroscope: mirrored in x, best of 48 maps: information +")
    assert said[2].startswith("information_maximisation: ")
    assert said[-1].startswith(f"{tmp_path / 'mapped'}: the artefact, with its inputs mapped")
    maps = Session(tmp_path / "mapped").schema.maps
    assert {found.name for found in maps.values()} == {"mirrored in x"}
    assert json.loads((tmp_path / "found.json").read_text())["rows"] == 60


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--domain", "left_arm", "--sensors", "thermometer=x"], "a device is written as SENSOR=MODALITY"),
        (["--domain", "left_arm", "--sensors", "gyroscope=spin"], "a device's signal must be a modality"),
        (["--domain", "left", "--rows", "60"], "domain must be one of"),
        (["--domain", "left_arm", "--out", str(WRIST)], "holds the model that is mapped"),
        (["--domain", "left_arm", "--json", "found.txt"], "--json"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", str(WRIST), "--data", "wrist", *options]) == 2
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "\n" not in said

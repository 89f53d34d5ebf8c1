"""Artefacts on disk: damaged, altered and foreign ones are refused, and writing never leaves half of one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from acclimate.exporters.artefact_folder import read_artefact, write_artefact
from acclimate.exporters.session import Session, read_config
from acclimate.framework import ExportError
from bits import assert_same_bits
from onnx import TensorProto, helper, numpy_helper

from .conftest import Exported


@pytest.fixture
def folder(recordings: Exported, tmp_path: Path) -> Path:
    """A copy of an artefact, to be harmed."""
    return Path(shutil.copytree(recordings.folder, tmp_path / "copy"))


def test_a_bare_model_file_is_enough(folder: Path, recordings: Exported) -> None:
    (folder / "config.json").unlink()
    bare = (folder / "model.onnx").rename(folder / "renamed.onnx")
    inputs = recordings.inputs(2)
    assert read_config(bare) == Session(bare).config == read_config(recordings.folder)
    assert read_config(bare).schema == recordings.schema
    expected = Session(recordings.folder / "model.onnx").run(inputs)
    assert_same_bits(Session(bare).run(inputs)["logits"], expected["logits"])


def alter_a_byte(folder: Path) -> None:
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)


def truncate(folder: Path) -> None:
    content = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(content[: len(content) // 2])


def truncate_without_config(folder: Path) -> None:
    truncate(folder)
    (folder / "config.json").unlink()


def empty_without_config(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"")
    (folder / "config.json").unlink()


def remove_model(folder: Path) -> None:
    (folder / "model.onnx").unlink()


def damage_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"format": 1, ', encoding="utf-8")


def replace_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"architectures": ["BertModel"]}', encoding="utf-8")


def exchange_labels(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["labels"]["digit"].reverse()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def with_metadata(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change the configuration inside the model, and remove the one beside it."""

    def harm(folder: Path) -> None:
        model = onnx.load(folder / "model.onnx")
        model.metadata_props[0].value = json.dumps(change(json.loads(model.metadata_props[0].value)))
        onnx.save(model, folder / "model.onnx")
        (folder / "config.json").unlink()

    return harm


def set_length(document: dict[str, Any]) -> object:
    document["schema"]["preprocessing"]["wrist-left"]["length"] = 21
    return document


def use_latin_1(folder: Path) -> None:
    (folder / "config.json").write_bytes("groß".encode("latin-1"))


def use_a_foreign_model(folder: Path) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2]) for name in ("x", "y")]
    graph = helper.make_graph([node], "foreign", ports[:1], ports[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    (folder / "config.json").unlink()


def use_another_graph(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    del model.graph.output[1]
    onnx.save(model, folder / "model.onnx")
    (folder / "config.json").unlink()


def move_weights_out(folder: Path) -> None:
    """All but single numbers, which tell shapes: ONNX Runtime refuses these otherwise."""
    model = onnx.load(folder / "model.onnx")
    onnx.save(model, folder / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=64)
    (folder / "config.json").unlink()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (alter_a_byte, "model.onnx is damaged or was altered: .* but config.json says"),
        (truncate, "model.onnx is damaged or was altered"),
        (truncate_without_config, "model.onnx cannot be opened on CPUExecutionProvider: .* parsing failed"),
        (empty_without_config, "model.onnx cannot be opened on CPUExecutionProvider: .* No graph"),
        (remove_model, "holds no artefact that can be read: No such file or directory: .*model.onnx"),
        (damage_config, "config.json is damaged"),
        (replace_config, "config.json is no configuration of an acclimate artefact"),
        (exchange_labels, "hold different configurations"),
        (use_latin_1, "config.json is damaged: it is not UTF-8"),
        (
            with_metadata(lambda _: []),
            "model.onnx is no artefact of acclimate: its 'acclimate.config' is no JSON object",
        ),
        (with_metadata(lambda _: {}), "it has no format and schema"),
        (with_metadata(lambda x: {**x, "format": 2}), "has format 2, but this version of acclimate reads 1"),
        (with_metadata(lambda x: {**x, "schema": {}}), "model.onnx is no configuration .*: a schema has the fields"),
        (
            with_metadata(lambda x: {key: x[key] for key in ("format", "schema", "form", "precision")}),
            r"model.onnx is no configuration .*\('opset'\)",
        ),
        (with_metadata(lambda x: {**x, "form": "tree"}), "its form must be mask, branch, split, but got 'tree'"),
        (with_metadata(lambda x: {**x, "precision": ["int8"]}), "its precision must be .* but got \\['int8'\\]"),
        (with_metadata(set_length), r"'wrist-left' .* rows of shape \(2, 20\), but its .* rows of shape \(2, 21\)"),
        (use_a_foreign_model, "model.onnx is no artefact of acclimate"),
        (use_another_graph, "but its configuration says .*'audio_logits'"),
        (move_weights_out, "model.onnx cannot be opened .*weights.bin, but it is not regular file"),
    ],
)
def test_a_harmed_artefact_is_refused_in_one_line(
    harm: Callable[[Path], None],
    message: str,
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)  # Weights beside the file must not be found through the working folder either.
    harm(folder)
    with pytest.raises(ExportError, match=message) as raised:
        Session(folder)
    assert "\n" not in str(raised.value)
    assert str(folder) in str(raised.value)
    assert capfd.readouterr().err == ""


def test_a_folder_without_artefact_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="holds no artefact that can be read"):
        Session(tmp_path / "nothing")


def test_an_altered_weight_changes_the_hash_but_not_what_loads(folder: Path) -> None:
    """What the hash is for: such a file loads and runs, so only the hash can tell."""
    model = onnx.load(folder / "model.onnx")
    weight = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("heads.digit.audio.weight"))
    weight.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(weight), weight.name))
    onnx.save(model, folder / "model.onnx")
    with pytest.raises(ExportError, match="was altered"):
        Session(folder)
    (folder / "config.json").unlink()
    Session(folder)


@pytest.mark.parametrize("failing", ["model.onnx", "config.json"])
def test_an_interrupted_replacement_leaves_an_artefact_that_loads(
    failing: str, folder: Path, vectors: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = read_artefact(vectors.folder)
    assert stored.document is not None
    replace = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if target.name == failing:
            raise OSError(5, "Input/output error")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ExportError, match="the artefact cannot be written: Input/output error"):
        write_artefact(folder, {"model.onnx": stored.content}, stored.document)
    assert Session(folder).modalities == ("audio", "image", "wrist-left")
    assert [path.name for path in folder.iterdir() if path.suffix == ".onnx"] == ["model.onnx"]


def test_a_full_disk_leaves_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr("os.fsync", fail)
    for target in (folder, tmp_path / "new"):
        with pytest.raises(ExportError, match="No space left on device"):
            write_artefact(target, {"encoders/audio.onnx": b"encoder", "fusion.onnx": b"fusion"}, {})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not (tmp_path / "new").exists()

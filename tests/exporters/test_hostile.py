"""Artefacts that are damaged or made with ill intent, in every form: one ExportError, and no file read but theirs."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from acclimate.exporters import Execution, Graph, Session, read_config
from acclimate.exporters.artefact import Form
from acclimate.exporters.file_names import encoder_files
from acclimate.framework import ExportError
from acclimate.framework.files.hashes import sha256
from bits import assert_same_bits
from onnx import TensorProto

from . import fuzz_documents
from .fuzz_documents import mutate, seeded
from .trio import FORMS, Trio, graph_files, read_metadata, reseal, write_metadata


@pytest.fixture(params=FORMS)
def folder(request: pytest.FixtureRequest, trio: Trio, tmp_path: Path) -> Path:
    """A copy of an artefact of each form, to be harmed."""
    return Path(shutil.copytree(trio.folders[request.param], tmp_path / "artefact"))


@pytest.fixture
def split(trio: Trio, tmp_path: Path) -> Path:
    """A copy of the split artefact."""
    return Path(shutil.copytree(trio.folders["split"], tmp_path / "artefact"))


def refuse(folder: Path, message: str) -> None:
    """Check that an artefact is refused in one line, which names it."""
    with pytest.raises(ExportError, match=message) as raised:
        Session(folder)
    assert "\n" not in str(raised.value)
    assert str(folder) in str(raised.value)


def flip_a_bit(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


@pytest.mark.parametrize(
    "harm",
    [flip_a_bit, lambda content: content[:-1], lambda content: content + b"\0", lambda _: b""],
    ids=["a bit", "shorter", "longer", "empty"],
)
def test_every_altered_file_is_refused(harm: Callable[[bytes], bytes], folder: Path) -> None:
    files = graph_files(folder)
    assert len(files) == (4 if len(files) > 1 else 1)
    for name in files:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(harm(content))
        refuse(folder, f"{name} is damaged or was altered: .* SHA-256")
        (folder / name).write_bytes(content)
    Session(folder)


def test_every_missing_file_is_an_error_that_names_it(folder: Path) -> None:
    for name in graph_files(folder):
        moved = (folder / name).rename(folder / "moved")
        refuse(folder, f"holds no artefact that can be read: No such file or directory: .*({name}|model.onnx)")
        moved.rename(folder / name)


def test_encoders_of_another_model_or_modality_are_refused(split: Path, trio: Trio) -> None:
    shutil.copy(trio.others["split"] / "encoders/place.onnx", split / "encoders/place.onnx")
    refuse(split, "place.onnx is damaged or was altered: .* but fusion.onnx says")
    (split / "config.json").unlink()
    refuse(split, "place.onnx is damaged or was altered: .* but fusion.onnx says")
    shutil.copy(trio.folders["split"] / "encoders/motion.onnx", split / "encoders/place.onnx")
    refuse(split, "place.onnx is damaged or was altered")
    reseal(split)
    refuse(split, r"the encoder of place takes \['motion', 'motion_length'\], but should take place")


def test_a_fusion_of_another_model_is_refused(split: Path, trio: Trio) -> None:
    shutil.copy(trio.others["split"] / "fusion.onnx", split)
    refuse(split, "fusion.onnx is damaged or was altered")
    shutil.copy(trio.others["split"] / "config.json", split)
    refuse(split, "encoders/motion.onnx is damaged or was altered: .* but fusion.onnx says")


def test_files_that_an_artefact_does_not_list_are_not_read(split: Path, trio: Trio) -> None:
    (split / "encoders/smell.onnx").write_bytes(b"no graph")
    (split / "encoders/.place.onnx").mkdir()
    inputs = trio.draw(2)
    found, expected = Session(split).run(inputs), Session(trio.folders["split"]).run(inputs)
    for name, values in expected.items():
        assert_same_bits(found[name], values)


def test_links_count_by_what_they_lead_to(folder: Path, tmp_path: Path) -> None:
    """Caches of downloads are made of links."""
    for name in (*graph_files(folder), "config.json"):
        (folder / name).rename(tmp_path / "content")
        (folder / name).symlink_to(tmp_path / "content")
        Session(folder)
        (tmp_path / "content").write_bytes(flip_a_bit((tmp_path / "content").read_bytes()))
        refuse(folder, "damaged|hold different configurations|no configuration|altered")
        (folder / name).unlink()
        (folder / name).write_bytes(flip_a_bit((tmp_path / "content").read_bytes()))
    Session(folder)


def test_what_is_no_file_is_refused_and_not_waited_for(folder: Path) -> None:
    for name in (*graph_files(folder), "config.json"):
        kept = (folder / name).rename(folder / "kept")
        for make in (
            os.mkfifo,
            lambda path: path.symlink_to("/dev/zero"),
            Path.mkdir,
            lambda path: path.symlink_to(path),
        ):
            make(folder / name)
            refuse(folder, "holds no artefact that can be read: ")
            (folder / name).rmdir() if (folder / name).is_dir() else (folder / name).unlink()
        kept.rename(folder / name)
    Session(folder)


def test_the_bytes_that_were_verified_are_those_that_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is read once, and is another one by the time that ONNX Runtime gets to see it."""
    expected = [sha256((folder / name).read_bytes()) for name in graph_files(folder)]
    opened: list[str] = []
    reads: list[str] = []
    runtime, read_bytes = Execution().runtime, Path.read_bytes

    def replace_and_open(model: bytes, name: str) -> Graph:
        for file in reads:
            (folder / file).write_bytes(b"something else")
        opened.append(sha256(model))
        return runtime(model, name)

    def note_read(path: Path) -> bytes:
        reads.append(str(path.relative_to(folder)))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", note_read)
    Session(folder, runtime=replace_and_open)
    assert sorted(opened) == sorted(expected)
    assert sorted(reads) == sorted([*graph_files(folder), "config.json"])


NAMES = ("../place", "..", "/etc/passwd", "a/b", "a\\b", ".place", "", "pl\0ace", "place\n", "\ud800", "C:place", "a*")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_folder(name: str, split: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever made the artefact also made the file, its hash, and the hash of the fusion."""
    document = json.loads(read_metadata(split / "fusion.onnx"))
    document["schema"]["preprocessing"][name] = document["schema"]["preprocessing"].pop("place")
    encoder = (split / "encoders/place.onnx").read_bytes()
    document["files"][f"encoders/{name}.onnx"] = sha256(encoder)
    (split / "place.onnx").write_bytes(encoder)
    write_metadata(split / "fusion.onnx", json.dumps(document))
    (split / "config.json").unlink()
    reads: list[Path] = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: reads.append(path) or read_bytes(path))
    refuse(split, "cannot be|would name two|holds half a character")
    assert reads == [split / "fusion.onnx"]


@pytest.mark.parametrize("names", [("Place", "place"), ("STRASSE", "straße"), ("e\u0301tage", "étage")])
def test_encoders_that_some_systems_take_for_one_file_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(ExportError, match=r"each modality of a split artefact names a file, but .* name one"):
        encoder_files(names)


@pytest.mark.parametrize("form", FORMS)
def test_any_document_loads_or_is_refused(form: Form, trio: Trio) -> None:
    script = Path(fuzz_documents.__file__)
    command = [sys.executable, script, trio.folders[form] / "config.json", form, "400"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.stderr == ""
    errors = json.loads(answer.stdout)
    assert 200 < len(errors) < 400
    assert all(error.startswith("config.json ") and "\n" not in error for error in errors)


def test_a_changed_document_in_the_graph_loads_or_is_refused(split: Path) -> None:
    """A session compares it with the graph as well."""
    document, generator = json.loads(read_metadata(split / "fusion.onnx")), seeded(0)
    (split / "config.json").unlink()
    refused = 0
    for _ in range(30):
        write_metadata(split / "fusion.onnx", json.dumps(mutate(document, generator)))
        try:
            Session(split)
        except ExportError:
            refused += 1
    assert refused > 15


def test_any_text_of_a_config_loads_or_is_refused(folder: Path) -> None:
    file, generator = folder / "config.json", seeded(0)
    content = file.read_bytes()
    harmed = [content[: generator.randrange(len(content))] for _ in range(30)]
    for _ in range(150):
        changed = bytearray(content)
        for _ in range(generator.randint(1, 3)):
            changed[generator.randrange(len(changed))] = generator.choice(b'\0\n"{}[]:,0-9e\\\xff\xc3x')
        harmed.append(bytes(changed))
    deep = b'{"format": 1, "sha256": "", "schema": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    harmed += [deep, b"[" * 200_000, b"1" * 5_000, b"null", b"NaN", b"", b'"config"', b"\xef\xbb\xbf{}"]
    errors = []
    for text in harmed:
        file.write_bytes(text)
        try:
            read_config(folder)
        except ExportError as error:
            errors.append(str(error))
    assert len(errors) > 100
    assert all(str(folder) in error for error in errors)


def move_out(graph: onnx.GraphProto, location: str) -> list[bytes]:
    """Say of all weights, those in branches too, that they lie in another file; returns its content."""
    content: list[bytes] = []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            values = onnx.numpy_helper.to_array(tensor).tobytes()
            offset = sum(map(len, content))
            onnx.external_data_helper.set_external_data(tensor, location, offset, len(values))
            tensor.ClearField("raw_data")
            content.append(values)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                content += move_out(attribute.g, location)
    return content


LOCATIONS = ("weights.bin", "./weights.bin", "../weights.bin", "encoders/../weights.bin", "link.bin", "ABSOLUTE", "")


@pytest.mark.parametrize("location", LOCATIONS)
def test_weights_outside_of_the_file_are_refused(
    location: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whichever graph, though the files are there, and the hashes right."""
    monkeypatch.chdir(folder)
    for name in graph_files(folder):
        content = (folder / name).read_bytes()
        graph = onnx.load_from_string(content)
        weights = b"".join(move_out(graph.graph, location.replace("ABSOLUTE", str(tmp_path / "weights.bin"))))
        assert weights
        for place in (tmp_path, folder, folder / "encoders"):
            if place.is_dir():
                (place / "weights.bin").write_bytes(weights)
        (folder / "link.bin").unlink(missing_ok=True)
        (folder / "link.bin").symlink_to(tmp_path / "weights.bin")
        (folder / name).write_bytes(graph.SerializeToString())
        reseal(folder)
        refuse(folder, f"{name} cannot be opened on CPUExecutionProvider: .*")
        (folder / name).write_bytes(content)
        reseal(folder)
    Session(folder)


@pytest.mark.parametrize("place", ["an initializer", "a constant"])
def test_weights_at_an_address_in_memory_are_refused(place: str, split: Path) -> None:
    """A mark that ONNX Runtime keeps for itself: such a graph would read the memory of the process."""
    secret = np.full(3, 7, np.float32)
    graph = onnx.load(split / "encoders/place.onnx")
    bias = next(tensor for tensor in graph.graph.initializer if tensor.name.endswith("bias"))
    values = onnx.TensorProto(name=bias.name, data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "*/_ORT_MEM_ADDR_/*"), ("offset", secret.ctypes.data), ("length", secret.nbytes)):
        values.external_data.add(key=key, value=str(value))
    if place == "a constant":
        graph.graph.initializer.remove(bias)
        graph.graph.node.insert(0, onnx.helper.make_node("Constant", [], [values.name], value=values))
    else:
        bias.CopyFrom(values)
    (split / "encoders/place.onnx").write_bytes(graph.SerializeToString())
    reseal(split)
    refuse(split, "place.onnx cannot be opened on CPUExecutionProvider")


def test_constants_that_would_fill_memory_are_not_computed_when_the_graph_is_opened() -> None:
    """ONNX Runtime computes constants at once; these are 4 TB."""
    node = onnx.helper.make_node
    port = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            node("ConstantOfShape", ["shape"], ["zeros"]),
            node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
            node("Add", ["x", "sum"], ["y"]),
        ],
        "large",
        [port("x", TensorProto.FLOAT, [1])],
        [port("y", TensorProto.FLOAT, [1])],
        [onnx.numpy_helper.from_array(np.array([2**40]), "shape")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)
    opened = Execution().runtime(model.SerializeToString(), "here")
    with pytest.raises(ExportError, match=r"^the graph failed while it ran: .*(allocate|bad_alloc)"):
        opened.run({"x": np.zeros(1, np.float32)})

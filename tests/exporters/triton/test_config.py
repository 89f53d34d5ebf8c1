"""What config.pbtxt says, by Triton's own schema, is what the graphs take and give."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import pytest
from acclimate.exporters.artefact import Form
from acclimate.exporters.session import read_config as read_artefact_config
from acclimate.exporters.triton import write_triton
from acclimate.exporters.triton.pbtxt import ENUMS, MESSAGES, read_pbtxt
from acclimate.framework import ExportError
from google.protobuf import descriptor_pb2, text_format

from .artefacts import CLASSES
from .stand_in import read_config, triton_schema

TYPES = {onnx.TensorProto.FLOAT: "TYPE_FP32", onnx.TensorProto.INT64: "TYPE_INT64"}


@pytest.fixture(scope="module", params=["mask", "branch", "split"])
def form(request: pytest.FixtureRequest) -> Form:
    found: Form = request.param
    return found


@pytest.fixture(scope="module")
def artefact(form: Form, artefacts: Mapping[Form, Path]) -> Path:
    return artefacts[form]


@pytest.fixture(scope="module")
def repository(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_triton(artefact, tmp_path_factory.mktemp("models"), name="kitchen", max_batch_size=8).folder


def describe_graph(ports: Any) -> dict[str, tuple[str, list[int]]]:  # noqa: ANN401 - protobuf has no types
    """Types and shapes of rows; -1 where a graph takes any size."""
    return {
        port.name: (
            TYPES[port.type.tensor_type.elem_type],
            [dim.dim_value if dim.HasField("dim_value") else -1 for dim in port.type.tensor_type.shape.dim[1:]],
        )
        for port in ports
    }


def describe_config(ports: Any) -> dict[str, tuple[str, list[int]]]:  # noqa: ANN401
    """The same of a configuration, whose reshape says what reaches the graph."""
    return {
        port.name: (
            triton_schema().DataType.Name(port.data_type),
            list(port.reshape.shape if port.HasField("reshape") else port.dims),
        )
        for port in ports
    }


def test_each_graph_is_described_as_it_is(repository: Path, form: Form) -> None:
    graphs = sorted(repository.glob("*/1/model.onnx"))
    assert len(graphs) == (4 if form == "split" else 1)
    for path in graphs:
        graph, config = onnx.load(path).graph, read_config(path.parents[1])
        assert (config.name, config.backend, config.max_batch_size) == (path.parents[1].name, "onnxruntime", 8)
        assert describe_config(config.input) == describe_graph(graph.input)
        assert describe_config(config.output) == describe_graph(graph.output)
        assert all(port.type.tensor_type.shape.dim[0].dim_param for port in (*graph.input, *graph.output))
        assert all(list(port.dims) == [1] for port in config.input if port.HasField("reshape"))
        assert not any(port.optional or port.allow_ragged_batch for port in config.input)
        assert [(group.count, group.kind) for group in config.instance_group] == [(1, 0)]
        assert config.dynamic_batching.max_queue_delay_microseconds == 500


def test_clients_see_the_same_tensors_in_every_form(repository: Path, artefact: Path) -> None:
    described, config = read_artefact_config(artefact), read_config(repository / "kitchen")
    names = [name for outputs in described.outputs.values() for name in outputs.values()]
    assert [port.name for port in config.input] == list(described.inputs)
    assert [port.name for port in config.output] == names
    assert {port.name: list(port.dims) for port in config.input} == {
        "motion": [2, -1],
        "place": [7],
        "speech": [-1],
        "present": [3],
        "motion_length": [1],
        "speech_length": [1],
    }
    assert {port.name: list(port.dims) for port in config.output} == {
        name: [3] if name.startswith("action") else [1] for name in names
    }


def test_classes_have_names_and_a_number_has_none(repository: Path) -> None:
    files = {port.name: port.label_filename for port in read_config(repository / "kitchen").output}
    assert {file for name, file in files.items() if name.startswith("effort")} == {""}
    [file] = {file for name, file in files.items() if name.startswith("action")}
    assert (repository / "kitchen" / file).read_text("utf-8").splitlines() == list(CLASSES)


@pytest.mark.parametrize("form", ["split"], indirect=True)
def test_every_input_of_the_business_logic_is_optional(repository: Path) -> None:
    config = read_config(repository / "kitchen")
    assert config.backend == "python"
    assert not config.platform
    assert all(port.optional and not port.HasField("reshape") for port in config.input)
    assert {port.name for port in config.input if port.allow_ragged_batch} == {"motion", "speech"}
    assert config.HasField("dynamic_batching")
    assert [triton_schema().ModelInstanceGroup.Kind.Name(group.kind) for group in config.instance_group] == ["KIND_CPU"]


@pytest.mark.parametrize(("device", "kind"), [("auto", "KIND_AUTO"), ("cpu", "KIND_CPU"), ("gpu", "KIND_GPU")])
def test_graphs_run_on_the_device_that_was_asked_for(artefact: Path, tmp_path: Path, device: Any, kind: str) -> None:  # noqa: ANN401
    written = write_triton(artefact, tmp_path, name="kitchen", device=device)
    found = [read_config(written.folder / name).instance_group[0].kind for name in written.models]
    wanted = triton_schema().ModelInstanceGroup.Kind.Value(kind)
    business_logic = triton_schema().ModelInstanceGroup.Kind.Value("KIND_CPU")
    assert found == ([wanted] * 4 + [business_logic] if len(found) > 1 else [wanted])


def test_our_part_of_the_schema_is_as_in_tritons() -> None:
    schema = descriptor_pb2.FileDescriptorProto()
    triton_schema().DESCRIPTOR.CopyToProto(schema)
    messages = {message.name: message for top in schema.message_type for message in (top, *top.nested_type)}
    for message, fields in MESSAGES.items():
        theirs = {field.name: describe_field(field) for field in messages[message].field}
        assert fields == {name: theirs[name] for name in fields}
    enums = {enum.name: enum for place in (schema, messages["ModelInstanceGroup"]) for enum in place.enum_type}
    for name, values in ENUMS.items():
        assert dict(zip(values, range(len(values)), strict=True)) == {
            value.name: value.number for value in enums[name].value
        }


def describe_field(field: Any) -> str:  # noqa: ANN401
    """A field's type, with a star where it is repeated."""
    kind = field.type_name.rpartition(".")[2] or field.Type.Name(field.type).removeprefix("TYPE_").lower()
    return kind + "*" * (field.label == field.LABEL_REPEATED)


def test_what_triton_writes_is_read(repository: Path) -> None:
    text = (repository / "kitchen/config.pbtxt").read_text("utf-8")
    config = read_config(repository / "kitchen")
    config.version_policy.latest.num_versions = 2
    assert read_pbtxt(text_format.MessageToString(config), "theirs") == read_pbtxt(text, "ours")


def test_what_is_no_configuration_is_refused_in_one_line() -> None:
    with pytest.raises(ExportError, match=r"x/config.pbtxt is no configuration of a Triton model: 2:") as raised:
        read_pbtxt("name: 'a'\ninput [", "x/config.pbtxt")
    assert "\n" not in str(raised.value)

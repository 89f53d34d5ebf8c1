"""Reads and writes config.pbtxt, Triton's description of a model: protobuf's text format."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, text_format

from ...framework.errors import ExportError

Document: TypeAlias = dict[str, Any]
"""A message of protobuf as JSON values; fields that have their default are left out."""

MESSAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "ModelTensorReshape": {"shape": "int64*"},
    "ModelInput": {
        "name": "string",
        "data_type": "DataType",
        "dims": "int64*",
        "reshape": "ModelTensorReshape",
        "allow_ragged_batch": "bool",
        "optional": "bool",
    },
    "ModelOutput": {
        "name": "string",
        "data_type": "DataType",
        "dims": "int64*",
        "label_filename": "string",
    },
    "ModelInstanceGroup": {"count": "int32", "kind": "Kind"},
    "ModelDynamicBatching": {"max_queue_delay_microseconds": "uint64"},
    "ModelParameter": {"string_value": "string"},
    "ParametersEntry": {"key": "string", "value": "ModelParameter"},
    "ModelConfig": {
        "name": "string",
        "backend": "string",
        "max_batch_size": "int32",
        "input": "ModelInput*",
        "output": "ModelOutput*",
        "instance_group": "ModelInstanceGroup*",
        "dynamic_batching": "ModelDynamicBatching",
        "parameters": "ParametersEntry*",
    },
}
"""The fields of Triton's messages that we write, with their types; a star is for repeated ones.

Triton's own schema comes in no package that an export could ask for: that in tritonclient needs gRPC, and holds
protobuf back. Numbers of fields, which are not Triton's here, do not show in a text.
"""

ENUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "DataType": (
        "TYPE_INVALID",
        "TYPE_BOOL",
        *(f"TYPE_{kind}{bits}" for kind in ("UINT", "INT") for bits in (8, 16, 32, 64)),
        *(f"TYPE_FP{bits}" for bits in (16, 32, 64)),
        "TYPE_STRING",
        "TYPE_BF16",
    ),
    "Kind": ("KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"),
}
"""Their values, from 0 on."""


def to_pbtxt(config: Document) -> str:
    """A model's configuration as text.

    Example:
        >>> print(to_pbtxt({"name": "digits", "input": [{"name": "audio", "data_type": "TYPE_FP32", "dims": [1, -1]}]}))
        name: "digits"
        input {
          name: "audio"
          data_type: TYPE_FP32
          dims: [1, -1]
        }
        <BLANKLINE>
    """
    message = json_format.ParseDict(config, _MODEL_CONFIG())
    text: str = text_format.MessageToString(message, use_short_repeated_primitives=True)
    return text


def read_pbtxt(text: str, name: str) -> Document:
    """What a model's configuration says in the fields that we write; others are skipped.

    Args:
        text: content of a config.pbtxt.
        name: what errors call it.

    Raises:
        ExportError: if it is no text format of a configuration.

    Example:
        >>> read_pbtxt("max_batch_size: 8 version_policy { latest { num_versions: 2 } }", "config.pbtxt")
        {'max_batch_size': 8}
    """
    try:
        message = text_format.Parse(text, _MODEL_CONFIG(), allow_unknown_field=True)
    except text_format.ParseError as error:
        raise ExportError(f"{name} is no configuration of a Triton model: {error}.") from error
    document: Document = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return document


def _make_class() -> Any:  # noqa: ANN401 - protobuf has no types
    """The class of ModelConfig, in a pool of its own: Triton's may be in the common one."""
    package = "acclimate.triton"
    schema = descriptor_pb2.FileDescriptorProto(name="model_config.proto", package=package, syntax="proto3")
    for name, values in ENUMS.items():
        numbered = [{"name": value, "number": number} for number, value in enumerate(values)]
        json_format.ParseDict({"name": name, "value": numbered}, schema.enum_type.add())
    for name, fields in MESSAGES.items():
        described = [_describe(package, field, kind, number) for number, (field, kind) in enumerate(fields.items(), 1)]
        json_format.ParseDict({"name": name, "field": described}, schema.message_type.add())
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(schema.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.ModelConfig"))


def _describe(package: str, name: str, kind: str, number: int) -> Document:
    base = kind.rstrip("*")
    label = "LABEL_OPTIONAL" if base == kind else "LABEL_REPEATED"
    field: Document = {"name": name, "number": number, "label": label}
    if base in MESSAGES or base in ENUMS:
        return {**field, "type": "TYPE_MESSAGE" if base in MESSAGES else "TYPE_ENUM", "typeName": f".{package}.{base}"}
    return {**field, "type": f"TYPE_{base.upper()}"}


_MODEL_CONFIG: Final = _make_class()

"""A stand-in for Triton: its rules for requests, as its documents state them, in front of real ONNX Runtime sessions.

Only what is inside Triton's own process is made up here: the scheduler, and `triton_python_backend_utils`.
"""

import asyncio
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import onnxruntime
from acclimate.exporters.triton import business_logic
from google.protobuf import json_format, text_format
from numpy.typing import NDArray

NUMPY = {"TYPE_FP32": np.float32, "TYPE_INT64": np.int64}


def triton_schema() -> Any:  # noqa: ANN401 - protobuf has no types
    """Triton's own protobuf schema. The package around it would want gRPC."""
    if "model_config_pb2" not in sys.modules:
        [package] = importlib.util.find_spec("tritonclient").submodule_search_locations
        spec = importlib.util.spec_from_file_location("model_config_pb2", Path(package) / "grpc/model_config_pb2.py")
        sys.modules["model_config_pb2"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["model_config_pb2"]


def read_config(folder: Path) -> Any:  # noqa: ANN401
    """A model's config.pbtxt by Triton's schema, which knows every field of it."""
    return text_format.Parse((folder / "config.pbtxt").read_text("utf-8"), triton_schema().ModelConfig())


class TritonError:
    """An error of a response, with its code."""

    INTERNAL, INVALID_ARG, NOT_FOUND = "internal", "invalid argument", "not found"

    def __init__(self, message: str, code: str = INTERNAL) -> None:
        self._message, self.code = message, code

    def message(self) -> str:
        """What went wrong."""
        return self._message


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, message: str, code: str = TritonError.INVALID_ARG) -> None:
        super().__init__(message)
        self.code = code


class Tensor:
    """A tensor by name."""

    def __init__(self, name: str, values: NDArray[Any]) -> None:
        assert values.flags.c_contiguous
        self._name, self._values = name, values

    def name(self) -> str:
        """Of the input or output."""
        return self._name

    def as_numpy(self) -> NDArray[Any]:
        """Its values."""
        return self._values


class InferenceResponse:
    """Tensors, or an error."""

    def __init__(self, output_tensors: Sequence[Tensor] = (), error: TritonError | None = None) -> None:
        self._tensors, self._error = list(output_tensors), error

    def has_error(self) -> bool:
        """Whether there are no tensors."""
        return self._error is not None

    def error(self) -> TritonError | None:
        """What went wrong."""
        return self._error

    def output_tensors(self) -> list[Tensor]:
        """The answer."""
        return self._tensors


@attrs.frozen
class Request:
    """What a Python model sees of a client's request."""

    tensors: Mapping[str, NDArray[Any]]
    outputs: Sequence[str]

    def inputs(self) -> list[Tensor]:
        """Those that came."""
        return [Tensor(name, values) for name, values in self.tensors.items()]

    def requested_output_names(self) -> set[str]:
        """Those that the client asked for, or all."""
        return set(self.outputs)


@attrs.frozen
class Call:
    """A request that reached a graph."""

    model: str
    version: int
    rows: int


class StandIn:
    """Serves a model repository.

    Attributes:
        calls: what reached the graphs, in its order.
    """

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.calls: list[Call] = []
        self.utilities = self._make_utilities()

    def infer(
        self, name: str, inputs: Mapping[str, NDArray[Any]], version: int | None = None, outputs: Sequence[str] = ()
    ) -> dict[str, NDArray[Any]]:
        """What a client gets.

        Raises:
            RefusedError: as the server would answer with an error.
        """
        [response] = self.execute(name, [inputs], version, outputs)
        if response.has_error():
            raise RefusedError(response.error().message(), response.error().code)
        return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}

    def execute(
        self,
        name: str,
        requests: Sequence[Mapping[str, NDArray[Any]]],
        version: int | None = None,
        outputs: Sequence[str] = (),
    ) -> list[InferenceResponse]:
        """What clients get whose requests reach a model together."""
        config, version = self._find(name, version)
        for inputs in requests:
            check_request(config, inputs)
        asked = list(outputs) or [port.name for port in config.output]
        if config.backend == "python":
            model = self._load(config, version)
            return asyncio.run(model.execute([Request(inputs, asked) for inputs in requests]))
        assert config.backend == "onnxruntime"
        return [self._run_graph(config, version, inputs, asked) for inputs in requests]

    def _find(self, name: str, version: int | None) -> tuple[Any, int]:
        folder = self.repository / name
        if not (folder / "config.pbtxt").is_file():
            raise RefusedError(f"Request for unknown model: '{name}' is not found", TritonError.NOT_FOUND)
        config = read_config(folder)
        assert config.name == name
        wanted = version or max(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
        assert (folder / str(wanted)).is_dir()
        return config, wanted

    def _run_graph(
        self,
        config: Any,  # noqa: ANN401
        version: int,
        inputs: Mapping[str, NDArray[Any]],
        asked: Sequence[str],
    ) -> InferenceResponse:
        graph = self.repository / config.name / str(version) / "model.onnx"
        session = onnxruntime.InferenceSession(graph.read_bytes(), providers=["CPUExecutionProvider"])
        ports = {port.name: port for port in config.input}
        feed = {
            # An empty reshape leaves the batch.
            name: values.reshape(len(values)) if ports[name].HasField("reshape") else values
            for name, values in inputs.items()
        }
        rows = len(next(iter(feed.values())))
        self.calls.append(Call(config.name, version, rows))
        found = session.run(list(asked), feed)
        for name, values in zip(asked, found, strict=True):
            check_tensor(next(port for port in config.output if port.name == name), values)
        return InferenceResponse([Tensor(name, values) for name, values in zip(asked, found, strict=True)])

    def _load(self, config: Any, version: int) -> Any:  # noqa: ANN401
        script = self.repository / config.name / str(version) / "model.py"
        assert script.read_bytes() == Path(str(business_logic.__file__)).read_bytes()
        model = business_logic.TritonPythonModel()
        document = json_format.MessageToJson(config, preserving_proto_field_name=True)
        sys.modules["triton_python_backend_utils"] = self.utilities
        try:
            model.initialize({"model_config": document, "model_version": str(version), "model_name": config.name})
        finally:
            del sys.modules["triton_python_backend_utils"]
        return model

    def _make_utilities(self) -> ModuleType:
        """`triton_python_backend_utils`, whose requests come back to this server."""
        server = self

        @attrs.frozen(kw_only=True)
        class InferenceRequest:
            model_name: str
            inputs: list[Tensor]
            requested_output_names: list[str]
            preferred_memory: tuple[str, int]
            model_version: int = -1

            async def async_exec(self) -> InferenceResponse:
                assert self.preferred_memory == ("cpu", 0)
                await asyncio.sleep(0)  # others come between, as in the server
                try:
                    config, version = server._find(self.model_name, self.model_version)
                    inputs = {tensor.name(): tensor.as_numpy() for tensor in self.inputs}
                    check_request(config, inputs)
                    return server._run_graph(config, version, inputs, self.requested_output_names)
                except RefusedError as error:
                    return InferenceResponse(error=TritonError(str(error), error.code))

        module = ModuleType("triton_python_backend_utils")
        vars(module).update(
            InferenceRequest=InferenceRequest,
            InferenceResponse=InferenceResponse,
            PreferredMemory=lambda kind, device: (kind, device),
            TRITONSERVER_MEMORY_CPU="cpu",
            Tensor=Tensor,
            TritonError=TritonError,
            TritonModelException=RuntimeError,
        )
        return module


def check_request(config: Any, inputs: Mapping[str, NDArray[Any]]) -> None:  # noqa: ANN401
    """Refuse what Triton refuses before a model sees it."""
    ports = {port.name: port for port in config.input}
    unknown = set(inputs) - set(ports)
    missing = {name for name, port in ports.items() if not port.optional} - set(inputs)
    if unknown or missing:
        raise RefusedError(f"unexpected inputs {sorted(unknown)}, missing inputs {sorted(missing)}")
    if len({len(values) for values in inputs.values()}) > 1:
        raise RefusedError("batch size does not match other inputs")
    if any(len(values) > config.max_batch_size for values in inputs.values()):
        raise RefusedError(f"inference request batch-size must be <= {config.max_batch_size}")
    for name, values in inputs.items():
        check_tensor(ports[name], values)


def check_tensor(port: Any, values: NDArray[Any]) -> None:  # noqa: ANN401
    """Compare type and shape with what the configuration says."""
    kind = triton_schema().DataType.Name(port.data_type)
    if values.dtype != NUMPY[kind]:
        raise RefusedError(f"{port.name}: data-type is {values.dtype}, but expects {kind}")
    row = values.shape[1:]
    if len(row) != len(port.dims) or any(dim not in {-1, size} for dim, size in zip(port.dims, row, strict=True)):
        raise RefusedError(f"unexpected shape for {port.name}: expected {list(port.dims)}, got {row}")

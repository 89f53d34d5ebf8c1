"""An artefact as a model of KServe."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
from kserve import InferInput, InferOutput, InferRequest, InferResponse, Model
from kserve.errors import InvalidInput
from numpy.typing import NDArray

from ...framework.errors import DataError
from ...framework.port_names import LENGTH, PRESENT
from ..session import Session
from .answers import answer, answer_types
from .batch import SessionBatch
from .instances import read_instances
from .json_bounds import json_bounds
from .limits import Limits
from .requests import RawRequest
from .tensors import DATATYPES, Tensor, read_tensors

_UNSHARED: Final = {"session", "_pool", "_parsing"}

_NAMES: Final[dict[Any, str]] = {np.dtype(dtype): name for name, dtype in DATATYPES.items()}


class ServedArtefact(Model):
    """Answers requests of both of KServe's protocols by a session.

    A copy in another process opens the artefact there, so that KServe can start several workers.

    Args:
        path: the artefact's folder.
        name: of the model, in URLs.
        provider: execution provider, see `Session`.
        threads: that compute one operator together, see `Session`.
        limits: of one request.

    Raises:
        ExportError: if the artefact cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        name: str,
        *,
        provider: str = "cpu",
        threads: int | None = None,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(name)
        # A worker may have another working folder.
        self.path = Path(path).absolute()
        self.provider, self.threads, self.limits = provider, threads, limits or Limits()
        self.load()

    def load(self) -> bool:
        """Open the artefact.

        Returns:
            Whether requests can be answered: True.

        Raises:
            ExportError: if it cannot be opened.
        """
        self.session = Session(self.path, provider=self.provider, threads=self.threads)
        # As many requests at a time as there are cores: more would only wait for each other, and hold memory meanwhile.
        self._pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="acclimate")
        self.bounds = json_bounds(self.session.config, self.limits)
        # One at a time: a parser lets nobody else compute meanwhile, so several would only hold more memory.
        self._parsing = threading.Lock()
        self.ready = True
        return True

    def validate(self, payload: object) -> object:
        """Leave it to `predict`, which parses it."""
        return payload

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in _UNSHARED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.load()

    async def predict(
        self, payload: object, headers: dict[str, str] | None = None, response_headers: dict[str, str] | None = None
    ) -> InferResponse | dict[str, Any]:
        """Answer a request.

        Args:
            payload: a body that came over HTTP, or a request that came over gRPC.
            headers: are not looked at.
            response_headers: are left as they are.

        Raises:
            InvalidInput: if the client can mend it.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, payload)

    def get_input_types(self) -> list[dict[str, Any]]:
        """Names, types and shapes of the inputs; -1 stands for any size. Modalities take `BYTES` too."""
        rows = {}
        for port in self.session.ports:
            rows[port.name] = _describe(port.name, _NAMES[np.dtype(port.dtype)], port.shape)
            if port.time_axis is not None:
                rows[port.name]["shape"][port.time_axis] = -1
        lengths = [_describe(LENGTH.format(modality=name), "INT64", ()) for name in self.session.config.lengths]
        return [*rows.values(), _describe(PRESENT, "FP32", (len(rows),)), *lengths]

    def get_output_types(self) -> list[dict[str, Any]]:
        """Names, types and shapes of the outputs; -1 stands for any size."""
        return [{"name": name, "datatype": type_, "shape": shape} for name, type_, shape in self._output_types()]

    def _output_types(self) -> list[tuple[str, str, list[int]]]:
        return answer_types(self.session.config)

    def _answer(self, payload: object) -> InferResponse | dict[str, Any]:
        config = self.session.config
        try:
            if isinstance(payload, RawRequest):
                with self._parsing:
                    payload = payload.parse(self.bounds)
            if not isinstance(payload, InferRequest):
                outputs = self._run(read_instances(payload, config, self.limits))
                return {"predictions": _to_predictions(outputs)}
            outputs = self._run(read_tensors([_to_tensor(one) for one in payload.inputs], config, self.limits))
        except DataError as error:
            raise InvalidInput(" ".join(str(error).split())) from error
        return self._to_response(outputs, payload)

    def _run(self, batch: SessionBatch) -> dict[str, NDArray[Any]]:
        return answer(batch.run(self.session), self.session.config)

    def _to_response(self, outputs: dict[str, NDArray[Any]], request: InferRequest) -> InferResponse:
        types = {name: datatype for name, datatype, _ in self._output_types()}
        asked = [output.name for output in request.request_outputs or ()] or list(outputs)
        if len(set(asked)) < len(asked):
            raise InvalidInput("every output may be asked for once, but one is asked for twice.")
        unknown = [name for name in asked if name not in outputs]
        if unknown:
            raise InvalidInput(f"unknown output {unknown[0][:99]!r}: the artefact has {', '.join(outputs)}.")
        return InferResponse(
            request.id or "",
            self.name,
            [_to_output(name, types[name], outputs[name]) for name in asked],
            from_grpc=request.from_grpc,
            use_binary_outputs=request.use_binary_outputs,
            requested_outputs=request.request_outputs,
        )


def _describe(name: str, datatype: str, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1, *shape]}


def _to_tensor(given: InferInput) -> Tensor:
    raw = given._raw_data  # noqa: SLF001 - KServe's own way to it copies, and turns bytes into text
    return Tensor(given.name, given.datatype, tuple(given.shape), given.data if raw is None else raw)


def _to_output(name: str, datatype: str, values: NDArray[Any]) -> InferOutput:
    """As a flat list: over gRPC, KServe takes no array."""
    return InferOutput(name, list(values.shape), datatype, values.ravel().tolist())


def _to_predictions(outputs: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """One object a sample."""
    plain = {
        name: [label.decode() for label in values] if values.dtype == np.object_ else values.tolist()
        for name, values in outputs.items()
    }
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]

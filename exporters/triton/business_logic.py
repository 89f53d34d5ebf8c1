"""Answers requests to a split artefact: runs each encoder on the rows that have its modality, if any, then the fusion.

Triton's Python backend runs this file, copied as model.py. Nothing but numpy and what that backend brings is there.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class BadRequestError(ValueError):
    """A request breaks a rule; its client is told by one line."""


class TritonPythonModel:
    """The model that clients call. Triton's Python backend finds it and its methods by their names."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Read which models there are.

        Args:
            args: `model_config`, the configuration as JSON, and `model_version`.
        """
        import triton_python_backend_utils

        self._triton = triton_python_backend_utils
        plan = json.loads(json.loads(args["model_config"])["parameters"]["acclimate"]["string_value"])
        self._fusion: str = plan["fusion"]
        self._modalities: list[dict[str, Any]] = plan["modalities"]
        # Features of one version's encoders mean nothing to another's fusion.
        self._version = int(args["model_version"])

    async def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer requests at the same time, so that Triton can join what they ask of an encoder.

        Returns:
            A response for each, in their order; that of a request that fails holds its error.
        """
        return list(await asyncio.gather(*(self._respond(request) for request in requests)))

    async def _respond(self, request: Any) -> Any:  # noqa: ANN401 - Triton's backend has no types
        error = self._triton.TritonError
        try:
            tensors = await self._answer(request)
        except BadRequestError as reason:
            return self._triton.InferenceResponse(error=error(str(reason), error.INVALID_ARG))
        except Exception as reason:  # noqa: BLE001 - one that got out would fail all the other requests too
            return self._triton.InferenceResponse(error=error(str(reason), error.INTERNAL))
        return self._triton.InferenceResponse(output_tensors=tensors)

    async def _answer(self, request: Any) -> list[Any]:  # noqa: ANN401
        inputs = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
        present = self._find_present(inputs)
        columns = list(zip(self._modalities, present.T, strict=True))
        # All is checked before anything runs.
        selected = [_select_rows(part, inputs, column) for part, column in columns]
        features = await asyncio.gather(
            *(self._encode(part, given, column) for (part, column), given in zip(columns, selected, strict=True))
        )
        mask = self._triton.Tensor("present", present.astype(np.float32))
        return await self._infer(self._fusion, request.requested_output_names(), [*features, mask])

    def _find_present(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Which modalities each row has: as `present` says, else those that came."""
        names = [part["name"] for part in self._modalities]
        given = [name in inputs for name in names]
        if not any(given):
            raise BadRequestError(f"expected at least one modality of {', '.join(names)}, but got none.")
        batch = len(next(iter(inputs.values())))
        if batch == 0:
            raise BadRequestError("expected at least one row, but got none.")
        if "present" not in inputs:
            return np.tile(given, (batch, 1))
        odd = inputs["present"][~np.isin(inputs["present"], (0, 1))]
        if len(odd):
            raise BadRequestError(f"present must hold 0 and 1 only, but got {odd[0]}.")
        present: NDArray[np.bool_] = inputs["present"] > 0
        bare = np.flatnonzero(~present.any(axis=1))
        if len(bare):
            raise BadRequestError(f"every row must have a modality, but row {bare[0]} has none.")
        for name, is_given, is_used in zip(names, given, np.any(present, axis=0), strict=True):
            if is_used and not is_given:
                raise BadRequestError(f"present says that rows have {name}, but the request does not hold it.")
        return present

    async def _encode(
        self, part: Mapping[str, Any], given: Mapping[str, NDArray[Any]], present: NDArray[np.bool_]
    ) -> Any:  # noqa: ANN401
        """Features of all rows as a tensor, zero where a row lacks the modality."""
        output = f"{part['name']}_features"
        features = np.zeros((len(present), part["width"]), np.float32)
        if present.any():
            tensors = [self._triton.Tensor(port, np.ascontiguousarray(values)) for port, values in given.items()]
            [encoded] = await self._infer(part["encoder"], [output], tensors)
            features[present] = encoded.as_numpy()
        return self._triton.Tensor(output, features)

    async def _infer(self, model: str, outputs: Sequence[str], inputs: Sequence[Any]) -> list[Any]:
        """What another model answers, in memory that numpy can read."""
        triton = self._triton
        request = triton.InferenceRequest(
            model_name=model,
            model_version=self._version,
            requested_output_names=list(outputs),
            inputs=list(inputs),
            preferred_memory=triton.PreferredMemory(triton.TRITONSERVER_MEMORY_CPU, 0),
        )
        response = await request.async_exec()
        if response.has_error():
            raise triton.TritonModelException(f"{model}: {response.error().message()}")
        tensors: list[Any] = response.output_tensors()
        return tensors


def _select_rows(
    part: Mapping[str, Any], inputs: Mapping[str, NDArray[Any]], present: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """What the encoder is given: the rows that have the modality, checked, and their lengths where it takes them."""
    name, axis = part["name"], part["time_axis"]
    if not present.any():
        return {}
    values = inputs[name] if present.all() else inputs[name][present]
    lengths = None
    if axis is not None:
        steps = values.shape[axis]
        told = inputs.get(f"{name}_length")
        lengths = np.full((len(values), 1), steps, np.int64) if told is None else told[present]
        wrong = lengths[(lengths < 1) | (lengths > steps)]
        if len(wrong):
            raise BadRequestError(f"{name}: lengths must be from 1 to the {steps} steps given, but got {wrong[0]}.")
    odd = np.flatnonzero(_find_odd(values, lengths, axis))
    if len(odd):
        row = np.flatnonzero(present)[odd[0]]
        raise BadRequestError(f"{name}: expected finite values, but row {row} holds NaN or infinity.")
    return {name: values} if lengths is None else {name: values, f"{name}_length": lengths}


def _find_odd(values: NDArray[Any], lengths: NDArray[np.int64] | None, axis: int | None) -> NDArray[np.bool_]:
    """Rows that hold NaN or infinity, but for their padding, which reaches nothing."""
    odd = ~np.isfinite(values)
    if lengths is not None and axis is not None:
        own = np.arange(values.shape[axis]) < lengths
        odd &= np.expand_dims(own, [other for other in range(1, values.ndim) if other != axis])
    found: NDArray[np.bool_] = odd.reshape(len(values), -1).any(axis=1)
    return found

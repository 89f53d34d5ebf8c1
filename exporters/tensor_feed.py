"""What a user gives to a TensorSession, checked without moving it off its device."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import attrs
import numpy as np
import torch
from jaxtyping import Bool, Shaped
from numpy.typing import NDArray
from torch import Tensor

from ..framework.errors import DataError
from ..framework.port_names import PRESENT
from .array_feed import check_known, check_names, check_present, count_rows
from .ports import Port, longest_row
from .tensor_memory import TORCH_TYPES, TensorMemory

Small: TypeAlias = Tensor | NDArray[Any]
"""A few numbers for each row, which the host needs: on a GPU, they cost a synchronisation."""


@attrs.frozen(eq=False)
class TensorFeed:
    """A batch that was checked, but for its values.

    Args:
        inputs: `(B, ...)` by modality, those that were given.
        present: `(B, M)`, on the host.
        lengths: `(B,)` by modality, on the host, of those whose encoder is told.
        ports: what each modality's input must be.
        device: where the tensors are.
    """

    inputs: Mapping[str, Tensor]
    present: NDArray[np.bool_]
    lengths: Mapping[str, NDArray[np.int64]]
    ports: Sequence[Port]
    device: torch.device

    @classmethod
    def read(
        cls,
        inputs: Mapping[str, object],
        present: Small | None,
        lengths: Mapping[str, Small] | None,
        ports: Sequence[Port],
        device: torch.device,
    ) -> "TensorFeed":
        """Check what can be checked without a look at the values.

        Raises:
            DataError: as `make_feed` does, and for a tensor on another device.
        """
        names = [port.name for port in ports]
        check_names(inputs, names)
        check_known(lengths or {}, names, "lengths")
        given = [port for port in ports if port.name in inputs]
        tensors = {port.name: _check_tensor(inputs[port.name], port, device) for port in given}
        outlines = {port.name: port.check(_outline(tensors[port.name], port)) for port in given}
        mask = check_present(_to_host(present), outlines, names, count_rows(outlines))
        told: dict[str, NDArray[np.int64]] = {}
        for column, port in enumerate(ports):
            if port.name in inputs:
                steps = _to_host((lengths or {}).get(port.name))
                own = port.check_lengths(outlines[port.name], steps, mask[:, column])
                told |= {} if own is None else {port.name: own}
        return cls(tensors, mask, told, ports, device)

    def find_odd(self) -> dict[str, Bool[Tensor, " batch"]]:
        """By modality, which rows hold what they may not; computed on the device."""
        found = {}
        for column, port in enumerate(self.ports):
            if port.name in self.inputs:
                odd = is_odd(self.inputs[port.name], port) & self._own(port)
                found[port.name] = odd.flatten(1).any(dim=1) & self._mask[:, column]
        return found

    def trim(self) -> "TensorFeed":
        """Cut the batch to its longest row: what is padding in all rows costs time and changes nothing."""
        inputs, lengths = dict(self.inputs), dict(self.lengths)
        for column, port in enumerate(self.ports):
            if port.name in lengths and port.time_axis is not None:
                longest = longest_row(lengths[port.name], self.present[:, column])
                lengths[port.name] = np.minimum(lengths[port.name], longest)
                inputs[port.name] = inputs[port.name].narrow(port.time_axis, 0, longest)
        return attrs.evolve(self, inputs=inputs, lengths=lengths)

    def tensors(self) -> dict[str, Tensor]:
        """What the graphs take, by name, but for modalities that were not given.

        A contiguous tensor is not copied. Only indices are: unknown ones in absent slots and padding, which a graph
        looks up all the same, become 0.
        """
        found: dict[str, Tensor] = {PRESENT: self._mask.float()}
        for port in self.ports:
            if port.name in self.inputs:
                values = self.inputs[port.name].contiguous()
                found[port.name] = values if port.indices is None else values.masked_fill(is_odd(values, port), 0)
            if port.name in self.lengths:
                found[port.length_name] = TensorMemory(self.device).move(self.lengths[port.name])
        return found

    @cached_property
    def _mask(self) -> Bool[Tensor, "batch modality"]:
        return TensorMemory(self.device).move(self.present)

    def _own(self, port: Port) -> Bool[Tensor, "..."]:
        """What of a modality is no padding, to be broadcast."""
        if port.name not in self.lengths or port.time_axis is None:
            return torch.ones((), dtype=torch.bool, device=self.device)
        shape = self.inputs[port.name].shape
        steps = torch.arange(shape[port.time_axis], device=self.device)
        own = steps < TensorMemory(self.device).move(self.lengths[port.name]).unsqueeze(1)
        return own.view([size if axis in (0, port.time_axis) else 1 for axis, size in enumerate(shape)])


def is_odd(values: Shaped[Tensor, "*batch"], port: Port) -> Bool[Tensor, "*batch"]:
    """Where values are NaN or infinite, or indices are unknown."""
    if port.indices is None:
        return ~torch.isfinite(values)
    return (values < 0) | (values >= port.indices)


def check_odd(odd: Mapping[str, Bool[Tensor, " batch"]], ports: Sequence[Port]) -> None:
    """Raise what was found on the device; waits for it.

    Raises:
        DataError: naming modality and row.
    """
    if not odd:
        return
    rows = torch.stack(list(odd.values())).cpu().numpy()
    for name, wrong in zip(odd, rows, strict=True):
        if wrong.any():
            indices = next(port.indices for port in ports if port.name == name)
            rule = "finite values" if indices is None else f"indices from 0 to {indices - 1}"
            found = "NaN or infinity" if indices is None else "others"
            raise DataError(f"{name}: expected {rule}, but row {wrong.argmax()} holds {found}.")


def _check_tensor(values: object, port: Port, device: torch.device) -> Tensor:
    if not isinstance(values, Tensor):
        raise DataError(f"{port.name}: expected a tensor, but got {type(values).__name__}.")
    if values.device != device:
        raise DataError(f"{port.name}: expected a tensor on {device}, but got one on {values.device}.")
    wanted = TORCH_TYPES[port.dtype]
    if values.dtype != wanted:
        raise DataError(f"{port.name}: expected {wanted} values, but got {values.dtype}.")
    return values.detach()


def _outline(values: Tensor, port: Port) -> NDArray[Any]:
    """An array of a tensor's shape, for checks that do not look at values; takes no memory."""
    return np.broadcast_to(np.zeros((), port.dtype), tuple(values.shape))


def _to_host(values: Small | None) -> NDArray[Any] | None:
    return values.cpu().numpy() if isinstance(values, Tensor) else values

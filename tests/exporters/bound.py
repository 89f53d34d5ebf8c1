"""Listens to what ONNX Runtime is given to read from and to write to."""

from typing import Any

import attrs
import onnxruntime
import pytest


@attrs.frozen
class Address:
    """A buffer that was bound."""

    name: str
    device: str
    shape: tuple[int, ...]
    pointer: int


@attrs.frozen
class Bound:
    """All buffers that were bound, in their order."""

    inputs: list[Address] = attrs.field(factory=list)
    outputs: list[Address] = attrs.field(factory=list)

    @property
    def pointers(self) -> dict[str, int]:
        """The last of each name."""
        return {address.name: address.pointer for address in (*self.inputs, *self.outputs)}


def listen(monkeypatch: pytest.MonkeyPatch) -> Bound:
    """Record what is bound from now on."""
    seen = Bound()

    def record(kind: str, addresses: list[Address]) -> None:
        bind = getattr(onnxruntime.IOBinding, kind)

        def heard(binding: Any, name: str, *address: Any) -> None:  # noqa: ANN401 - onnxruntime has no types
            device, _, _, shape, pointer = address
            addresses.append(Address(name, device, tuple(shape), pointer))
            bind(binding, name, *address)

        monkeypatch.setattr(onnxruntime.IOBinding, kind, heard)

    record("bind_input", seen.inputs)
    record("bind_output", seen.outputs)
    return seen

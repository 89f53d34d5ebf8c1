"""Golden arrays: inputs, outputs and gradients that the authors' code or two independent computations gave."""

import json
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from bits import assert_same_bits
from torch import Tensor

FOLDER = Path(__file__).parents[1] / "goldens"
FLOAT64_TOLERANCE = 1e-9
DTYPES = [torch.float32, torch.float64]


def golden_names(prefix: str) -> list[str]:
    """Names of the golden files that begin so; there is at least one."""
    names = sorted(path.stem for path in FOLDER.glob(f"{prefix}*.npz"))
    assert names, f"no golden file begins with {prefix!r}"
    return names


@attrs.define(eq=False)
class Golden:
    """One golden file. `close` checks that every output and gradient in it was compared, but for those named."""

    name: str
    dtype: torch.dtype
    arrays: dict[str, np.ndarray[Any, Any]] = attrs.field(init=False)
    sidecar: dict[str, Any] = attrs.field(init=False)
    inputs: dict[str, Tensor] = attrs.field(init=False)
    compared: set[str] = attrs.field(init=False, factory=set)

    def __attrs_post_init__(self) -> None:
        with np.load(FOLDER / f"{self.name}.npz", allow_pickle=False) as file:
            self.arrays = dict(file)
        self.sidecar = json.loads((FOLDER / f"{self.name}.json").read_text())
        self.inputs = {name[4:]: self._input(value) for name, value in self.arrays.items() if name.startswith("in__")}

    def _input(self, value: np.ndarray[Any, Any]) -> Tensor:
        tensor = torch.from_numpy(value)
        return tensor.to(self.dtype).requires_grad_() if tensor.is_floating_point() else tensor

    def __getitem__(self, name: str) -> Tensor:
        return self.inputs[name]

    @property
    def constants(self) -> dict[str, Any]:
        """Numbers that the outputs were computed with."""
        constants: dict[str, Any] = self.sidecar["constants"]
        return constants

    def compare(self, output: str, value: Tensor, *, gradients: bool = True) -> None:
        """Compare an output, and its gradients where the file has some, within the file's tolerance."""
        self._compare(f"out__{output}", value)
        prefix = f"grad__{output}__"
        for key in [key for key in self.arrays if key.startswith(prefix) and gradients]:
            (gradient,) = torch.autograd.grad(value, self.inputs[key.removeprefix(prefix)], retain_graph=True)
            self._compare(key, gradient)

    def _compare(self, key: str, value: Tensor) -> None:
        expected = self.arrays[key]
        if not np.issubdtype(expected.dtype, np.floating):
            assert_same_bits(value.detach().numpy(), expected, key)
        elif self.dtype == torch.float32:
            tolerance = self.sidecar["tolerance_float32"][key]
            found = value.detach().double().numpy()
            np.testing.assert_allclose(found, expected, tolerance["rtol"], tolerance["atol"], err_msg=key)
        else:
            assert value.dtype == torch.float64
            largest = float(np.abs(expected).max())
            found = value.detach().numpy()
            np.testing.assert_allclose(
                found, expected, FLOAT64_TOLERANCE, FLOAT64_TOLERANCE * largest, err_msg=f"{self.name} {key}"
            )
        self.compared.add(key)

    def close(self, *left_out: str) -> None:
        """Everything was compared, but for what is named."""
        results = {key for key in self.arrays if not key.startswith("in__")}
        assert results - set(left_out) == self.compared

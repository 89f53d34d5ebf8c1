"""Whether an exported graph says what its model says, for every subset of modalities."""

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from ..framework.errors import ExportError
from ..framework.model import MultimodalModel
from ..framework.port_names import LENGTH, PRESENT
from .opened_graphs import ArrayGraphs
from .trial_batches import TrialRows, presence_cases

ABSOLUTE, RELATIVE = 1e-5, 1e-4
"""An output may differ from torch's by `ABSOLUTE + RELATIVE * |torch|`."""


@attrs.frozen
class Parity:
    """How well two runtimes agree.

    Args:
        max_abs: largest difference of any output.
        argmax_agreement: share of the outputs' rows where both name the same class; ties within the tolerance left out.
        samples: rows that went through both.
    """

    max_abs: float
    argmax_agreement: float
    samples: int


def check_parity(
    graphs: ArrayGraphs,
    model: MultimodalModel,
    pools: Mapping[str, TrialRows],
    outputs: Mapping[str, Mapping[str, str]],
) -> Parity:
    """Compare graphs with their model.

    At every batch size, for every subset of modalities, for rows that differ in theirs, and for several lengths. Absent
    slots hold NaN, which must reach nothing.

    Args:
        graphs: of the artefact.
        model: in evaluation mode, on the CPU.
        pools: rows to take inputs from, by modality.
        outputs: names of the graph's outputs by task, then by modality and `JOINT`.

    Raises:
        ExportError: if they disagree; it names the modalities, the batch size, the output and the measured difference.
    """
    largest, agreeing, decided, samples = 0.0, 0, 0, 0
    for number, case in enumerate(presence_cases(model.modalities)):
        inputs: dict[str, NDArray[Any]] = {}
        lengths: dict[str, NDArray[np.int64]] = {}
        for column, name in enumerate(model.modalities):
            inputs[name], own = pools[name].draw(case.present[:, column], number)
            lengths |= {} if own is None else {name: own}
        expected = _run_model(model, inputs, case.present, lengths, outputs)
        told = {LENGTH.format(modality=name): values for name, values in lengths.items()}
        found = graphs.run({**inputs, **told, PRESENT: case.present.astype(np.float32)}, case.present)
        for (name, reference), values in zip(expected.items(), found, strict=True):
            agreement = compare(values, reference, f"output {name!r}, {case.name}, batch of {len(case.present)}")
            largest = max(largest, agreement.max_abs)
            agreeing += agreement.agreeing
            decided += agreement.decided
        samples += len(case.present)
    return Parity(largest, agreeing / decided if decided else 1.0, samples)


def _run_model(
    model: MultimodalModel,
    inputs: Mapping[str, NDArray[Any]],
    present: NDArray[np.bool_],
    lengths: Mapping[str, NDArray[np.int64]],
    outputs: Mapping[str, Mapping[str, str]],
) -> dict[str, NDArray[np.float32]]:
    with torch.no_grad():
        logits = model(
            {name: torch.from_numpy(values) for name, values in inputs.items()},
            torch.from_numpy(present),
            "target",
            {name: torch.from_numpy(values) for name, values in lengths.items()},
        ).logits
    return {name: logits[task][modality].numpy() for task, names in outputs.items() for modality, name in names.items()}


@attrs.frozen
class OutputParity:
    """How well one output agrees: the largest difference, rows with the same class, and rows that are no tie."""

    max_abs: float
    agreeing: int
    decided: int


def compare(found: NDArray[np.float32], expected: NDArray[np.float32], place: str) -> OutputParity:
    """Compare one output `(B, C)` of both runtimes.

    Args:
        found: by ONNX Runtime.
        expected: by torch.
        place: what errors call it.

    Raises:
        ExportError: if it differs by more than is allowed, or in the class that it names.
    """
    if found.shape != expected.shape:
        raise ExportError(
            f"the exported graph disagrees with the model: {place}: shape {found.shape}, not {expected.shape}."
        )
    with np.errstate(invalid="ignore"):
        difference = np.abs(found - expected)
    allowed = ABSOLUTE + RELATIVE * np.abs(expected)
    wrong = ~(difference <= allowed)  # This way round, NaN is wrong.
    if wrong.any():
        worst = np.unravel_index(np.argmax(np.where(wrong, difference / allowed, 0.0)), wrong.shape)
        raise ExportError(
            f"the exported graph disagrees with the model: {place}: "
            f"they differ by {difference[worst]:.2e}, where {allowed[worst]:.2e} is allowed."
        )
    decided = _margin(expected) > allowed.max(axis=1)
    same = found.argmax(axis=1) == expected.argmax(axis=1)
    if (decided & ~same).any():
        raise ExportError(f"the exported graph disagrees with the model: {place}: they name different classes.")
    return OutputParity(float(difference.max()), int((decided & same).sum()), int(decided.sum()))


def _margin(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the largest logit of each row lies above the next; 0 for a single one, which decides nothing."""
    if logits.shape[1] < 2:
        return np.zeros(len(logits), np.float32)
    ordered = np.sort(logits, axis=1)
    return ordered[:, -1] - ordered[:, -2]

"""What every encoder promises, in torch and in ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from acclimate.adapters import LateSum
from acclimate.exporters import Session, export_onnx
from acclimate.framework import Encoder, MultimodalModel, Schema, Task
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.encoders import MLP
from acclimate.framework.testing import ENCODER_PROMISES
from acclimate.framework.training.torch_predictor import TorchPredictor
from encoders.encoder_cases import CASES, Case
from numpy.typing import NDArray

TASKS = (Task("label", ("no", "maybe", "yes")),)
# Operators that ONNX Runtime computes slowly or inexactly, or on the CPU alone.
UNWANTED = {"STFT", "DFT", "Loop", "Scan", "If"}


@pytest.mark.parametrize("promise", ENCODER_PROMISES)
def test_promise(case: Case, promise: str) -> None:
    ENCODER_PROMISES[promise](case.kit_case())


def test_lengths_follow_the_axis_of_the_preprocessing(case: Case) -> None:
    axis = case.make().time_axis
    assert axis is None or axis == case.axis


@pytest.mark.usefixtures("exports")
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.exported])
def test_agrees_with_torch(name: str, tmp_path: Path) -> None:
    export_and_compare(CASES[name], tmp_path)
    operators = {node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node}
    assert operators & UNWANTED == set()


# Masks and attention: what torch might remember of an earlier export, which had other weights. Recurrences are tried so
# in test_masked_lstm.
@pytest.mark.usefixtures("exports_anew")
@pytest.mark.parametrize("name", ["sequence_cnn", "transformer_text_whole"])
def test_agrees_with_torch_each_time_that_it_is_exported(name: str, tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        export_and_compare(CASES[name], tmp_path / attempt)


def export_and_compare(case: Case, folder: Path) -> None:
    """`export_onnx` itself compares at other batch sizes and lengths, with NaN in absent slots."""
    model = _model(case.make())
    export_onnx(model, folder, _schema(case), form="mask")  # whose graph has no branch of its own
    session, predict = Session(folder), TorchPredictor(model)
    for batch, steps in _shapes(case):
        inputs = {"it": case.inputs(batch, steps=steps, seed=1).numpy(), "other": np.ones((batch, 4), np.float32)}
        lengths = _own_lengths(case, inputs["it"])
        expected = predict(inputs, np.ones((batch, 2), dtype=np.bool_), lengths)["label"]["joint"]
        found = session.run(inputs, lengths=lengths)["logits"]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def _model(encoder: Encoder) -> MultimodalModel:
    return MultimodalModel({"it": encoder, "other": MLP(in_features=4, hidden=())}, TASKS, LateSum())


def _schema(case: Case) -> Schema:
    return Schema({"it": case.preprocessing, "other": FeaturesPreprocessing(mean=(0.0,) * 4, std=(1.0,) * 4)}, TASKS)


def _shapes(case: Case) -> list[tuple[int, int | None]]:
    """Batch sizes and steps: others than the preprocessing's only where the graph is told lengths."""
    steps = (None,) if case.make().time_axis is None else case.lengths
    return [(batch, number) for number in steps for batch in (1, 4)]


def _own_lengths(case: Case, rows: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
    if case.make().time_axis is None:
        return {}
    return {"it": np.maximum(1, rows.shape[case.axis] - 2 * np.arange(len(rows))).astype(np.int64)}

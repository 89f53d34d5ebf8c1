"""A second runtime behind the session, beside ONNX Runtime: the reference evaluator of the package onnx (change 10).

It runs all that our exporter writes for the models here: `If` with its branches, `ScatterND`, convolutions, embeddings,
encoders that are told lengths. What it has no implementation of are operators of ONNX Runtime's own, those that an LSTM
in int8 becomes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from acclimate.exporters import Graph, Session, SessionPredictor, TensorSession, TensorSpec
from acclimate.exporters.artefact import Form
from acclimate.framework.layout import modality_subsets
from exporters.trio import FORMS, Trio, export_trio
from numpy.typing import NDArray
from onnx.helper import tensor_dtype_to_np_dtype
from onnx.reference import ReferenceEvaluator


class ReferenceGraph(Graph):
    """A graph in onnx's reference evaluator."""

    provider = "onnx.reference"

    def __init__(self, model: bytes, name: str) -> None:
        opened = onnx.load_from_string(model)
        self._evaluator = ReferenceEvaluator(opened)
        self.inputs, self.outputs = [*map(specify, opened.graph.input)], [*map(specify, opened.graph.output)]
        self.metadata = {note.key: note.value for note in opened.metadata_props}

    def run(self, feed: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """All outputs, in their order."""
        found: list[NDArray[Any]] = self._evaluator.run(None, dict(feed))
        return found


def specify(port: onnx.ValueInfoProto) -> TensorSpec:
    kind = port.type.tensor_type
    shape = tuple(size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim)
    return TensorSpec(port.name, tensor_dtype_to_np_dtype(kind.elem_type).type, shape)


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Trio:
    return export_trio(tmp_path_factory.mktemp("trio"))


@pytest.mark.parametrize("form", FORMS)
def test_another_runtime_gives_the_same_answers(form: Form, trio: Trio) -> None:
    session, expected = Session(trio.folders[form], runtime=ReferenceGraph), Session(trio.folders[form])
    tensors = TensorSession(trio.folders[form], runtime=ReferenceGraph)
    assert (session.provider, expected.provider) == ("onnx.reference", "CPUExecutionProvider")
    inputs, lengths = trio.draw(5), {"motion": np.array([12, 7, 1, 5, 9])}
    masks = [np.array([[1, 1, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])]
    masks += [np.tile([name in subset for name in inputs], (5, 1)) for subset in modality_subsets(tuple(inputs))]
    for present in masks:
        found = session.run(inputs, present, lengths)
        on_tensors = tensors.run({name: torch.from_numpy(rows) for name, rows in inputs.items()}, present, lengths)
        for name, values in expected.run(inputs, present, lengths).items():
            np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(on_tensors[name].numpy(), values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_modalities_may_be_left_out(form: Form, trio: Trio) -> None:
    session, expected = Session(trio.folders[form], runtime=ReferenceGraph), Session(trio.folders[form])
    inputs = {"note": trio.draw(3)["note"]}
    for name, values in expected.run(inputs).items():
        np.testing.assert_allclose(session.run(inputs)[name], values, rtol=1e-4, atol=1e-5)


def test_it_runs_a_checkpoint_of_the_zoo() -> None:
    folder = Path(__file__).parents[2] / "zoo/checkpoints/rna-uda.wrist"
    session, expected = Session(folder, runtime=ReferenceGraph), Session(folder)
    generator = np.random.default_rng(0)
    inputs = {name: part.random(generator, 2) for name, part in session.schema.preprocessing.items()}
    present = np.array([[1, 1], [0, 1]])
    found, wanted = (SessionPredictor(each)(inputs, present == 1) for each in (session, expected))
    for task, by_modality in wanted.items():
        for name, logits in by_modality.items():
            np.testing.assert_allclose(found[task][name], logits, rtol=1e-4, atol=1e-5)

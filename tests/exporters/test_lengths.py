"""Rows of different lengths, from the table to the graph: padding reaches nothing, in training and in use."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from acclimate.adapters import LateSum
from acclimate.exporters import Session, SessionPredictor, export_onnx
from acclimate.framework import DataError, Encoder, EncoderInput, MultimodalModel, Task
from acclimate.framework.data import Samples, Schema, read_table
from acclimate.framework.data.arrays import stack
from acclimate.framework.data.preprocessing import FeaturesPreprocessing, SignalPreprocessing
from acclimate.framework.evaluation.prediction import predict_subsets
from acclimate.framework.training.torch_predictor import TorchPredictor
from bits import assert_same_bits
from numpy.typing import NDArray
from torch import Tensor, nn

TASKS = (Task("label", ("quiet", "loud")),)
SCHEMA = Schema(
    {
        "motion": SignalPreprocessing(length=16, mean=[0.0, 0.0], std=[1.0, 1.0]),
        "place": FeaturesPreprocessing(mean=[0.0] * 3, std=[1.0] * 3),
    },
    TASKS,
)


class MaskedMean(Encoder):
    """The mean over a signal's own steps, through a layer."""

    time_axis = 2

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 5
        self.layer = nn.Linear(2, 5)
        self.widest = 0

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, 2, T)`."""
        values, lengths = inputs.values, inputs.lengths
        if not torch.onnx.is_in_onnx_export():
            self.widest = max(self.widest, values.shape[2])
        steps = torch.full_like(values[:, 0, 0], values.shape[2]) if lengths is None else lengths.to(values.dtype)
        real = torch.arange(values.shape[2], device=values.device) < steps.unsqueeze(1)
        summed = torch.where(real.unsqueeze(1), values, torch.zeros_like(values)).sum(dim=2)
        features: Tensor = self.layer(summed / steps.unsqueeze(1)).relu()
        return features


class Sum(Encoder):
    """Knows no lengths."""

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.out_features = 4
        self.layer = nn.Linear(in_features, 4)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, ...)`."""
        features: Tensor = self.layer(inputs.values.flatten(1))
        return features


def make_model() -> MultimodalModel:
    torch.manual_seed(0)
    return MultimodalModel({"motion": MaskedMean(), "place": Sum(3)}, TASKS, LateSum())


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory, exports: None) -> tuple[MultimodalModel, Path]:
    model, folder = make_model(), tmp_path_factory.mktemp("lengths") / "artefact"
    export_onnx(model, folder, SCHEMA)
    return model, folder


def draw(rows: int, steps: int) -> dict[str, NDArray[np.float32]]:
    generator = np.random.default_rng(rows * steps)
    return {
        "motion": generator.standard_normal((rows, 2, steps), dtype=np.float32),
        "place": generator.standard_normal((rows, 3), dtype=np.float32),
    }


def logits(model: MultimodalModel, inputs: dict[str, NDArray[Any]], lengths: list[int] | None) -> NDArray[np.float32]:
    told = {} if lengths is None else {"motion": np.array(lengths)}
    return TorchPredictor(model)(inputs, np.ones((len(inputs["place"]), 2), dtype=np.bool_), told)["label"]["joint"]


def test_padding_reaches_nothing_and_costs_nothing() -> None:
    model, inputs, lengths = make_model(), draw(3, 16), [5, 2, 3]
    whole = logits(model, inputs, lengths)
    encoder = model.encoders["motion"]
    assert encoder.widest == max(lengths)
    for row, length in enumerate(lengths):
        alone = {"motion": inputs["motion"][row : row + 1, :, :length], "place": inputs["place"][row : row + 1]}
        np.testing.assert_allclose(logits(model, alone, None)[0], whole[row], rtol=1e-5, atol=1e-6)
        inputs["motion"][row, :, length:] = np.nan
    assert_same_bits(logits(model, inputs, lengths), whole)
    assert not np.isnan(whole).any()


def test_lengths_follow_the_rows_that_have_the_modality() -> None:
    model, inputs, lengths = make_model(), draw(3, 8), np.array([4, 1, 7])
    present = np.array([[True, True], [False, True], [True, False]])
    found = TorchPredictor(model)(inputs, present, {"motion": lengths})["label"]["motion"]
    everything = TorchPredictor(model)(inputs, np.ones((3, 2), dtype=np.bool_), {"motion": lengths})["label"]["motion"]
    assert_same_bits(found[[0, 2]], everything[[0, 2]])
    assert not found[1].any()


@pytest.mark.parametrize("lengths", [None, [9, 9, 9, 9], [9, 1, 4, 2]])
def test_a_session_agrees_with_the_model_at_any_length(
    artefact: tuple[MultimodalModel, Path], lengths: list[int] | None
) -> None:
    model, folder = artefact
    session = Session(folder)
    assert session.config.inputs == ("motion", "place", "present", "motion_length")
    for steps in (9, 16, 40):
        inputs = draw(4, steps)
        told = None if lengths is None else {"motion": np.array(lengths)}
        np.testing.assert_allclose(
            session.run(inputs, lengths=told)["logits"], logits(model, inputs, lengths), rtol=1e-4, atol=1e-5
        )


def test_a_modality_with_lengths_can_be_left_out(artefact: tuple[MultimodalModel, Path]) -> None:
    found = Session(artefact[1]).run({"place": draw(2, 4)["place"]})
    assert np.isfinite(found["logits"]).all()
    assert not found["motion_logits"].any()


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([1, 0], "lengths must be from 1 to the 4 steps given, but got 0"),
        ([5, 1], "lengths must be from 1 to the 4 steps given, but got 5"),
        ([1, 2, 3], "expected a whole number for each of 2 rows as lengths, but got int64 of shape"),
        ([1.0, 2.0], "but got float64"),
    ],
)
def test_lengths_that_cannot_be_are_refused(
    artefact: tuple[MultimodalModel, Path], lengths: list[float], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        Session(artefact[1]).run(draw(2, 4), lengths={"motion": np.array(lengths)})


def test_a_session_refuses_nan_in_a_row_and_takes_it_in_padding(artefact: tuple[MultimodalModel, Path]) -> None:
    session, inputs, lengths = Session(artefact[1]), draw(2, 4), {"motion": np.array([4, 2])}
    clean = session.run(inputs, lengths=lengths)["logits"]
    inputs["motion"][1, :, 2] = np.nan
    assert_same_bits(session.run(inputs, lengths=lengths)["logits"], clean)
    with pytest.raises(DataError, match="motion: expected finite values, but row 1 holds NaN"):
        session.run(inputs)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 2, 0), (2, 2)])
def test_rows_of_another_shape_are_refused(artefact: tuple[MultimodalModel, Path], shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="motion: expected the shape"):
        Session(artefact[1]).run({"motion": np.zeros(shape, np.float32)})


@pytest.mark.usefixtures("exports")
def test_a_graph_is_told_lengths_only_where_its_encoder_wants_them(tmp_path: Path) -> None:
    model = MultimodalModel({"motion": Sum(32), "place": Sum(3)}, TASKS, LateSum())
    export_onnx(model, tmp_path, SCHEMA)
    session = Session(tmp_path)
    assert session.config.inputs == ("motion", "place", "present")
    inputs = draw(2, 16)
    told = session.run(inputs, lengths={"motion": np.array([3, 4])})
    assert_same_bits(told["logits"], session.run(inputs)["logits"])


def test_files_of_different_lengths_say_the_same_in_both_runtimes(
    artefact: tuple[MultimodalModel, Path], tmp_path: Path
) -> None:
    generator, lengths = np.random.default_rng(0), [3, 16, 30]
    lines = ["id,domain,split,label,motion,place"]
    for number, length in enumerate(lengths):
        for name, shape in {"motion": (length, 2), "place": (3,)}.items():
            np.save(tmp_path / f"{name}{number}.npy", generator.standard_normal(shape))
        motion = f"motion{number}.npy" if number else ""
        lines.append(f"row{number},room,test,loud,{motion},place{number}.npy")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    samples = Samples(read_table(tmp_path / "table.csv"), SCHEMA, labelled=True)
    assert stack(samples[:]).lengths["motion"].tolist() == [1, 16, 16]
    assert stack(samples[:])[1:].lengths["motion"].tolist() == [16, 16]
    model, folder = artefact
    session = Session(folder)
    tables = [
        predict_subsets(predict, samples, [("motion", "place"), ("motion",)], 2)
        for predict in (TorchPredictor(model), SessionPredictor(session))
    ]
    for subset, in_torch in tables[0].items():
        in_onnx = tables[1][subset]
        assert in_torch is not None
        assert in_onnx is not None
        np.testing.assert_allclose(
            in_onnx.logits["label"]["joint"], in_torch.logits["label"]["joint"], rtol=1e-4, atol=1e-5
        )
    short = generator.standard_normal((3, 2)).astype(np.float32)
    probabilities = session.predict({"motion": short}).probabilities["label"]
    row = session.run({"motion": short.T[np.newaxis]})["logits"][0]
    assert probabilities["loud"] == pytest.approx(1 / (1 + np.exp(row[0] - row[1])), abs=1e-5)

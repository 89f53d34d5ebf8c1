"""Three small models and their artefacts, exported once a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
from acclimate.adapters.late_sum import LateSum
from acclimate.exporters.onnx import ExportReport, export_onnx
from acclimate.framework import Encoder, EncoderInput, MultimodalModel, Task
from acclimate.framework.data.preprocessing import (
    AudioPreprocessing,
    FeaturesPreprocessing,
    ImagePreprocessing,
    Preprocessing,
    SignalPreprocessing,
)
from acclimate.framework.data.schema import Schema
from acclimate.framework.encoders.default import default_encoder, make_encoder
from acclimate.framework.encoders.image import TimmImage
from numpy.typing import NDArray
from torch import Tensor, nn

from .trio import Trio, export_trio


class Convolution(Encoder):
    """Takes `(B, ...)` of any shape, and has what differs between training and evaluation."""

    def __init__(self, out_features: int = 6) -> None:
        super().__init__()
        self.out_features = out_features
        self.convolution = nn.Conv1d(1, out_features, 5, stride=3)
        self.normalisation = nn.BatchNorm1d(out_features)
        self.dropout = nn.Dropout(0.5)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Mean over positions."""
        maps = self.normalisation(self.convolution(inputs.values.flatten(start_dim=1).unsqueeze(1)))
        return self.dropout(torch.relu(maps).mean(dim=2))


class Constant(Encoder):
    """Does not look at its input, which the graph must have all the same."""

    def __init__(self, out_features: int = 6) -> None:
        super().__init__()
        self.out_features = out_features
        self.features = nn.Parameter(torch.linspace(-1, 1, out_features))

    def forward(self, inputs: EncoderInput) -> Tensor:
        """The same for all."""
        return self.features.expand(inputs.values.shape[0], -1)


@attrs.frozen(eq=False)
class Exported:
    """A model and the artefact that was made of it."""

    model: MultimodalModel
    schema: Schema
    folder: Path
    report: ExportReport

    def inputs(self, rows: int, seed: int = 0) -> dict[str, NDArray[np.float32]]:
        """Random inputs of every modality."""
        generator = np.random.default_rng(seed)
        return {
            name: generator.standard_normal((rows, *part.shape), dtype=np.float32)
            for name, part in self.schema.preprocessing.items()
        }

    def torch_logits(
        self, inputs: Mapping[str, NDArray[Any]], present: NDArray[np.bool_]
    ) -> Mapping[str, Mapping[str, Tensor]]:
        """What the model itself says, by task, then by modality and `joint`."""
        tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
        training = self.model.training
        with torch.no_grad():
            logits: Mapping[str, Mapping[str, Tensor]] = self.model.eval()(tensors, torch.from_numpy(present)).logits
        self.model.train(training)
        return logits


def make_model(
    encoders: Mapping[str, Encoder], preprocessing: Mapping[str, Preprocessing], tasks: tuple[Task, ...]
) -> tuple[MultimodalModel, Schema]:
    """A model that has seen a few batches, so that its statistics are not those of a fresh one."""
    torch.manual_seed(0)
    model, schema = MultimodalModel(encoders, tasks, LateSum()), Schema(preprocessing, tasks)
    for _ in range(5):
        model(
            {name: 2 * torch.randn(8, *part.shape) + 1 for name, part in schema.preprocessing.items()},
            torch.ones(8, len(schema.modalities), dtype=torch.bool),
        )
    return model, schema


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Exported:
    """Three modalities that come from files, one task; left in training mode; one graph with branches."""
    torch.manual_seed(0)  # weights that do not depend on the tests before
    model, schema = make_model(
        {"audio": Convolution(), "image": Convolution(), "wrist-left": Convolution()},
        {
            "audio": AudioPreprocessing(sampling_rate=8000, samples=400),
            "image": ImagePreprocessing(height=8, width=8, mean=[0.4], std=[0.3]),
            "wrist-left": SignalPreprocessing(length=20, mean=[0.0, 1.0], std=[1.0, 2.0]),
        },
        (Task("digit", ("one", "two", "three")),),
    )
    folder = tmp_path_factory.mktemp("recordings") / "artefact"
    report = export_onnx(model, folder, schema, form="branch", recipe="rna", metadata={"seed": 3, "note": "groß"})
    return Exported(model, schema, folder, report)


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Exported:
    """Two modalities named as values inside the graph, one of them never looked at; two tasks; one masked graph."""
    torch.manual_seed(0)  # weights that do not depend on the tests before
    model, schema = make_model(
        {"where": Convolution(), "relu": Constant()},
        {
            "where": FeaturesPreprocessing(mean=[0.0] * 12, std=[1.0] * 12),
            "relu": FeaturesPreprocessing(mean=[0.0] * 3, std=[1.0] * 3),
        },
        (Task("verb", ("cut", "wash")), Task("valence")),
    )
    folder = tmp_path_factory.mktemp("vectors")
    return Exported(model.eval(), schema, folder, export_onnx(model, folder / "model.onnx", schema, form="mask"))


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Exported:
    """Four modalities with the encoders that we ship; a graph for each."""
    torch.manual_seed(0)  # weights that do not depend on the tests before
    preprocessing: dict[str, Preprocessing] = {
        "features": FeaturesPreprocessing(mean=[0.0] * 9, std=[1.0] * 9),
        "photo": ImagePreprocessing(height=64, width=64, mean=[0.5] * 3, std=[0.5] * 3),
        "signal": SignalPreprocessing(length=50, mean=[0.0] * 3, std=[1.0] * 3),
        "sound": AudioPreprocessing(sampling_rate=8000, samples=2000),
    }
    made = {name: default_encoder(part) for name, part in preprocessing.items() if name != "photo"}
    photo = make_encoder(TimmImage, preprocessing["photo"], {"model_name": "test_resnet"})
    model, schema = make_model({**made, "photo": photo}, preprocessing, (Task("label", ("a", "b", "c")),))
    folder = tmp_path_factory.mktemp("encoders")
    return Exported(model, schema, folder, export_onnx(model, folder, schema, form="split"))


@pytest.fixture(scope="session")
def trio(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Trio:
    """A model in all three forms."""
    return export_trio(tmp_path_factory.mktemp("trio"))


@pytest.fixture(params=["vectors", "recordings", "encoders"])
def exported(request: pytest.FixtureRequest, exports: None) -> Exported:
    """Each of the three, of 2, 3 and 4 modalities, and each of another form."""
    found: Exported = request.getfixturevalue(request.param)
    return found

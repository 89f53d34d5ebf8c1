"""A model with all that Triton must be told: lengths, whole numbers, and tasks with and without classes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import onnx
import torch
from acclimate.adapters import LateSum
from acclimate.exporters import export_onnx
from acclimate.exporters.artefact import FUSION_FILE, METADATA_KEY, Form, to_json
from acclimate.exporters.artefact_folder import write_artefact
from acclimate.exporters.components import Components
from acclimate.exporters.file_names import encoder_files
from acclimate.exporters.forms import assemble
from acclimate.exporters.session import read_config
from acclimate.framework import Encoder, EncoderInput, MultimodalModel, Task
from acclimate.framework.data import Schema
from acclimate.framework.data.preprocessing import FeaturesPreprocessing, SignalPreprocessing, TextPreprocessing
from acclimate.framework.data.preprocessing.word_tokenizer import make_word_tokenizer
from acclimate.framework.encoders import MLP
from acclimate.framework.files.hashes import sha256
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from ..conftest import Convolution

CLASSES = ("cut", "größer", "wash up")
MODALITIES = ("motion", "place", "speech")
TOKENIZER = make_word_tokenizer({f"word{number}": 2 for number in range(10)})


class MaskedMean(Encoder):
    """The mean over a row's own steps."""

    time_axis = 2

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 5
        self.layer = nn.Linear(2, 5)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, 2, T)`."""
        values, lengths = inputs.values, inputs.lengths
        steps = torch.full_like(values[:, 0, 0], values.shape[2]) if lengths is None else lengths.to(values.dtype)
        own = torch.arange(values.shape[2]) < steps.unsqueeze(1)
        summed = torch.where(own.unsqueeze(1), values, torch.zeros_like(values)).sum(dim=2)
        features: Tensor = self.layer(summed / steps.unsqueeze(1)).relu()
        return features


class MeanOfWords(Encoder):
    """The mean of the words' vectors."""

    time_axis = 1

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 4
        self.vectors = nn.Embedding(16, 8)
        self.layer = nn.Linear(8, 4)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, T)`."""
        vectors, lengths = self.vectors(inputs.values), inputs.lengths
        steps = torch.full_like(vectors[:, 0, 0], vectors.shape[1]) if lengths is None else lengths.to(vectors.dtype)
        own = torch.arange(vectors.shape[1]) < steps.unsqueeze(1)
        summed = torch.where(own.unsqueeze(2), vectors, torch.zeros_like(vectors)).sum(dim=1)
        features: Tensor = self.layer(summed / steps.unsqueeze(1)).relu()
        return features


def make_artefact(folder: Path) -> Path:
    """Three modalities, of which two are told lengths, and a task of each kind; a graph for each encoder."""
    torch.manual_seed(0)
    tasks = (Task("action", CLASSES), Task("effort"))
    encoders: dict[str, Encoder] = {"motion": MaskedMean(), "place": Convolution(), "speech": MeanOfWords()}
    schema = Schema(
        {
            "motion": SignalPreprocessing(length=16, mean=[0.0, 0.0], std=[1.0, 1.0]),
            "place": FeaturesPreprocessing(mean=[0.0] * 7, std=[1.0] * 7),
            "speech": TextPreprocessing(max_length=9, tokenizer=TOKENIZER),
        },
        tasks,
    )
    export_onnx(MultimodalModel(encoders, tasks, LateSum()), folder, schema, form="split")
    return folder


def make_small(folder: Path, modality: str = "face") -> Path:
    """One modality and two classes; graphs of their own too."""
    torch.manual_seed(0)
    tasks = (Task("answer", ("no", "yes")),)
    schema = Schema({modality: FeaturesPreprocessing([0.0] * 4, [1.0] * 4)}, tasks)
    export_onnx(MultimodalModel({modality: MLP(in_features=4)}, tasks, LateSum()), folder, schema, form="split")
    return folder


def remake(split: Path, folder: Path, form: Form, *, classes: tuple[str, ...] | None = None, sign: float = 1.0) -> Path:
    """An artefact made of another one's parts, which is quicker than to export it.

    Args:
        split: of the form split.
        folder: of the new one.
        form: its form.
        classes: of the first task, where they shall be others.
        sign: by which all weights of the encoders are multiplied.
    """
    config = read_config(split)
    encoders = {name: onnx.load(split / file) for name, file in encoder_files(config.schema.modalities).items()}
    for weight in [tensor for encoder in encoders.values() for tensor in encoder.graph.initializer]:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32:
            weight.CopyFrom(numpy_helper.from_array(np.float32(sign) * values, weight.name))
    fusion = onnx.load(split / FUSION_FILE)
    fusion.ClearField("metadata_props")
    first, *others = config.schema.tasks
    tasks = (attrs.evolve(first, classes=classes or first.classes), *others)
    config = attrs.evolve(config, form=form, schema=attrs.evolve(config.schema, tasks=tasks))
    graphs = assemble(form, Components(encoders, fusion), config)
    main = graphs[config.main_file]
    files = {name: graph.SerializeToString() for name, graph in graphs.items() if graph is not main}
    config = attrs.evolve(config, files={name: sha256(content) for name, content in files.items()})
    main.metadata_props.add(key=METADATA_KEY, value=to_json(config.to_document()))
    write_artefact(folder, {**files, config.main_file: main.SerializeToString()}, config.to_document())
    return folder


def draw(rows: int, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Inputs of all modalities."""
    generator = np.random.default_rng(seed)
    return {
        "motion": generator.standard_normal((rows, 2, 12), dtype=np.float32),
        "place": generator.standard_normal((rows, 7), dtype=np.float32),
        "speech": generator.integers(0, 10, (rows, 8)),
    }


def fill(inputs: Mapping[str, NDArray[Any]], rows: int) -> dict[str, NDArray[Any]]:
    """What a client sends that lacks modalities, to a model of one graph: zeros, and that they are not present."""
    empty = {"motion": (2, 1), "place": (7,), "speech": (1,)}
    dtypes = {"motion": np.float32, "place": np.float32, "speech": np.int64}
    sent = {name: inputs.get(name, np.zeros((rows, *empty[name]), dtypes[name])) for name in MODALITIES}
    lengths = {f"{name}_length": np.full((rows, 1), sent[name].shape[-1], np.int64) for name in ("motion", "speech")}
    present = np.tile(np.array([name in inputs for name in MODALITIES], np.float32), (rows, 1))
    return {**sent, **lengths, "present": present} | dict(inputs)

"""One small model in all three forms: a signal and a text whose encoders are told lengths, and features."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import attrs
import numpy as np
import onnx
import torch
from acclimate.adapters.late_sum import LateSum
from acclimate.exporters.artefact import METADATA_KEY, ArtefactConfig, Form, to_json
from acclimate.exporters.artefact_folder import write_artefact
from acclimate.exporters.components import Components, export_components
from acclimate.exporters.forms import assemble
from acclimate.exporters.trial_batches import TrialRows
from acclimate.framework import Encoder, EncoderInput, MultimodalModel, Task
from acclimate.framework.data.decoding import Decoded
from acclimate.framework.data.preprocessing import FeaturesPreprocessing, SignalPreprocessing, TextPreprocessing
from acclimate.framework.data.schema import Schema
from acclimate.framework.files.hashes import sha256
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

FORMS: tuple[Form, ...] = get_args(Form)
MODALITIES = ("motion", "note", "place")
POSITIONS = 24


class MaskedMean(Encoder):
    """The mean over a row's own steps, which are the last axis."""

    time_axis = 2

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_features = 5
        self.layer = nn.Linear(channels, 5)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, C, T)`."""
        values, lengths = inputs.values, inputs.lengths
        steps = torch.full_like(values[:, 0, 0], values.shape[2]) if lengths is None else lengths.to(values.dtype)
        own = torch.arange(values.shape[2]) < steps.unsqueeze(1)
        summed = torch.where(own.unsqueeze(1), values, torch.zeros_like(values)).sum(dim=2)
        features: Tensor = self.layer(summed / steps.unsqueeze(1)).tanh()
        return features


class Words(Encoder):
    """The mean over a text's tokens, with a position for each of the first `POSITIONS`."""

    time_axis = 1

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(words, 4), nn.Embedding(POSITIONS, 4)
        self.mean = MaskedMean(4)
        self.out_features = self.mean.out_features

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, T)`."""
        embedded = self.words(inputs.values) + self.positions(torch.arange(inputs.values.shape[1]))
        features: Tensor = self.mean(attrs.evolve(inputs, values=embedded.transpose(1, 2)))
        return features


class Plain(Encoder):
    """A layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out_features = 5
        self.layer = nn.Linear(width, 5)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode `(B, F)`."""
        features: Tensor = self.layer(inputs.values).tanh()
        return features


def make_schema() -> Schema:
    texts = [Decoded("text", text) for text in ("a fine day", "a bad day off", "what a day")]
    preprocessing = {
        "motion": SignalPreprocessing(length=16, mean=[0.0, 0.0], std=[1.0, 1.0]),
        "note": TextPreprocessing.fit(texts),
        "place": FeaturesPreprocessing(mean=[0.0] * 3, std=[1.0] * 3),
    }
    return Schema(preprocessing, (Task("label", ("quiet", "loud")), Task("level")))


@attrs.frozen(eq=False)
class Trio:
    """The artefacts' folders by form, and those of another model with the same schema."""

    schema: Schema
    folders: Mapping[Form, Path]
    others: Mapping[Form, Path]

    def draw(self, rows: int, steps: int = 12, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Inputs of all modalities."""
        generator = np.random.default_rng(seed)
        return {
            "motion": generator.standard_normal((rows, 2, steps), dtype=np.float32),
            "note": generator.integers(self.schema.preprocessing["note"].indices or 0, size=(rows, steps)),
            "place": generator.standard_normal((rows, 3), dtype=np.float32),
        }


def export_trio(folder: Path) -> Trio:
    """Export each part once, and write all forms of it."""
    schema = make_schema()
    torch.manual_seed(0)
    words = schema.preprocessing["note"].indices or 0
    encoders = {"motion": MaskedMean(2), "note": Words(words), "place": Plain(3)}
    model = MultimodalModel(encoders, schema.tasks, LateSum()).eval()
    config = ArtefactConfig(
        schema=schema, opset=20, recipe=None, versions={}, metadata={}, lengths=("motion", "note"), form="split"
    )
    trio = Trio(schema, {form: folder / form for form in FORMS}, {form: folder / f"other-{form}" for form in FORMS})
    axes = {"motion": 2, "note": 1, "place": None}
    pools = {name: TrialRows(rows, axes[name]) for name, rows in trio.draw(2).items()}
    parts = export_components(model, pools, config)
    for form, place in trio.folders.items():
        write_form(place, parts, attrs.evolve(config, form=form))
    for graph in (*parts.encoders.values(), parts.fusion):
        for tensor in graph.graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT:
                tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) + np.float32(0.1), tensor.name))
    for form, place in trio.others.items():
        write_form(place, parts, attrs.evolve(config, form=form))
    return trio


def write_form(folder: Path, parts: Components, config: ArtefactConfig) -> None:
    """Write one artefact."""
    graphs = assemble(config.form, parts, config)
    content = {name: graph.SerializeToString() for name, graph in graphs.items() if name != config.main_file}
    config = attrs.evolve(config, files={name: sha256(encoder) for name, encoder in content.items()})
    main = graphs[config.main_file]
    main.metadata_props.add(key=METADATA_KEY, value=to_json(config.to_document()))
    files = {**content, config.main_file: main.SerializeToString()}
    write_artefact(folder, files, config.to_document())
    main.ClearField("metadata_props")


def graph_files(folder: Path) -> list[str]:
    """Paths of an artefact's graphs in its folder, the main one last."""
    encoders = sorted(str(path.relative_to(folder)) for path in folder.glob("encoders/*.onnx"))
    return [*encoders, *(name for name in ("model.onnx", "fusion.onnx") if (folder / name).exists())]


def read_metadata(file: Path) -> str:
    """The configuration in a graph's metadata."""
    return next(
        note.value for note in onnx.load(file, load_external_data=False).metadata_props if note.key == METADATA_KEY
    )


def write_metadata(file: Path, text: str) -> None:
    """Change the configuration in a graph's metadata."""
    graph = onnx.load(file, load_external_data=False)
    next(note for note in graph.metadata_props if note.key == METADATA_KEY).value = text
    file.write_bytes(graph.SerializeToString())


def reseal(folder: Path) -> None:
    """Make the hashes of an altered artefact right again, as someone with ill intent would."""
    main = folder / graph_files(folder)[-1]
    document = json.loads(read_metadata(main))
    document["files"] = {name: sha256((folder / name).read_bytes()) for name in document["files"]}
    write_metadata(main, json.dumps(document))
    (folder / "config.json").write_text(json.dumps({**document, "sha256": sha256(main.read_bytes())}))

"""The models that an artefact becomes: one; or one for each encoder, one for the fusion and one that calls them."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import attrs

from ...framework.port_names import FEATURES, PRESENT
from ..artefact import ArtefactConfig
from ..artefact_folder import Stored
from ..execution import Execution
from ..file_names import encoder_files
from .labels import LabelFiles
from .pbtxt import Document
from .ports import TritonPort
from .settings import Settings

OWNER: Final = "acclimate"
"""The parameter by which a model is known to be one of ours; it holds JSON."""

QUEUE_DELAY: Final = 500
"""Microseconds that the first request waits for others, to be run as one batch: little beside what an encoder takes."""


@attrs.frozen(eq=False)
class TritonModel:
    """A folder of the model repository.

    Args:
        config: its config.pbtxt.
        labels: files with the classes of outputs, by name.
        files: content of a version's folder, by name.
    """

    config: Document
    labels: Mapping[str, str]
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """Of the model and its folder."""
        name: str = self.config["name"]
        return name


def make_models(stored: Stored, config: ArtefactConfig, settings: Settings) -> list[TritonModel]:
    """The models of an artefact; those that another calls come before it.

    Raises:
        ExportError: if a file of the artefact was altered, or a class has a name that no label file could hold.
    """
    labels = LabelFiles.of(config)
    if config.form != "split":
        return [_graph_model(settings.name, stored.content, settings, "model", labels)]
    encoders = {
        modality: _graph_model(
            f"{settings.name}_encoder_{modality}",
            stored.read(file, config),
            settings,
            "encoder",
        )
        for modality, file in encoder_files(config.schema.modalities).items()
    }
    fusion = _graph_model(f"{settings.name}_fusion", stored.content, settings, "fusion")
    return [*encoders.values(), fusion, _business_logic(encoders, fusion, config, settings, labels)]


def _graph_model(
    name: str, graph: bytes, settings: Settings, part: str, labels: LabelFiles | None = None
) -> TritonModel:
    """A model of one graph, which Triton's ONNX Runtime runs."""
    opened = Execution().runtime(graph, name)
    outputs = [TritonPort.of(port).describe() for port in opened.outputs]
    config: Document = {
        "name": name,
        "backend": "onnxruntime",
        "max_batch_size": settings.max_batch_size,
        "input": [TritonPort.of(port).describe_input() for port in opened.inputs],
        "output": labels.attach(outputs) if labels else outputs,
        # Triton would start two on a CPU, each with as many threads as there are cores.
        "instance_group": [{"count": 1, "kind": settings.kind}],
        "dynamic_batching": {"max_queue_delay_microseconds": QUEUE_DELAY},
        "parameters": _owner({"part": part}),
    }
    return TritonModel(config, labels.contents if labels else {}, {"model.onnx": graph})


def _business_logic(
    encoders: Mapping[str, TritonModel],
    fusion: TritonModel,
    config: ArtefactConfig,
    settings: Settings,
    labels: LabelFiles,
) -> TritonModel:
    """The model that clients call: it runs the encoders that a request needs, then the fusion."""
    ports = {port["name"]: port for model in encoders.values() for port in model.config["input"]}
    ports[PRESENT] = next(port for port in fusion.config["input"] if port["name"] == PRESENT)
    widths = {port["name"]: port["dims"][0] for port in fusion.config["input"]}
    plan = {
        "part": "model",
        "fusion": fusion.name,
        "modalities": [
            {
                "name": modality,
                "encoder": model.name,
                "width": widths[FEATURES.format(modality=modality)],
                "time_axis": _time_axis(modality, config),
            }
            for modality, model in encoders.items()
        ],
    }
    document: Document = {
        "name": settings.name,
        "backend": "python",
        "max_batch_size": settings.max_batch_size,
        "input": [_optional(ports[name]) for name in config.inputs],
        "output": labels.attach(fusion.config["output"]),
        # Requests with different modalities are never handed over together: two so that one need not wait for another.
        "instance_group": [{"count": 2, "kind": "KIND_CPU"}],
        # No delay: the encoders' own queues wait.
        "dynamic_batching": {},
        "parameters": _owner(plan),
    }
    script = files(__package__).joinpath("business_logic.py").read_bytes()
    return TritonModel(document, labels.contents, {"model.py": script})


def _time_axis(modality: str, config: ArtefactConfig) -> int | None:
    """Axis of a batch along which rows differ in length; None where the encoder is told no lengths."""
    axis = config.schema.preprocessing[modality].time_axis
    return None if axis is None or modality not in config.lengths else axis + 1


def _optional(port: Mapping[str, Any]) -> Document:
    document = {key: value for key, value in port.items() if key != "reshape"} | {"optional": True}
    # Rows of requests are not joined here, so they need not be of one length to be handed over together.
    return {**document, "allow_ragged_batch": True} if -1 in port["dims"] else document


def _owner(document: Mapping[str, object]) -> Sequence[Document]:
    return [{"key": OWNER, "value": {"string_value": json.dumps(document)}}]

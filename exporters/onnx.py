"""From a model to an artefact: one ONNX file, checked against the model before anyone can see it."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import onnx
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from ..framework.data.samples import Arrays
from ..framework.data.schema import Schema
from ..framework.errors import ExportError
from ..framework.model import MultimodalModel
from . import artefact
from .artefact import ArtefactConfig
from .graph import BATCH, name_ports, strip_notes
from .parity import BATCH_SIZES, check_parity

MAX_BYTES: Final = 2**31 - 2**24
"""What protobuf can hold, less some room for the graph."""


@attrs.frozen
class ExportReport:
    """What was written, and how well it agrees with the model.

    Args:
        path: of model.onnx; config.json lies beside it.
        size: of model.onnx in bytes.
        sha256: of model.onnx.
        nodes: number of operators in the graph.
        max_abs: largest difference of any output from torch's.
        argmax_agreement: share of answers where both name the same class.
        samples: rows that were compared.
    """

    path: Path
    size: int
    sha256: str
    nodes: int
    max_abs: float
    argmax_agreement: float
    samples: int


def export_onnx(
    model: MultimodalModel,
    path: str | os.PathLike[str],
    schema: Schema,
    *,
    samples: Arrays | None = None,
    recipe: str | None = None,
    metadata: Mapping[str, object] | None = None,
    opset_version: int = 20,
) -> ExportReport:
    """Write a model as an artefact, a folder with model.onnx and config.json.

    The graph's inputs are the modalities, in alphabetical order, and `present`, float32 `(batch, M)`; what stands in an
    absent slot reaches nothing. Its outputs are `logits` and `<modality>_logits`, or `<task>_logits` and
    `<task>_<modality>_logits` where there are several tasks.

    Before anything becomes visible at `path`, the graph is compared with the model, see `check_parity`. An export that
    fails leaves what was there before.

    Args:
        model: has its modes and its device back afterwards.
        path: the folder, or the file model.onnx in it.
        schema: preprocessing and tasks, stored in the artefact.
        samples: real inputs to compare on; random ones where None.
        recipe: name of the method, stored in the artefact.
        metadata: JSON values, stored in the artefact.
        opset_version: of the ONNX operators.

    Raises:
        ExportError: if the model cannot be exported, disagrees with its graph or does not fit the schema, or the files
            cannot be written.
    """
    folder = _folder(path)
    config = ArtefactConfig(
        schema=schema, opset=opset_version, recipe=recipe, versions=_versions(), metadata=metadata or {}
    )
    document, outputs = config.to_document(), config.outputs
    _check_fit(model, schema)
    pools = {name: _pool(name, schema, samples) for name in schema.modalities}
    with _evaluation_mode(model):
        graph = _export(model, pools, config)
        graph.metadata_props.add(key=artefact.METADATA_KEY, value=artefact.to_json(document))
        content: bytes = graph.SerializeToString(deterministic=True)
        parity = check_parity(content, model, pools, outputs)
    artefact.write_artefact(folder, content, document)
    return ExportReport(
        path=folder / artefact.MODEL_FILE,
        size=len(content),
        sha256=artefact.sha256(content),
        nodes=len(graph.graph.node),
        **attrs.asdict(parity),
    )


class _Deployed(nn.Module):
    """The model as the graph has it: presence as numbers, outputs in one flat row."""

    def __init__(self, model: MultimodalModel, outputs: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__()
        self.model = model
        self.keys = [(task, modality) for task, names in outputs.items() for modality in names]

    def forward(
        self, inputs: Mapping[str, Tensor], present: Float[Tensor, "batch modality"]
    ) -> tuple[Float[Tensor, "batch _"], ...]:
        logits = self.model(inputs, present > 0.5, "target").logits
        return tuple(logits[task][modality] for task, modality in self.keys)


def _export(model: MultimodalModel, pools: Mapping[str, NDArray[Any]], config: ArtefactConfig) -> onnx.ModelProto:
    inputs = {name: torch.from_numpy(pools[name][:2]) for name in config.schema.modalities}
    wrapper = _Deployed(model, config.outputs).eval()
    try:
        with torch.no_grad():
            program: Any = torch.onnx.export(
                wrapper,
                (),
                kwargs={"inputs": inputs, "present": torch.ones(2, len(inputs))},
                # One axis has the name and the others follow it: torch warns of a name that is given to several.
                dynamic_shapes={
                    "inputs": {name: {0: torch.export.Dim.DYNAMIC} for name in inputs},
                    "present": {0: BATCH},
                },
                opset_version=config.opset,
                verbose=False,
            )
        graph: onnx.ModelProto = program.model_proto
        strip_notes(graph)
        name_ports(graph, config.inputs, [name for names in config.outputs.values() for name in names.values()])
    except Exception as error:  # The exporter raises whatever a model's own code, torch or onnx raise.
        cause = error.__cause__ or error
        reason = " ".join(line.strip(" -") for line in str(cause).strip().splitlines()[:2])
        raise ExportError(f"torch cannot export the model: {type(cause).__name__}: {reason}") from error
    return graph


@contextlib.contextmanager
def _evaluation_mode(model: MultimodalModel) -> Iterator[None]:
    """On the CPU, where both runtimes count alike, and in evaluation mode."""
    modes = {module: module.training for module in model.modules()}
    device = next(model.parameters()).device
    try:
        model.eval().to("cpu")
        yield
    finally:
        model.to(device)
        for module, training in modes.items():
            module.training = training


def _folder(path: str | os.PathLike[str]) -> Path:
    file = artefact.model_path(path)
    if file.name != artefact.MODEL_FILE:
        raise ExportError(f"{path}: an artefact is a folder with {artefact.MODEL_FILE} in it, so give the folder.")
    if file.parent.exists() and not file.parent.is_dir():
        raise ExportError(f"{path}: an artefact is a folder, but there is a file of that name.")
    return file.parent


def _check_fit(model: MultimodalModel, schema: Schema) -> None:
    if model.modalities != schema.modalities:
        raise ExportError(f"the model has modalities {model.modalities}, but the schema {schema.modalities}.")
    if model.tasks != schema.tasks:
        raise ExportError(f"the model has tasks {model.tasks}, but the schema {schema.tasks}.")
    tensors = (*model.parameters(), *model.buffers())
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if size > MAX_BYTES:
        raise ExportError(f"one ONNX file holds {MAX_BYTES} bytes of weights at most, but the model has {size}.")
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise ExportError(f"weights must be float32, but {name} is {tensor.dtype}.")


def _pool(name: str, schema: Schema, samples: Arrays | None) -> NDArray[np.float32]:
    """Rows of one modality: those of the samples that have it, or random ones where none has."""
    shape = (max(BATCH_SIZES), *schema.preprocessing[name].shape)
    column = schema.modalities.index(name)
    if samples is not None:
        given = samples.inputs[name][samples.present[:, column]]
        if given.shape[1:] != shape[1:]:
            raise ExportError(f"samples of {name} must be of shape {shape[1:]}, but are of {given.shape[1:]}.")
        if len(given):
            return np.resize(given, shape)
    # Modalities get different numbers, so that none can stand in for another.
    return np.random.default_rng(column).standard_normal(shape, dtype=np.float32)


def _versions() -> dict[str, str]:
    versions = {}
    for package in ("acclimate", "torch", "onnx", "numpy"):
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions

"""From a model to an artefact: one ONNX file, checked against the model before anyone can see it."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import numpy as np
import onnx
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..framework.data.samples import Arrays
from ..framework.data.schema import Schema
from ..framework.errors import ExportError
from ..framework.model import MultimodalModel
from . import artefact
from .artefact import ArtefactConfig
from .graph import BATCH, name_ports, strip_notes
from .parity import BATCH_SIZES, Pool, check_parity

if TYPE_CHECKING:
    from ..framework.interfaces import Encoder

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

    The graph's inputs are the modalities, in alphabetical order, `present`, float32 `(batch, M)`, and of those whose
    encoders take lengths `<modality>_length`, int64 `(batch,)`; what stands in an absent slot reaches nothing. Its
    outputs are `logits` and `<modality>_logits`, or `<task>_logits` and `<task>_<modality>_logits` where there are
    several tasks.

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
    _check_fit(model, schema)
    config = ArtefactConfig(
        schema=schema,
        opset=opset_version,
        recipe=recipe,
        versions=_versions(),
        metadata=metadata or {},
        lengths=_told_lengths(model, schema),
    )
    document, outputs = config.to_document(), config.outputs
    pools = {name: _pool(name, config, samples) for name in schema.modalities}
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
        self,
        inputs: Mapping[str, Tensor],
        present: Float[Tensor, "batch modality"],
        lengths: Mapping[str, Int64[Tensor, " batch"]] | None = None,
    ) -> tuple[Float[Tensor, "batch _"], ...]:
        logits = self.model(inputs, present > 0.5, "target", lengths).logits
        return tuple(logits[task][modality] for task, modality in self.keys)


def _export(model: MultimodalModel, pools: Mapping[str, Pool], config: ArtefactConfig) -> onnx.ModelProto:
    inputs = {name: torch.from_numpy(pools[name].rows[:2]) for name in config.schema.modalities}
    lengths = {name: torch.tensor([_steps(pools[name]), _steps(pools[name]) - 1]) for name in config.lengths}
    # An empty dictionary would be counted as an input.
    told = {"lengths": lengths} if lengths else {}
    axes = {name: {0: torch.export.Dim.DYNAMIC} for name in inputs}
    for name in config.lengths:
        axes[name][pools[name].time_axis or 1] = torch.export.Dim.DYNAMIC
    wrapper = _Deployed(model, config.outputs).eval()
    try:
        with torch.no_grad():
            program: Any = torch.onnx.export(
                wrapper,
                (),
                kwargs={"inputs": inputs, "present": torch.ones(2, len(inputs))} | told,
                # One axis has the name and the others follow it: torch warns of a name that is given to several.
                dynamic_shapes={
                    "inputs": axes,
                    "present": {0: BATCH},
                }
                | {key: {name: {0: torch.export.Dim.DYNAMIC} for name in lengths} for key in told},
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


def _told_lengths(model: MultimodalModel, schema: Schema) -> tuple[str, ...]:
    return tuple(
        name
        for name, preprocessing in schema.preprocessing.items()
        if preprocessing.time_axis is not None and cast("Encoder", model.encoders[name]).takes_lengths
    )


def _pool(name: str, config: ArtefactConfig, samples: Arrays | None) -> Pool:
    """Rows of one modality: those of the samples that have it, or random ones where none has."""
    preprocessing = config.schema.preprocessing[name]
    axis = (preprocessing.time_axis or 0) + 1 if name in config.lengths else None
    shape = (max(BATCH_SIZES), *preprocessing.shape)
    column = config.schema.modalities.index(name)
    if samples is not None:
        given = samples.inputs[name][samples.present[:, column]]
        if given.shape[1:] != shape[1:]:
            raise ExportError(f"samples of {name} must be of shape {shape[1:]}, but are of {given.shape[1:]}.")
        if len(given):
            return Pool(np.resize(given, shape), axis)
    # Modalities get different numbers, so that none can stand in for another.
    return Pool(preprocessing.random(np.random.default_rng(column), shape[0]), axis)


def _steps(pool: Pool) -> int:
    size: int = pool.rows.shape[pool.time_axis or 1]
    return size


def _versions() -> dict[str, str]:
    versions = {}
    for package in ("acclimate", "torch", "onnx", "numpy"):
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions

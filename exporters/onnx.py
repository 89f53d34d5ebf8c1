"""From a model to an artefact, checked against the model before anyone can see it."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

import attrs
import numpy as np
import torch

from ..framework.data.arrays import Arrays
from ..framework.data.schema import Schema
from ..framework.errors import ExportError
from ..framework.files.hashes import sha256
from ..framework.model import MultimodalModel
from ..framework.tensors.evaluation_mode import evaluation_mode
from . import artefact
from .artefact import ArtefactConfig, Form, Precision
from .artefact_folder import write_artefact
from .components import export_components
from .execution import AUTO
from .forms import assemble
from .graph_files import open_files, serialise
from .lower_precision import MAXIMUM_SLOWDOWN, Evidence, choose_rows
from .lowering import REPORT_KEY, Lowered, Lowering
from .parity import check_parity
from .precision_report import PrecisionReport
from .trial_batches import BATCH_SIZES, TrialRows

if TYPE_CHECKING:
    import onnx

    from ..framework.data.input_maps import InputMap
    from ..framework.interfaces import Encoder

MAX_BYTES: Final = 2**31 - 2**24
"""What protobuf can hold, less some room for the graph."""


@attrs.frozen
class ExportReport:
    """What was written, and how well it agrees with the model.

    Args:
        path: of the main graph, model.onnx or fusion.onnx; config.json lies beside it.
        form: of the graphs.
        size: of all graphs in bytes.
        sha256: of the main graph.
        nodes: number of operators in all graphs, those in branches left out.
        max_abs: largest difference of any output from torch's, in float32.
        argmax_agreement: share of answers where both name the same class, in float32.
        samples: rows that were compared.
        precision: what lower precision costs and brings; None for float32.
        refused: why others were not taken, by precision, where it was `auto`.

    Example:
        >>> ExportReport(Path("digits/model.onnx"), "branch", 9000, "0a1b", 40, 2e-7, 1.0, samples=84).path.name
        'model.onnx'
    """

    path: Path
    form: Form
    size: int
    sha256: str
    nodes: int
    max_abs: float
    argmax_agreement: float
    samples: int
    precision: PrecisionReport | None = None
    refused: Mapping[str, str] = attrs.field(factory=dict)


def export_onnx(
    model: MultimodalModel,
    path: str | os.PathLike[str],
    schema: Schema,
    *,
    form: Form = "branch",
    precision: Precision | Literal["auto"] = "float32",
    samples: Arrays | None = None,
    labelled: Arrays | None = None,
    minimum_agreement: float = 0.99,
    maximum_accuracy_drop: float = 0.01,
    maximum_slowdown: float = MAXIMUM_SLOWDOWN,
    recipe: str | None = None,
    metadata: Mapping[str, object] | None = None,
    opset_version: int = 20,
) -> ExportReport:
    """Write a model as an artefact, a folder with its graphs and config.json.

    The artefact's inputs are the modalities, in alphabetical order, `present`, float32 `(batch, M)`, and of those whose
    encoders take lengths `<modality>_length`, int64 `(batch,)`; what stands in an absent slot reaches nothing. Its
    outputs are `logits` and `<modality>_logits`, or `<task>_logits` and `<task>_<modality>_logits` where there are
    several tasks.

    Before anything becomes visible at `path`, the graph is compared with the model, see `check_parity`; one in lower
    precision with that in float32, see `lower_precision`. An export that fails leaves what was there before.

    Args:
        model: has its modes and its device back afterwards.
        path: the folder, or the main graph's file in it.
        schema: preprocessing and tasks, stored in the artefact.
        form: what becomes of encoders whose modality is absent, see `forms.assemble`.
        precision: what the encoders compute in; heads and fusion stay in float32. `auto`: the fastest on this processor
            that lower precision's rules allow, see `lowering`.
        samples: real inputs to compare on; random ones where None. int8 needs some, see `Evidence`.
        labelled: rows with labels, which the accuracy of lower precision is measured on.
        minimum_agreement: with float32, below which lower precision is refused, see `Evidence`.
        maximum_accuracy_drop: above which lower precision is refused, see `Evidence`.
        maximum_slowdown: above which int8 is refused, see `Evidence`.
        recipe: name of the method, stored in the artefact.
        metadata: JSON values, stored in the artefact.
        opset_version: of the ONNX operators.

    Raises:
        ExportError: if the model cannot be exported, disagrees with its graph or does not fit the schema, lower
            precision is too bad, or the files cannot be written.

    Example:
        >>> import tempfile
        >>> from acclimate.adapters import LateSum
        >>> from acclimate.framework import Task
        >>> from acclimate.framework.data import FeaturesPreprocessing
        >>> from acclimate.framework.encoders import MLP
        >>> preprocessing = {"audio": FeaturesPreprocessing([0.0] * 4, [1.0] * 4)}
        >>> tasks = (Task("digit", ("one", "two")),)
        >>> model = MultimodalModel({"audio": MLP(4, [8], 8)}, tasks, LateSum())
        >>> report = export_onnx(model, tempfile.mkdtemp(), Schema(preprocessing, tasks))
        >>> report.form, report.argmax_agreement
        ('branch', 1.0)
    """
    folder = _folder(path, form)
    _check_fit(model, schema)
    _check_precision(precision, metadata or {})
    evidence = Evidence(
        samples=samples,
        labelled=labelled,
        minimum_agreement=minimum_agreement,
        maximum_accuracy_drop=maximum_accuracy_drop,
        maximum_slowdown=maximum_slowdown,
    )
    config = ArtefactConfig(
        schema=schema,
        opset=opset_version,
        recipe=recipe,
        versions=_versions(),
        metadata=metadata or {},
        lengths=_told_lengths(model, schema),
        form=form,
        precision="float32" if precision == AUTO else precision,
    )
    if precision not in ("float32", AUTO):
        choose_rows(evidence, config)  # What is wrong with them is better known before minutes of work.
    config.to_document()  # So is what is wrong with it.
    pools = {name: _pool(name, config, samples) for name in schema.modalities}
    with evaluation_mode(model), _on_cpu(model):
        components = export_components(model, pools, config)
        graphs: Mapping[str, onnx.ModelProto] = assemble(form, components, config)
        files, full = serialise(graphs, config)
        reference = open_files(files, full)
        parity = check_parity(reference, model, pools, config.outputs)
        lowering = Lowering(model, components, pools, reference, evidence)
        lowered: Lowered | None = None
        refused: dict[str, str] = {}
        if precision == AUTO:
            lowered, refused = lowering.find_fastest(config, sha256(files[config.main_file]))
        elif precision != "float32":
            lowered = lowering.lower(config)
        if lowered is not None:
            graphs = lowered.graphs
            files, full = serialise(graphs, lowered.config)
    write_artefact(folder, files, full.to_document())
    return ExportReport(
        path=folder / config.main_file,
        form=form,
        size=sum(len(content) for content in files.values()),
        sha256=sha256(files[config.main_file]),
        nodes=sum(len(graph.graph.node) for graph in graphs.values()),
        precision=None if lowered is None else lowered.report,
        refused=refused,
        **attrs.asdict(parity),
    )


@contextlib.contextmanager
def _on_cpu(model: MultimodalModel) -> Iterator[None]:
    """Where both runtimes count alike; the model is moved back at the end."""
    device = next(model.parameters()).device
    try:
        model.to("cpu")
        yield
    finally:
        model.to(device)


def _check_precision(precision: str, metadata: Mapping[str, object]) -> None:
    known = (*get_args(Precision), AUTO)
    if precision not in known:
        raise ExportError(f"precision must be {', '.join(known)}, but got {precision!r}.")
    if precision != "float32" and REPORT_KEY in metadata:
        raise ExportError(
            f"metadata must leave {REPORT_KEY!r} to the export, which writes what {precision} costs there."
        )


def _folder(path: str | os.PathLike[str], form: Form) -> Path:
    if form not in get_args(Form):
        raise ExportError(f"form must be {', '.join(get_args(Form))}, but got {form!r}.")
    main = artefact.FUSION_FILE if form == "split" else artefact.MODEL_FILE
    file = Path(path) if Path(path).suffix == ".onnx" and not Path(path).is_dir() else Path(path) / main
    if file.name != main:
        raise ExportError(f"{path}: an artefact is a folder with {main} in it, so give the folder.")
    if file.parent.exists() and not file.parent.is_dir():
        raise ExportError(f"{path}: an artefact is a folder, but there is a file of that name.")
    return file.parent


def _check_fit(model: MultimodalModel, schema: Schema) -> None:
    if model.modalities != schema.modalities:
        raise ExportError(f"the model has modalities {model.modalities}, but the schema {schema.modalities}.")
    if model.tasks != schema.tasks:
        raise ExportError(f"the model has tasks {model.tasks}, but the schema {schema.tasks}.")
    if dict(model.input_maps) != dict(schema.maps):
        raise ExportError(
            f"the model maps its inputs {_describe(model.input_maps)}, but the schema {_describe(schema.maps)}."
        )
    tensors = (*model.parameters(), *model.buffers())
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if size > MAX_BYTES:
        raise ExportError(f"one ONNX file holds {MAX_BYTES} bytes of weights at most, but the model has {size}.")
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise ExportError(f"weights must be float32, but {name} is {tensor.dtype}.")


def _describe(maps: "Mapping[str, InputMap]") -> str:
    return ", ".join(f"{name}: {found.name}" for name, found in maps.items()) or "not at all"


def _told_lengths(model: MultimodalModel, schema: Schema) -> tuple[str, ...]:
    return tuple(
        name
        for name, preprocessing in schema.preprocessing.items()
        if preprocessing.time_axis is not None and cast("Encoder", model.encoders[name]).time_axis is not None
    )


def _pool(name: str, config: ArtefactConfig, samples: Arrays | None) -> TrialRows:
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
            return TrialRows(np.resize(given, shape), axis)
    # Modalities get different numbers, so that none can stand in for another.
    return TrialRows(preprocessing.random(np.random.default_rng(column), shape[0]), axis)


def _versions() -> dict[str, str]:
    versions = {}
    for package in ("acclimate", "torch", "onnx", "numpy"):
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions

"""What an artefact is: its files' names, its configuration, what its graphs take and give."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Self, TypeAlias, get_args

import attrs

from ..framework.data.schema import Schema
from ..framework.errors import AcclimateError, ExportError
from ..framework.layout import Task
from ..framework.port_names import FEATURES, LENGTH, PRESENT, can_name_a_file, logits_names, name_taken_twice
from .documents import check_fields

Form: TypeAlias = Literal["mask", "branch", "split"]
"""What becomes of encoders whose modality is absent: they run all the same, lie in an `If`, or are own files."""

Precision: TypeAlias = Literal["float32", "float16", "int8", "bfloat16"]
"""What the encoders compute in or, for bfloat16, may: their graphs are those in float32, and a runtime rounds."""

MODEL_FILE: Final = "model.onnx"
FUSION_FILE: Final = "fusion.onnx"
CONFIG_FILE: Final = "config.json"
ENCODER_FOLDER: Final = "encoders"

METADATA_KEY: Final = "acclimate.config"
"""Where the main graph itself holds the configuration, so that it can be used without the file beside it."""

CHECKPOINT_KEY: Final = "checkpoint"
"""Where config.json says how the model was trained, in a checkpoint of the zoo; the graph does not repeat that."""

FORMAT: Final = 1


@attrs.frozen(kw_only=True)
class ArtefactConfig:
    """What a program must know to use the graph.

    Args:
        schema: modalities with their preprocessing, and tasks with their classes.
        opset: version of the ONNX operators.
        recipe: name of the method that trained the model, where known.
        versions: of the packages that made the file.
        metadata: whatever the user adds, as JSON values.
        lengths: the modalities whose encoders are told how long each row is.
        form: of the graphs, see `forms.assemble`.
        precision: what the encoders compute in.
        files: SHA-256 of all files but the main one and config.json, by path in the folder.
    """

    schema: Schema
    opset: int
    recipe: str | None
    versions: Mapping[str, str]
    metadata: Mapping[str, object]
    lengths: tuple[str, ...] = ()
    form: Form = "mask"
    precision: Precision = "float32"
    files: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def main_file(self) -> str:
        """The graph that holds the configuration, and gives the outputs."""
        return FUSION_FILE if self.form == "split" else MODEL_FILE

    @property
    def features(self) -> tuple[str, ...]:
        """Names of what the encoders give, by modality."""
        return tuple(FEATURES.format(modality=name) for name in self.schema.modalities)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the graph's inputs, in its order."""
        return (*self.schema.modalities, PRESENT, *(LENGTH.format(modality=name) for name in self.lengths))

    @property
    def outputs(self) -> dict[str, dict[str, str]]:
        """Names of the graph's outputs by task, then by modality and `JOINT`, in its order."""
        return output_names(self.schema.tasks, self.schema.modalities, (*self.inputs, *self.features))

    def to_document(self) -> dict[str, Any]:
        """The configuration as JSON values.

        Raises:
            ExportError: if `metadata` holds something else, or modalities and tasks have names that cannot be.
        """
        self.check_names()
        document = {
            "format": FORMAT,
            "modalities": self.schema.modalities,
            "labels": {task.name: task.classes for task in self.schema.tasks},
            "inputs": self.inputs,
            "lengths": self.lengths,
            "outputs": self.outputs,
            "schema": self.schema.to_config(),
            "opset": self.opset,
            "form": self.form,
            "precision": self.precision,
            "files": dict(self.files),
            "recipe": self.recipe,
            "versions": dict(self.versions),
            "metadata": dict(self.metadata),
        }
        try:
            plain: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ExportError(f"metadata must hold JSON values, but got one that is none: {error}") from error
        return plain

    def check_names(self) -> None:
        """Check that files, inputs and outputs have names of their own.

        Raises:
            ExportError: if they have not, or a name could lead out of the artefact's folder.
        """
        _ = self.outputs
        if self.form == "split":
            from .file_names import encoder_files

            encoder_files(self.schema.modalities)
        told = {name for name, part in self.schema.preprocessing.items() if part.time_axis is not None}
        for name in self.lengths:
            if name not in told:
                raise ExportError(f"lengths must be of modalities whose rows differ in length, but got {name!r}.")

    @classmethod
    def from_document(cls, document: Mapping[str, Any], name: str) -> Self:
        """Read what `to_document` wrote; a hash beside it is left out.

        Args:
            document: JSON values.
            name: what errors call it.

        Raises:
            ExportError: if it is no configuration of an artefact, or one of a later format.
        """
        if "format" not in document or "schema" not in document:
            raise ExportError(f"{name} is no configuration of an acclimate artefact: it has no format and schema.")
        if document["format"] != FORMAT:
            raise ExportError(
                f"{name} has format {document['format']!r}, but this version of acclimate reads {FORMAT}."
            )
        try:
            for key, kinds in (("form", Form), ("precision", Precision)):
                if document.get(key) not in get_args(kinds):
                    known = ", ".join(get_args(kinds))
                    raise ExportError(f"its {key} must be {known}, but got {document.get(key)!r:.60}.")
            check_fields(document)
            config = cls(
                schema=Schema.from_config(document["schema"]),
                opset=document["opset"],
                recipe=document["recipe"],
                versions=document["versions"],
                metadata=document["metadata"],
                lengths=tuple(document["lengths"]),
                form=document["form"],
                precision=document["precision"],
                files=dict(document["files"]),
            )
            config.check_names()
        except (AcclimateError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            reason = error if isinstance(error, AcclimateError) else repr(error)
            text = " ".join(str(reason).split())[:500]
            raise ExportError(f"{name} is no configuration of an acclimate artefact: {text}") from error
        return config


def output_names(
    tasks: Sequence[Task], modalities: Sequence[str], inputs: Sequence[str] = ()
) -> dict[str, dict[str, str]]:
    """Names of the graph's outputs, see `logits_names`, checked together with those of its inputs.

    Args:
        tasks: what is predicted.
        modalities: sorted.
        inputs: names of what else the graphs take and give.

    Raises:
        ExportError: if two inputs or outputs would have one name, or one that no file could have.
    """
    names = logits_names(tasks, modalities)
    everything = (*inputs, *(name for by_modality in names.values() for name in by_modality.values()))
    found = name_taken_twice(everything)
    if found is not None:
        raise ExportError(f"{found}.")
    for name in everything:
        if not can_name_a_file(name):
            raise ExportError(f"the graph's inputs and outputs name files, but {name!r} cannot be the name of one.")
    return names


def to_json(document: Mapping[str, Any]) -> str:
    """JSON on one line, as the model's metadata hold it."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False)

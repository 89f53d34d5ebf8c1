"""What a checkpoint's config.json says: how the model is built again, and how it was trained.

It is the config.json of the artefact that lies in the same folder, with one more key, `checkpoint`.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final, Self

import attrs
from attrs.validators import ge, le

from ..exporters.artefact import CHECKPOINT_KEY, ArtefactConfig
from ..framework.data.schema import Schema
from ..framework.errors import AcclimateError, ZooError
from ..framework.files.strict_json import parse_json
from ..framework.layout import DomainSide
from ..framework.recipes.class_paths import TRUSTED, check_no_files, check_trusted, check_trusted_arguments
from ..framework.recipes.parsing import parse_attrs
from ..framework.recipes.recipe import Recipe, parse_recipe
from .names import is_name
from .texts import check_texts

FORMAT: Final = 1

MOST_THREADS: Final = 4096


def _check_name(_: object, field: "attrs.Attribute[str]", value: str) -> None:
    if not is_name(value):
        raise ValueError(f"{field.name} must be method.tag in small letters, digits and hyphens, but got {value!r}")


@attrs.frozen
class TrainedOn:
    """Where the weights come from.

    Args:
        data: name of a built-in data set, or of a table.
        source: its labelled domains.
        target: the unlabelled one; None where there was none.
        seed: of weights, order of samples, and the data's split.
        stage: in which the epoch lies that was chosen.
        epoch: that was chosen, without target labels; the first is 1.
        licence: of the data, as an SPDX expression or in words.
        digest: SHA-256 of the rows and files of these domains, see `digest_data`; None where it was not taken.
    """

    data: str
    source: tuple[str, ...]
    target: str | None
    seed: int
    stage: str
    epoch: int
    licence: str
    digest: str | None = None


@attrs.frozen
class Machine:
    """What the training ran on: the same gives the same weights, bit by bit.

    Args:
        python: its version.
        platform: operating system and architecture.
        processor: its name.
        threads: of torch.
        packages: their versions.

    Raises:
        ValueError: if there are no threads, or more than `MOST_THREADS`, which training again would start.
    """

    python: str
    platform: str
    processor: str
    threads: int = attrs.field(validator=[ge(1), le(MOST_THREADS)])
    packages: dict[str, str]


@attrs.frozen(kw_only=True)
class CheckpointConfig:
    """A checkpoint's configuration.

    Args:
        name: of the checkpoint.
        licence: of the weights, as an SPDX expression.
        recipe: the method, with every setting.
        schema: modalities with their preprocessing, and tasks.
        samples: number of training samples by side, which some methods need to be built.
        encoders: arguments of encoders that stand for files which are no longer needed, by modality.
        trained_on: where the weights come from.
        machine: what the training ran on.
    """

    name: str = attrs.field(validator=_check_name)
    licence: str
    recipe: Recipe
    schema: Schema
    samples: Mapping[DomainSide, int]
    encoders: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    trained_on: TrainedOn
    machine: Machine

    def to_json(self, artefact: Mapping[str, Any]) -> str:
        """As the file holds it.

        Args:
            artefact: what the config.json of the artefact holds.
        """
        own = {
            "format": FORMAT,
            "name": self.name,
            "licence": self.licence,
            "recipe": self.recipe.to_config(),
            "samples": dict(self.samples),
            "encoders": {name: dict(arguments) for name, arguments in self.encoders.items()},
            "trained_on": attrs.asdict(self.trained_on),
            "machine": attrs.asdict(self.machine),
        }
        return json.dumps({**artefact, CHECKPOINT_KEY: own}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, content: bytes, name: str, trusted: Collection[str] = TRUSTED) -> Self:
        """Read what `to_json` wrote. Nothing that it names is imported.

        Args:
            content: of the file.
            name: what errors call it.
            trusted: prefixes, one of which every class_path must have.

        Raises:
            ZooError: if it is no configuration of a checkpoint, or names a class that is not trusted.
        """
        document = read_document(content, name)
        own = document.get(CHECKPOINT_KEY)
        if not isinstance(own, dict):
            raise ZooError(f"{name} is no configuration of a checkpoint: it has no {CHECKPOINT_KEY!r}.")
        if own.get("format") != FORMAT:
            raise ZooError(
                f"{name} has format {own.get('format')!r:.60}, but this version of acclimate reads {FORMAT}."
            )
        artefact = {key: value for key, value in document.items() if key not in {CHECKPOINT_KEY, "sha256"}}
        try:
            schema = ArtefactConfig.from_document(artefact, "artefact").schema
            labels = [text for task in schema.tasks for text in (task.name, *(task.classes or ()))]
            check_texts([own, *schema.modalities, *labels], "it")
            recipe, encoders = parse_recipe(own["recipe"], "recipe"), _read_encoders(own["encoders"])
            for key, spec in recipe.class_specs():
                check_trusted(spec, trusted, key)
                # Whoever wrote it must not choose which files of this machine are read, also where it is trained again.
                check_no_files(spec, key, ("consensus",))
            check_trusted_arguments(encoders, trusted, "encoders")
            return cls(
                name=_text(own, "name"),
                licence=_text(own, "licence"),
                recipe=recipe,
                schema=schema,
                samples=_read_samples(own["samples"]),
                encoders=encoders,
                trained_on=parse_attrs(TrainedOn, own["trained_on"], "trained_on"),
                machine=parse_attrs(Machine, own["machine"], "machine"),
            )
        except (
            AcclimateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            reason = str(error) if isinstance(error, AcclimateError | ValueError) else repr(error)
            raise ZooError(f"{name} is no configuration of a checkpoint: {' '.join(reason.split())[:500]}") from error


def read_document(content: bytes, name: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ZooError: if the bytes are none.
    """
    try:
        document = parse_json(content.decode("utf-8"))
    except ValueError as error:
        raise ZooError(f"{name} is damaged: it is no JSON: {' '.join(str(error).split())[:200]}.") from error
    if not isinstance(document, dict):
        raise ZooError(f"{name} must hold a JSON object, but holds {type(document).__name__}.")
    return document


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document[key]
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a string, but got {value!r}")  # noqa: TRY004 - one kind of error
    return value


def _read_samples(value: object) -> dict[DomainSide, int]:
    counts = parse_attrs(_Samples, value, "samples")
    sides: dict[DomainSide, int | None] = {"source": counts.source, "target": counts.target}
    return {side: count for side, count in sides.items() if count is not None}


@attrs.frozen
class _Samples:
    source: int | None = None
    target: int | None = None


def _read_encoders(value: object) -> dict[str, dict[str, Any]]:
    return parse_attrs(_Encoders, {"arguments": value}, "encoders").arguments


@attrs.frozen
class _Encoders:
    arguments: dict[str, dict[str, Any]]

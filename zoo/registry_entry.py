"""What a registry says of one checkpoint: its files with their hashes, and what it is and can do."""

from collections.abc import Collection
from typing import Final, Self

import attrs
from attrs.validators import ge

from ..framework.errors import ZooError
from ..framework.files.hashes import sha256
from ..framework.layout import Task
from ..framework.recipes.class_paths import TRUSTED
from .config import CheckpointConfig
from .entry_checks import check_digest, check_score, check_texts
from .folder import CheckpointFolder, check_hash, format_hashes, read_bounded
from .metrics import CheckpointMetrics, Score, TaskMetrics
from .names import CONFIG_FILE, HASHES_FILE, HASHES_LIMIT, METRICS_FILE, SIZE_LIMITS, is_name

_FILES: Final = {**SIZE_LIMITS, HASHES_FILE: HASHES_LIMIT}


@attrs.frozen
class FileEntry:
    """One file of a checkpoint.

    Args:
        size: in bytes.
        sha256: in hexadecimal digits.

    Raises:
        ValueError: if one of them cannot be.
    """

    size: int = attrs.field(validator=ge(0))
    sha256: str = attrs.field(validator=check_digest)


@attrs.frozen
class EntryTask:
    """What a checkpoint predicts, and how well when all modalities are there.

    Args:
        classes: how many there are; None for a number.
        measure: what the scores are, such as `accuracy`.
        higher_is_better: whether more of it is better.
        source: fused, on the source's test split.
        target: fused, on the target's (oracle).
        source_only: fused, on the target's (oracle), of the same encoders trained on the source alone.

    Raises:
        ValueError: if a score is no finite number.
    """

    classes: int | None
    measure: str = attrs.field(validator=check_texts)
    higher_is_better: bool
    source: Score | None = attrs.field(default=None, validator=check_score)
    target: Score | None = attrs.field(default=None, validator=check_score)
    source_only: Score | None = attrs.field(default=None, validator=check_score)

    @classmethod
    def of(cls, task: Task, metrics: TaskMetrics) -> Self:
        """Of a task with its scores."""
        return cls(
            None if task.classes is None else len(task.classes),
            metrics.measure,
            metrics.higher_is_better,
            metrics.source.get("fused"),
            metrics.target.get("fused"),
            metrics.source_only,
        )


@attrs.frozen(kw_only=True)
class RegistryEntry:
    """A checkpoint in a registry.

    Args:
        name: `method.tag`.
        files: of its folder, by name, all six; the hash of SHA256SUMS stands for all.
        licence: of the weights, as an SPDX expression.
        data_licence: of the data that trained them.
        recipe: name of the method.
        data: name of the data set.
        source: its labelled domains.
        target: the unlabelled one; None where there was none.
        modalities: that it takes, sorted.
        tasks: that it tells, by name.
        embedded: whether it travels in the package.
        mirrors: where this one lies, asked before the mirrors of the registry.

    Raises:
        ValueError: if a field cannot be so.
    """

    name: str = attrs.field(validator=check_texts)
    files: dict[str, FileEntry]
    licence: str = attrs.field(validator=check_texts)
    data_licence: str = attrs.field(validator=check_texts)
    recipe: str = attrs.field(validator=check_texts)
    data: str = attrs.field(validator=check_texts)
    source: tuple[str, ...] = attrs.field(validator=check_texts)
    target: str | None = attrs.field(validator=check_texts)
    modalities: tuple[str, ...] = attrs.field(validator=check_texts)
    tasks: dict[str, EntryTask] = attrs.field(validator=check_texts)
    embedded: bool = False
    mirrors: tuple[str, ...] = attrs.field(default=(), validator=check_texts)

    def __attrs_post_init__(self) -> None:
        if not is_name(self.name):
            raise ValueError(
                f"a name must be method.tag in small letters, digits and hyphens, but got {self.name[:99]!r}"
            )
        if not (self.modalities and self.tasks) or list(self.modalities) != sorted(set(self.modalities)):
            raise ValueError(f"there must be a task, and modalities in their order, but got {self.modalities}")
        self._check_files()

    def _check_files(self) -> None:
        if self.files.keys() != _FILES.keys():
            found = ", ".join(sorted(self.files))[:200]
            raise ValueError(f"files must be {', '.join(_FILES)}, but got {found!r}")
        for name, limit in _FILES.items():
            if self.files[name].size > limit:
                raise ValueError(f"files.{name} may have {limit} bytes at most, but has {self.files[name].size}")
        described = format_hashes({name: self.files[name].sha256 for name in SIZE_LIMITS}).encode()
        if self.files[HASHES_FILE] != FileEntry(len(described), sha256(described)):
            raise ValueError(f"files.{HASHES_FILE} must be the size and hash of a file that holds the others' hashes")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    @property
    def sha256(self) -> str:
        """Of SHA256SUMS, which holds the hashes of the others: one number that stands for the whole checkpoint."""
        return self.files[HASHES_FILE].sha256

    @classmethod
    def from_folder(cls, folder: CheckpointFolder, *, trusted: Collection[str] = TRUSTED) -> Self:
        """Describe a checkpoint that lies in a folder.

        Args:
            folder: that was checked.
            trusted: prefixes, one of which every class that the checkpoint names must have.

        Raises:
            ZooError: naming the file that does not say what a registry must know.
        """
        config_file, metrics_file = folder.path / CONFIG_FILE, folder.path / METRICS_FILE
        config = CheckpointConfig.from_json(folder.read(CONFIG_FILE), str(config_file), trusted)
        metrics = CheckpointMetrics.from_json(folder.read(METRICS_FILE), str(metrics_file))
        tasks = {task.name: task for task in config.schema.tasks}
        if metrics.tasks.keys() != tasks.keys():
            raise ZooError(
                f"{metrics_file} must hold scores of {', '.join(tasks)}, but holds them of {', '.join(metrics.tasks)}."
            )
        trained_on = config.trained_on
        try:
            return cls(
                name=config.name,
                files=_file_entries(folder),
                licence=config.licence,
                data_licence=trained_on.licence,
                recipe=config.recipe.name,
                data=trained_on.data,
                source=trained_on.source,
                target=trained_on.target,
                modalities=config.schema.modalities,
                tasks={name: EntryTask.of(task, metrics.tasks[name]) for name, task in tasks.items()},
            )
        except ValueError as error:
            raise ZooError(f"{folder.path} cannot stand in a registry: {error}.") from error


def _file_entries(folder: CheckpointFolder) -> dict[str, FileEntry]:
    hashes_file = folder.path / HASHES_FILE
    content, expected = read_bounded(hashes_file, HASHES_LIMIT), format_hashes(folder.hashes).encode()
    found, wanted = (sha256(one) for one in (content, expected))
    # Its lines in another order are another file, which no registry could pin by the hashes of the others.
    check_hash(hashes_file, found, wanted)
    files = {name: FileEntry(folder.sizes[name], value) for name, value in folder.hashes.items()}
    return {**files, HASHES_FILE: FileEntry(len(content), found)}

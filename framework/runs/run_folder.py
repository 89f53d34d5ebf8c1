"""A run folder: config.yaml, environment.json, metrics.jsonl, checkpoints.

All that is needed to resume, export or explain a run. What a file relies on is on the disk before it: first
skipped.json, where there is one, then the folders, config.yaml, environment.json; before each checkpoint the rows that
it remembers, and the best checkpoint before the last one.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from ..errors import RunError
from ..files.bounded_file import read_bounded_text
from ..files.folder_lock import LOCK_FILES
from ..files.folders import make_folder, sync_folder
from ..files.strict_yaml import MAX_DEPTH, parse_yaml
from ..files.whole_file import write_whole, writing
from .checkpoint import Checkpoint, read_checkpoint, write_checkpoint

LAST: Final = "last"
BEST: Final = "best"
AGAIN: Final = "--resume"
"""What to do when what went wrong is mended."""

_CONFIG_BYTES: Final = 2**26
"""Of config.yaml, in which a recipe stands beside all classes of its tasks."""

SKIPPED_FILE: Final = "skipped.json"
"""Rows that a run leaves out, with the reasons: there before the run is."""

MAPS_FILE: Final = "maps.json"
"""What a search found to put before the encoders, on the target's side: there before the run is."""

REFERENCE: Final = "source-only"
"""Folder in a run's of the source-only run that it is compared with; there before it where that searches maps."""


class RunFolder:
    """The files of one run.

    Args:
        path: the folder.

    Example:
        >>> import tempfile
        >>> folder = RunFolder.create(Path(tempfile.mkdtemp()) / "run", {"seed": 0})
        >>> folder.log({"step": 1})
        >>> list(folder.metrics())
        [{'step': 1}]
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._metrics = path / "metrics.jsonl"

    @classmethod
    def create(cls, path: Path, config: Mapping[str, Any], *, resume: bool = False) -> "RunFolder":
        """Make the folder, or go on with one that has the same configuration.

        Raises:
            RunError: if a run is there and `resume` is false, or it was started with another configuration.
        WriteError: if it cannot be written.
        """
        folder, plain = cls(path), _to_plain(config)
        written = path / "config.yaml"
        if check_free(path, resume=resume):
            before = folder.config()
            check_same(before, _with_table_of(before, plain), path)
        with writing(path, AGAIN):
            for leftover in path.rglob("*.part"):
                if _is_half_written(leftover):
                    leftover.unlink()
            make_folder(path / "checkpoints")
            if not written.exists():
                # Last, so that where it is, the folder is a run.
                write_whole(written, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """A run that is there already.

        Raises:
            RunError: if there is none.
        """
        if not (path / "config.yaml").is_file():
            raise RunError(f"no run at {path}: it has no config.yaml")
        return cls(path)

    def config(self) -> dict[str, Any]:
        """What the run was started with.

        Raises:
            RunError: if config.yaml cannot be read.
        """
        file = self.path / "config.yaml"
        try:
            text = read_bounded_text(file, _CONFIG_BYTES, error=RunError)
            config = parse_yaml(text, max_bytes=_CONFIG_BYTES, max_depth=2 * MAX_DEPTH + 8, max_values=_CONFIG_BYTES)
        except ValueError as error:
            raise RunError(f"{file}: {error}") from error
        if not isinstance(config, dict):
            raise RunError(f"{file} must be a mapping, but is {type(config).__name__}")
        return config

    def write_json(self, name: str, content: object) -> None:
        """Write a JSON file into the folder."""
        with writing(self.path / name, AGAIN):
            write_whole(self.path / name, json.dumps(content, indent=2) + "\n")

    def log(self, row: Mapping[str, Any]) -> None:
        """Add a row to metrics.jsonl."""
        with writing(self._metrics, AGAIN), self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(row)) + "\n")

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The rows of metrics.jsonl, without one that a killed run left half written.

        Raises:
            RunError: if it cannot be read.
        """
        if not self._metrics.exists():
            return
        try:
            lines = self._metrics.read_bytes().split(b"\n")
            # Behind the last end of a line stands nothing, or half a row.
            yield from (json.loads(line) for line in lines[:-1])
        except (OSError, ValueError) as error:
            raise RunError(f"{self._metrics} is damaged: {' '.join(str(error).split())}") from error

    def metrics_length(self) -> int:
        """Bytes of metrics.jsonl so far: what a checkpoint remembers, and a resumed run cuts back to."""
        return self._metrics.stat().st_size if self._metrics.exists() else 0

    def cut_metrics(self, length: int) -> None:
        """Forget the rows that were written after a checkpoint.

        Raises:
            RunError: if rows are missing that it remembers, which its run would never write again.
        """
        found = self.metrics_length()
        if found < length or (length and not self._ends_a_row(length)):
            raise RunError(
                f"{self._metrics} must have the {length} bytes that the last checkpoint remembers, whole rows, but has "
                f"{found} or others: bring it back, or begin anew in another folder"
            )
        if found > length:
            with writing(self._metrics, AGAIN):
                os.truncate(self._metrics, length)

    def _ends_a_row(self, length: int) -> bool:
        with self._metrics.open("rb") as file:
            file.seek(length - 1)
            return file.read(1) == b"\n"

    def has(self, checkpoint: str) -> bool:
        """Whether there is a checkpoint of that name."""
        return self._checkpoint(checkpoint).exists()

    def save(self, name: str, checkpoint: Checkpoint) -> None:
        """Write a checkpoint in one piece, after what it relies on: the rows of metrics.jsonl that it remembers.

        Raises:
            WriteError: if it cannot be written; the one before it stays.
        """
        with writing(self._checkpoint(name), AGAIN):
            if self._metrics.exists():
                with self._metrics.open("rb+") as file:
                    os.fsync(file.fileno())
                sync_folder(self.path)
            write_checkpoint(self._checkpoint(name), checkpoint)

    def load(self, name: str) -> Checkpoint:
        """Read a checkpoint."""
        return read_checkpoint(self._checkpoint(name))

    def _checkpoint(self, name: str) -> Path:
        return self.path / "checkpoints" / f"{name}.safetensors"


def check_free(path: Path, *, resume: bool) -> bool:
    """Refuse a folder in which no run can be started or, if `resume`, gone on with.

    Returns:
        Whether a run is there.

    Raises:
        RunError: if a run is there and `resume` is false, or the folder holds something else.
    """
    if (path / "config.yaml").exists():
        if not resume:
            raise RunError(f"{path} already holds a run: give another folder, or go on with it by resuming")
        return True
    if path.exists() and not (path.is_dir() and all(map(_is_leftover, path.iterdir()))):
        raise RunError(f"{path} is not empty and holds no run: give another folder")
    return False


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that holds a mapping.

    Raises:
        RunError: if it cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise RunError(f"{path} must be a mapping, but is {type(content).__name__}")
    return content


def _with_table_of(before: Mapping[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """A configuration that names the run's table as the run does: it is what it holds, wherever it lies."""
    old, new = before.get("data"), now.get("data")
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return now
    if "digest" not in old:
        # The run is from before there was this key.
        return {**now, "data": {key: value for key, value in new.items() if key != "digest"}}
    if old["digest"] == new.get("digest"):
        return {**now, "data": {**new, "table": old.get("table")}}
    return now


def _to_plain(config: Mapping[str, Any]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = json.loads(json.dumps(config))
    except TypeError as error:
        raise RunError(f"a run's configuration must be plain data, so that it can be written down: {error}") from error
    return plain


def _is_leftover(path: Path) -> bool:
    """Whether a run that was killed before it had a config.yaml left this."""
    return (
        _is_half_written(path)
        or path.name in {MAPS_FILE, SKIPPED_FILE, *LOCK_FILES}
        or (path.name == REFERENCE and path.is_dir())
        or (path.name == "checkpoints" and path.is_dir() and not any(path.iterdir()))
    )


def _is_half_written(path: Path) -> bool:
    return re.fullmatch(r"\w+\.(yaml|json|safetensors)\.[0-9a-f]+\.part", path.name) is not None


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], path: Path, key: str = "") -> None:
    """Refuse to go on with what was started with another configuration.

    Raises:
        RunError: naming the first key that differs.
    """
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        where = f"{key}.{name}" if key else str(name)
        if isinstance(old, dict) and isinstance(new, dict):
            check_same(old, new, path, where)
        elif old != new:
            raise RunError(f"{path} was started with {where}: {_brief(old)}, but is to be resumed with {_brief(new)}")


def _brief(value: object) -> str:
    """A value as one line; a tokenizer is long."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:100]} ... {text[-50:]}"

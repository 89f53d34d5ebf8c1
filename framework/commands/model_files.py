"""Which files a model that is read is made of: those that must not be written over."""

from pathlib import Path
from typing import Final

_NAMES: Final = ("config.yaml", "environment.json", "metrics.jsonl", "skipped.json", "summary.json", "config.json")
_WEIGHTS: Final = ("*.onnx", "checkpoints/*", "encoders/*")


def model_files(path: Path) -> list[Path]:
    """The files of a run folder or an artefact; there need be none.

    Args:
        path: the folder, or an artefact's main graph.
    """
    if path.is_file():
        return [path, path.with_name("config.json")]
    return [*(path / name for name in _NAMES), *(file for end in _WEIGHTS for file in path.glob(end))]

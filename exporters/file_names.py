"""Names of an artefact's files that come from the names of its modalities."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from ..framework.errors import ExportError
from ..framework.port_names import can_name_a_file
from .artefact import ENCODER_FOLDER

_NOT_ON_EVERY_SYSTEM: Final = frozenset('<>:"|?*')


def encoder_files(modalities: Iterable[str]) -> dict[str, str]:
    """Paths of the encoders' graphs in the folder of a split artefact, by modality.

    Raises:
        ExportError: if a modality's name cannot name a file on every system, or two would name one file where case
            does not count.

    Example:
        >>> encoder_files(["audio", "wrist-left"])
        {'audio': 'encoders/audio.onnx', 'wrist-left': 'encoders/wrist-left.onnx'}
    """
    found: dict[str, str] = {}
    seen: dict[str, str] = {}
    for name in modalities:
        if not can_name_a_file(name) or _NOT_ON_EVERY_SYSTEM & set(name):
            raise ExportError(f"each modality of a split artefact names a file, but {name!r} cannot be one's name.")
        other = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise ExportError(f"each modality of a split artefact names a file, but {other!r} and {name!r} name one.")
        found[name] = f"{ENCODER_FOLDER}/{name}.onnx"
    return found

"""Reads MSP-IMPROV: twelve actors who improvise, read and talk in between, with the emotion that a crowd perceived.

Busso et al. 2017, doi:10.1109/TAFFC.2016.2515617.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ...errors import DataError
from ...files.bounded_file import read_bounded_text
from ..row import Row
from ..table import Table
from .halves import divide
from .layout import DataSetFolder, check_files
from .video_features import find_video_features

FOLDER: Final = DataSetFolder("MSP-IMPROV", "MSP-IMPROV", "https://lab-msp.com/MSP/MSP-Improv.html")

EMOTIONS: Final = MappingProxyType({"A": "angry", "H": "happy", "N": "neutral", "S": "sad"})
"""Class by letter, of those that are kept; `O` (other) and `X` (no agreement) are not."""

_TEST_SESSION: Final = 6
_TEXTS: Final = ("All_human_transcriptions", "Human_transcriptions/All_human_transcriptions")

_TURN: Final = re.compile(
    r"(?P<sentence>S\d\d[AHNS])-(?P<speaker>[FM]0(?P<session>[1-6]))-(?P<scenario>[PRST])-[FM]{2}\d\d"
)
"""A turn's name: sentence and the emotion that was asked for, speaker, scenario, listener and speaker, number."""

_EVALUATION: Final = re.compile(r"UTD-IMPROV-(?P<turn>[A-Z0-9-]+)\.avi; (?P<emotion>[A-Z]);.*")


def read(seed: int) -> Table:
    """Turns of four emotions (angry, happy, neutral, sad) as `audio`, `text` and, if extracted, `video`.

    Domains are two halves of each split, drawn by `seed`. Session 6, whose speakers no other session has, is `test`,
    the others are `train`; a group is a session's scenario of one sentence. Turns without a transcription have no text.

    Raises:
        DataError: if a file is missing, or an annotation cannot be read.
    """
    root = FOLDER.require()
    evaluation = root / FOLDER.require_one("Evaluation.txt", "Evalution.txt")
    sound = "Audio/" if FOLDER.require_one("Audio", "session1") == "Audio" else ""
    texts, video = _read_texts(root / FOLDER.require_one(*_TEXTS)), find_video_features(root)
    modalities = ("audio", "text", "video") if video else ("audio", "text")
    rows = list(_read_rows(evaluation, sound, {"text": texts, **({"video": video} if video else {})}))
    table = Table(divide(rows, seed), root, modalities, ("label",), text={"text"})
    return check_files(table, evaluation)


def _read_rows(path: Path, sound: str, others: dict[str, dict[str, str]]) -> Iterator[Row]:
    found = False
    for number, line in enumerate(read_bounded_text(path, errors="replace").splitlines(), start=1):
        if not line.startswith("UTD-IMPROV-"):
            continue
        evaluation = _EVALUATION.fullmatch(line.strip())
        turn = _TURN.fullmatch(evaluation["turn"]) if evaluation else None
        if evaluation is None or turn is None:
            raise DataError(
                f"{path}, line {number}: expected 'UTD-IMPROV-S01A-F01-P-FM01.avi; A; ...' (sentence, speaker, "
                f"scenario, number; emotion), but found {line!r}."
            )
        found = True
        if evaluation["emotion"] not in EMOTIONS:
            continue
        name = f"MSP-IMPROV-{turn.group()}"
        part = f"session{turn['session']}/{turn['sentence']}/{turn['scenario']}"
        yield Row(
            line=number,
            id=name,
            domain="",
            split="test" if int(turn["session"]) == _TEST_SESSION else "train",
            labels={"label": EMOTIONS[evaluation["emotion"]]},
            cells={"audio": f"{sound}{part}/{name}.wav"} | {key: cells.get(name) for key, cells in others.items()},
            group=part,
        )
    if not found:
        raise DataError(f"{path}: expected lines 'UTD-IMPROV-...avi; A; ...', but found none.")


def _read_texts(folder: Path) -> dict[str, str]:
    """Text by turn: one file a turn, in the folder or in one folder a session; empty ones are left out."""
    paths = [path for pattern in ("*.txt", "*/*.txt") for path in sorted(folder.glob(pattern))]
    if not paths:
        raise DataError(f"{folder}: expected one file MSP-IMPROV-...txt a turn, but found none.")
    texts = {path.stem: read_bounded_text(path, errors="replace").strip() for path in paths}
    return {name: text for name, text in texts.items() if text}

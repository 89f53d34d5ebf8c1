"""Reads IEMOCAP: ten actors' dialogues, cut into utterances, each with an emotion that annotators agreed on.

Busso et al. 2008, doi:10.1007/s10579-008-9076-6.
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

FOLDER: Final = DataSetFolder("IEMOCAP", "IEMOCAP_full_release", "https://sail.usc.edu/iemocap")

SESSIONS: Final = ("Session1", "Session2", "Session3", "Session4", "Session5")

EMOTIONS: Final = MappingProxyType({"neu": "neutral", "hap": "happy", "exc": "happy", "sad": "sad", "ang": "angry"})
"""Class by the annotators' word, of those that are kept: excitement counts as happiness, as in Zhao et al. 2021."""

_TEST_SESSION: Final = SESSIONS[-1]
_UTTERANCE: Final = re.compile(r"\[\d+\.\d+ - \d+\.\d+\]\t(?P<id>Ses\w+)\t(?P<emotion>[a-z]{3})\t\[.*\]\s*")
_SENTENCE: Final = re.compile(r"(?P<id>Ses\w+) \[[^\]]*\]: ?(?P<text>.*)")


def read(seed: int) -> Table:
    """Utterances of four emotions (angry, happy, neutral, sad) as `audio` (16 kHz), `text` and, if extracted, `video`.

    Domains are two halves of each split, drawn by `seed`. Session 5, whose speakers no other session has, is `test`,
    the others are `train`; a group is one dialogue.

    Raises:
        DataError: if a file is missing, or an annotation cannot be read.
    """
    root = FOLDER.require(*(f"{session}/{part}" for session in SESSIONS for part in _PARTS))
    video = find_video_features(root)
    rows = [row for session in SESSIONS for row in _read_session(root, session, video)]
    modalities = ("audio", "text", "video") if video else ("audio", "text")
    table = Table(divide(rows, seed), root, modalities, ("label",), text={"text"})
    return check_files(table, root)


_PARTS: Final = ("dialog/EmoEvaluation", "dialog/transcriptions", "sentences/wav")


def _read_session(root: Path, session: str, video: dict[str, str]) -> Iterator[Row]:
    evaluations = sorted((root / session / "dialog" / "EmoEvaluation").glob("Ses*.txt"))
    if not evaluations:
        raise DataError(f"{root / session}/dialog/EmoEvaluation: expected files Ses*.txt, but found none.")
    for path in evaluations:
        texts = _read_transcriptions(root / session / "dialog" / "transcriptions" / path.name)
        for line, utterance, emotion in _read_evaluation(path):
            if emotion in EMOTIONS:
                yield Row(
                    line=line,
                    id=utterance,
                    domain="",
                    split="test" if session == _TEST_SESSION else "train",
                    labels={"label": EMOTIONS[emotion]},
                    cells={
                        "audio": f"{session}/sentences/wav/{path.stem}/{utterance}.wav",
                        "text": texts.get(utterance),
                        **({"video": video.get(utterance)} if video else {}),
                    },
                    group=path.stem,
                )


def _read_evaluation(path: Path) -> list[tuple[int, str, str]]:
    """Line, utterance and emotion; each utterance's first line stands in brackets, and single votes below it."""
    found: list[tuple[int, str, str]] = []
    for number, line in enumerate(_read_lines(path), start=1):
        if not line.startswith("["):
            continue
        utterance = _UTTERANCE.fullmatch(line)
        if utterance is None:
            raise DataError(
                f"{path}, line {number}: expected [start - end], utterance, emotion and [valence, activation, "
                f"dominance] between tabs, but found {line!r}."
            )
        found.append((number, utterance["id"], utterance["emotion"]))
    if not found:
        raise DataError(f"{path}: expected lines '[start - end] utterance emotion [...]', but found none.")
    return found


def _read_transcriptions(path: Path) -> dict[str, str | None]:
    """Text by utterance; what else stands in the file, such as a sigh between two utterances, is left out."""
    if not path.is_file():
        raise DataError(f"{path}: expected the transcription of a dialogue, but found no such file.")
    sentences = (_SENTENCE.fullmatch(line) for line in _read_lines(path))
    return {sentence["id"]: sentence["text"].strip() or None for sentence in sentences if sentence}


def _read_lines(path: Path) -> list[str]:
    # A few files hold single bytes that are not UTF-8.
    return read_bounded_text(path, errors="replace").splitlines()

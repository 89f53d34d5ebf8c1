"""Reads CogBeacon: 19 people in three versions of a card sorting test, until they are tired.

Papakostas et al. 2019, doi:10.3390/technologies7020046.
"""

import re
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.bounded_file import read_bounded_text
from ..array_cache import cache_arrays, fingerprint
from ..row import Row
from ..table import Table
from .cogbeacon_features import EEG_FEATURES, FACE_FEATURES, read_eeg, read_face
from .layout import DataSetFolder

FOLDER: Final = DataSetFolder(
    "CogBeacon", "CogBeacon", "https://github.com/MikeMpapa/CogBeacon-MultiModal_Dataset_for_Cognitive_Fatigue"
)

SHIFTS: Final = (("V1", "V2"), ("V2", "V3"), ("V3", "V1"), ("V2", "V1"), ("V3", "V2"), ("V1", "V3"))
"""In the order of MODfinity's table 3; C-RNA reports the mean of the same six."""

_TRAIN_SHARE: Final = 0.8
_SESSION: Final = re.compile(r"user_(?P<user>\d+)(?P<second>b?)_(?P<stimuli>[vta])_(?P<mode>[mo])")
"""Person, `b` on the second day, stimuli (visual, textual, auditory), modified or original test."""

_ROUND: Final = re.compile(r"\d+_(?P<round>\d+)(\.\w+)?")
_FRAME: Final = re.compile(r"\d+_(?P<round>\d+)_(?P<frame>\d+)\.npz")


@attrs.frozen
class _Round:
    """One answer of one person.

    Args:
        session: name of its folder.
        number: of the round, from 1.
        fatigue: whether the person had reported fatigue by then.
        eeg: file of the EEG.
        frames: files of the face, in order.
    """

    session: str
    number: int
    fatigue: bool
    eeg: Path
    frames: tuple[Path, ...]


def read(seed: int) -> Table:
    """Rounds of the game as `eeg` (24 features) and `face` (280), labelled `fatigue` or `no_fatigue`.

    Domains are the versions of the test, `V1`, `V2` and `V3`. Four people in five, drawn by `seed`, are `train` in all
    of them, the others `test`; a group is one person. A round counts as fatigue from the first press of the button in
    its session on. Rounds that were not reported on, and those with neither EEG nor face, are left out. The features
    are computed once, and kept in the user's cache.

    Raises:
        DataError: if a file is missing or cannot be read, or the cache cannot be written.
    """
    root = FOLDER.require("face_keypoints", "fatigue_self_report")
    rounds = _find_rounds(root, root / FOLDER.require_one("eeg", "EEG"))
    files = [path for game in rounds for path in (game.eeg, *game.frames)]
    path = cache_arrays("cogbeacon", fingerprint(files), lambda: _extract(rounds))
    with np.load(path, allow_pickle=False) as archive:
        present = {name: archive[f"has_{name}"].tolist() for name in ("eeg", "face")}
    users = sorted({_match(game.session)["user"] for game in rounds}, key=int)
    drawn = np.random.default_rng(seed).permutation(len(users))[: round(_TRAIN_SHARE * len(users))]
    train = {users[position] for position in drawn}
    rows = [
        _to_row(game, train, {name: f"{path.name}:{name}[{index}]" for name in present if present[name][index]})
        for index, game in enumerate(rounds)
    ]
    return Table([row for row in rows if row.present], path.parent, ("eeg", "face"), ("label",))


def _find_rounds(root: Path, folder: Path) -> list[_Round]:
    rounds: list[_Round] = []
    # Archives made on other systems hold folders of their own.
    for path in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))):
        _match(path.name)
        reports = _read_reports(root / "fatigue_self_report" / f"{path.name}.csv")
        faces = _find_frames(root / "face_keypoints" / path.name)
        eeg = {int(found["round"]): file for file in path.iterdir() if (found := _ROUND.fullmatch(file.name))}
        if not eeg:
            raise DataError(f"{path}: expected files such as 3_17, the EEG of round 17, but found none.")
        rounds += [
            _Round(path.name, number, reports[number - 1] > 0, eeg[number], faces.get(number, ()))
            for number in sorted(eeg)
            if 1 <= number <= len(reports)
        ]
    if not rounds:
        raise DataError(f"{folder}: expected folders such as user_0_v_m, one a session, but found none with rounds.")
    return rounds


def _match(session: str) -> re.Match[str]:
    found = _SESSION.fullmatch(session)
    if found is None:
        raise DataError(
            f"{FOLDER.path}: expected sessions that are called user_<number>[b]_<v, t or a>_<m or o>, but found "
            f"{session!r}."
        )
    return found


def _read_reports(path: Path) -> list[float]:
    """How often the button had been pressed, round by round."""
    if not path.is_file():
        raise DataError(f"{path}: expected the reports of a session, one number a round, but found no such file.")
    reports: list[float] = []
    for line, text in enumerate(read_bounded_text(path).split(), start=1):
        try:
            reports.append(float(text))
        except ValueError:
            raise DataError(f"{path}, line {line}: expected a number of presses, but found {text!r}.") from None
    return reports


def _find_frames(folder: Path) -> dict[int, tuple[Path, ...]]:
    if not folder.is_dir():
        raise DataError(f"{folder}: expected the folder of a session's face, but found none.")
    frames: dict[int, list[tuple[int, Path]]] = {}
    for path in folder.iterdir():
        if found := _FRAME.fullmatch(path.name):
            frames.setdefault(int(found["round"]), []).append((int(found["frame"]), path))
    return {number: tuple(path for _, path in sorted(found)) for number, found in frames.items()}


def _extract(rounds: list[_Round]) -> dict[str, NDArray[Any]]:
    eeg = [read_eeg(game.eeg) for game in rounds]
    face = [read_face(game.frames) for game in rounds]
    return {
        "eeg": np.stack([np.zeros(EEG_FEATURES, np.float32) if found is None else found for found in eeg]),
        "face": np.stack([np.zeros(FACE_FEATURES, np.float32) if found is None else found for found in face]),
        "has_eeg": np.array([found is not None for found in eeg]),
        "has_face": np.array([found is not None for found in face]),
    }


def _to_row(game: _Round, train: set[str], cells: dict[str, str]) -> Row:
    session = _match(game.session)
    version = "V3" if session["mode"] == "o" else "V2" if session["second"] else "V1"
    return Row(
        line=game.number,
        id=f"{game.session}/{game.number}",
        domain=version,
        split="train" if session["user"] in train else "test",
        labels={"label": "fatigue" if game.fatigue else "no_fatigue"},
        cells={name: cells.get(name) for name in ("eeg", "face")},
        group=f"user_{session['user']}",
    )

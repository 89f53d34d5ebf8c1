"""Which rows a run leaves out: decided once, before it starts, and kept in its folder."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from ..data import Problem
from ..errors import AcclimateError, RunError
from ..files.folders import make_folder
from ..files.whole_file import write_whole, writing
from ..runs.run_folder import AGAIN, SKIPPED_FILE, check_free
from ..training.exchange import on_main


def settle_skipped(find: Callable[[], Iterable[Problem]], out: Path, *, resume: bool) -> tuple[Problem, ...]:
    """The problems of the rows that a run leaves out: those that are found now, or were when the run began.

    A run that is resumed leaves out the same rows, whatever became of their files: its samples are counted by their
    positions. Of several processes, the main one looks.

    Args:
        find: looks at the files.
        out: run folder, which gets a skipped.json.
        resume: whether to go on with a run that is there.

    Raises:
        RunError: if `find` says that too many rows are bad, or the folder cannot be used.
    """
    path = out / SKIPPED_FILE

    def settle() -> None:
        if check_free(out, resume=resume):
            return
        try:
            problems = [attrs.asdict(problem) for problem in find()]
        except AcclimateError as error:
            raise RunError(str(error)) from error
        make_folder(out)
        with writing(path, AGAIN):
            write_whole(path, json.dumps(problems, indent=1) + "\n")

    on_main(settle)
    return read_skipped(out)


def read_skipped(out: Path) -> tuple[Problem, ...]:
    """What a run folder's skipped.json holds.

    Raises:
        RunError: if it is not there, as the run was started without leaving rows out, or is damaged.
    """
    path = out / SKIPPED_FILE
    if not path.is_file():
        raise RunError(f"{out} holds a run that was started without --skip-bad: go on with it without, too")
    try:
        return tuple(Problem(**problem) for problem in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error

"""All scores without labels of a grid's finished runs, and what each was worth: validators.json and validators.txt."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..experiments.run_validation import summarise, validate_runs
from ..experiments.validation_text import shift_text, summary_text
from ..files.whole_file import write_whole
from .cell import Cell
from .cell_file import CELL_FILE


def write_validation(cells: Sequence[Cell], out: Path, scores: Sequence[str]) -> str:
    """Score the finished runs of a grid, those of one shift and seed together, and write both files.

    The upper bound has seen the target's labels, and is no candidate.

    Args:
        cells: of the grid.
        out: its folder.
        scores: see `validate_runs`.

    Returns:
        What each score was worth over all shifts, as text; the first shift's table where there is one alone.

    Raises:
        RunError: if a score is not known, or a run is damaged.
        DataError: if rows cannot be read.
    """
    finished = [
        cell for cell in cells if not cell.trains_on_target_labels and (out / cell.folder / CELL_FILE).is_file()
    ]
    found = list(validate_runs([out / cell.folder / "run" for cell in finished], scores))
    texts = [shift_text(shift) for shift in found]
    summary = summarise(found)
    texts += [summary_text(summary)] if summary else []
    write_whole(out / "validators.json", json.dumps([shift.to_json() for shift in found], indent=1) + "\n")
    write_whole(out / "validators.txt", "\n\n".join(texts) + "\n")
    return texts[-1] if texts else "no run is finished"

"""The process of a cell: `python -m acclimate.framework.grid.child JOB`. It ends with the process that started it."""

import json
import os
import sys
from pathlib import Path
from threading import Thread


def main() -> int:
    """Run the cell; an error that a user can cause is the last line that is printed."""
    Thread(target=_end_with_parent, daemon=True).start()
    job = json.loads(sys.argv[1])

    import torch

    from ..errors import AcclimateError
    from .cell import Cell
    from .run_cell import run_cell

    torch.set_num_threads(job["threads"])
    try:
        run_cell(Cell.from_json(job["cell"]), Path(job["out"]), job["notes"])
    except AcclimateError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 1
    return 0


def _end_with_parent() -> None:
    """Standard input ends when the parent does, however it ends: two processes must not share a run folder."""
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

"""Opens a table of 100,000 rows and reads some of them; prints what memory that took, as JSON.

A process of its own: in the tests' process every call is checked for its types, which takes long.
"""

import gc
import json
import resource
import sys
import tracemalloc
from pathlib import Path

import numpy as np
from acclimate.framework.data import AudioPreprocessing, Samples, Schema, read_table
from acclimate.framework.layout import Task

from .data_files import write_sound

ROWS = 100_000
FILES = 10
LENGTH = 500
READ = 1000
SAMPLE_BYTES = 4 * LENGTH
RECORDING_BYTES = 20 * SAMPLE_BYTES


def write_large_table(folder: Path) -> Path:
    """A table whose rows share a few recordings, which are longer than what is kept of them."""
    for number in range(FILES):
        write_sound(folder / f"{number}.wav", np.zeros(20 * LENGTH))
    path = folder / "table.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("id,domain,split,label,speech\n")
        file.writelines(
            f"recording{row:06d},{'street' if row % 2 else 'lab'},train,{'ab'[row % 3 % 2]},{row % FILES}.wav\n"
            for row in range(ROWS)
        )
    return path


def measure(path: Path, cached: int) -> dict[str, int]:
    """Bytes that were needed at most to open the table, and those kept and needed at most to read `READ` samples.

    Args:
        path: of the table.
        cached: number of samples that may be cached.
    """
    before = _peak()
    table = read_table(path)
    schema = Schema({"speech": AudioPreprocessing(sampling_rate=8000, samples=LENGTH)}, [Task("label", ("a", "b"))])
    samples = Samples(table, schema, labelled=True, cache_bytes=cached * SAMPLE_BYTES)
    opened = _peak() - before
    assert samples.divided(2).table is samples.table is table
    samples[0]
    tracemalloc.start()
    for row in range(0, ROWS, ROWS // READ):
        samples[row]
    _, peak = tracemalloc.get_traced_memory()
    # Python keeps memory of what it will make again, unless it is asked to collect.
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    return {"rows": len(samples), "opened": opened, "kept": kept, "peak": peak}


def _peak() -> int:
    """Bytes of memory that this process has had at once."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))  # noqa: T201 - for the test

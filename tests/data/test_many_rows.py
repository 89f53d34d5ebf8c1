"""Large data: memory holds the table's cells and what the cache may take, however many files there are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .large_table import READ, RECORDING_BYTES, ROWS, SAMPLE_BYTES, write_large_table

pytestmark = pytest.mark.processes

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("cached", [0, 100])
def test_memory_is_bounded_on_100_000_rows(tmp_path: Path, cached: int) -> None:
    command = [sys.executable, "-m", "data.large_table", str(write_large_table(tmp_path)), str(cached)]
    found = json.loads(subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=True).stdout)
    assert found["rows"] == ROWS
    # Rows are columns; some of the file's records are there at a time.
    assert found["opened"] < 400 * ROWS
    # What is kept of a sample beside its values is below 3 KB; uncached samples and whole recordings are not kept.
    assert found["kept"] < cached * (SAMPLE_BYTES + 3000) + 50_000 < READ * SAMPLE_BYTES
    assert found["peak"] - found["kept"] < 10 * RECORDING_BYTES < READ * SAMPLE_BYTES

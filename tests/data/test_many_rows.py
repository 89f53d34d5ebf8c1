"""Large data: memory holds the table's cells and what the cache may take, however many files there are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from acclimate.framework.data import read_table

from .data_files import write_text
from .large_table import READ, RECORDING_BYTES, ROWS, SAMPLE_BYTES, write_large_table

pytestmark = pytest.mark.processes

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("cached", [0, 100])
def test_memory_is_bounded_on_100_000_rows(tmp_path: Path, cached: int) -> None:
    command = [sys.executable, "-m", "data.large_table", str(write_large_table(tmp_path)), str(cached)]
    found = json.loads(subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=True).stdout)
    assert found["rows"] == ROWS
    # A row has three dictionaries' worth of names beside its text; the file's records are there beside the rows.
    assert found["opened"] < 2000 * ROWS
    # What is kept of a sample beside its values is below 3 KB; uncached samples and whole recordings are not kept.
    assert found["kept"] < cached * (SAMPLE_BYTES + 3000) + 50_000 < READ * SAMPLE_BYTES
    assert found["peak"] - found["kept"] < 10 * RECORDING_BYTES < READ * SAMPLE_BYTES


def test_rows_share_what_is_equal(tmp_path: Path) -> None:
    lines = [f"{row},lab,train,nod,anna,a.wav" for row in range(2)]
    first, second = read_table(write_text(tmp_path / "a.csv", "id,domain,split,label,group,speech", *lines)).rows
    assert first.domain is second.domain
    assert first.split is second.split
    assert first.group is second.group
    assert first.labels["label"] is second.labels["label"]

"""Reading a file, whatever is in it, starts no program, opens no connection and writes nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent


def test_reading_brings_nothing_about(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    # A Ghostscript that would tell of itself.
    (tmp_path / "bin").mkdir()
    for name in ("gs", "gswin32c", "gswin64c", "djpeg", "xclip", "ffmpeg"):
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
        program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(TESTS),
    }
    (tmp_path / "files").mkdir()
    command = [sys.executable, "-P", "-B", "-m", "data.audited_reading", str(tmp_path / "files")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    *found, last = run.stdout.strip().splitlines()
    assert not found
    assert int(last.split()[0]) > 1500
    assert not (tmp_path / "started").exists()

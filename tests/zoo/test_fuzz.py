"""Mutated checkpoints open, or are refused by name: nothing else comes of them. `fuzz_campaign.py` tries many more."""

import subprocess
import sys
from pathlib import Path

import pytest

from .fuzz_campaign import run_campaign

pytestmark = pytest.mark.processes


def test_500_mutated_checkpoints_open_or_are_refused_by_name(saved: Path) -> None:
    campaign = run_campaign(saved, 500, "tests")
    assert campaign.problems == []
    for reader in ("folder", "session", "registry"):
        counts = {name: count for name, count in campaign.outcomes.items() if name.startswith(reader)}
        assert sum(counts.values()) == 500
        # Neither is all refused before it is looked at, nor is all let through.
        assert 15 < counts[f"{reader}: opened"] < 400
    for name in ("config.json", "metrics.json", "model.safetensors", "model.onnx", "README.md", "SHA256SUMS"):
        assert campaign.outcomes[f"folder: refused, naming {name}"] > 2
    assert campaign.seconds < 10


BREACHES = """
import socket, subprocess, sys
from pathlib import Path
from fuzz_child import Watch

work = Path(sys.argv[1])
(work / "secret").write_text("")
(work / "zoo_trap.py").write_text("")
sys.path.insert(0, str(work))
watch = Watch(work / "opened", work / "secret")
watch.on = True
(work / "secret").read_text()
(work / "elsewhere").write_text("")
subprocess.run(["true"])
socket.socket().close()
import zoo_trap
watch.on = False
print(*(line.partition(" ")[0] for line in watch.found))
"""


def test_what_must_not_happen_would_be_seen(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    command = [sys.executable, "-c", BREACHES, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    assert {"open", "subprocess.Popen", "socket.__new__", "import"} <= set(answer.stdout.split())
    assert answer.stdout.split().count("open") >= 2

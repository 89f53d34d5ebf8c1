"""What a deployed artefact imports before its first answer: its own kinds of data, and little else of ours."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile
from PIL import Image

ROOT: Final = Path(__file__).parents[2]

MODULES: Final = {"rna-uda.wrist": 34, "rna-uda.avdigits-accent": 39}
"""By checkpoint: 34 is half of what it was at first; a third of them bound what is read and decoded."""

COUNT: Final = """
import json, sys
from acclimate.exporters import Session

folder, sources = sys.argv[1], json.loads(sys.argv[2])
Session(folder).predict(sources)
print(*(name for name in sys.modules if name.partition(".")[0] == "acclimate"))
assert not {"torch", "onnx", "pandas", "scipy"} & set(sys.modules)
"""


def imported(folder: Path, sources: str) -> list[str]:
    command = [sys.executable, "-c", COUNT, str(folder), sources]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_checkpoint_of_the_zoo_answers_with_few_modules(tmp_path: Path) -> None:
    np.save(tmp_path / "signal.npy", np.ones((100, 3), np.float32))
    folder = ROOT / "zoo/checkpoints/rna-uda.wrist"
    found = imported(folder, f'{{"accelerometer": "{tmp_path}/signal.npy", "gyroscope": "{tmp_path}/signal.npy"}}')
    assert len(found) <= MODULES[folder.name], found
    assert "acclimate.framework.data.preprocessing.image" not in found


def test_so_does_one_of_pictures_and_sound(tmp_path: Path) -> None:
    Image.new("L", (28, 28)).save(tmp_path / "digit.png")
    soundfile.write(tmp_path / "digit.wav", np.zeros(5525, np.float32), 8000)
    folder = ROOT / "zoo/checkpoints/rna-uda.avdigits-accent"
    found = imported(folder, f'{{"image": "{tmp_path}/digit.png", "audio": "{tmp_path}/digit.wav"}}')
    assert len(found) <= MODULES[folder.name], found
    assert "acclimate.framework.data.preprocessing.text" not in found


@pytest.mark.parametrize("folder", ["exporters", "framework", "zoo"])
def test_one_folder_speaks_to_onnx_runtime(folder: str) -> None:
    """And its quantiser has a file of its own: another runtime has a place beside them."""
    speaking = {
        str(path.relative_to(ROOT / folder).parent) if path.parent != ROOT / folder else path.name
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "onnxruntime" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and not node.level and str(node.module).split(".")[0] == "onnxruntime")
    }
    assert speaking == ({"onnx_runtime", "quantisation.py"} if folder == "exporters" else set())

"""Where there is no torch: the wheel with its base dependencies alone, as `tox -e bare` installs it.

Artefacts are exported here, and used there.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acclimate.exporters import Session, read_config
from acclimate.exporters.artefact import Form
from acclimate.zoo import builtin_registry

from acclimate.__main__ import main

from .trio import FORMS, Trio

EMBEDDED = "source-only.wrist"

HEAVY = {
    *("torch", "torchvision", "torchaudio", "onnx", "onnxscript", "onnx-ir", "transformers", "timm", "tokenizers"),
    *(
        "pyarrow",
        "scipy",
        "scikit-learn",
        "matplotlib",
        "jaxtyping",
        "beartype",
        "accelerate",
        "tensorboard",
        "seglearn",
    ),
    *("h5py", "ray", "kserve", "pytest"),
}

LIST = """
import json
from importlib.metadata import distributions
print(json.dumps([distribution.name.lower() for distribution in distributions()]))
"""

RUN = """
import sys
import numpy as np
from acclimate.exporters import Session
from acclimate.framework import DataError

folder, given, found = sys.argv[1:]
session = Session(folder)
inputs = dict(np.load(given))
present = inputs.pop("present")
np.savez(found, **session.run(inputs, present))
try:
    session.predict({"note": "a fine day"})
except DataError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of the bare environment."""
    if "ACCLIMATE_BARE_PYTHON" not in os.environ:
        pytest.skip("tox -e bare makes the environment without torch that ACCLIMATE_BARE_PYTHON names")
    return Path(os.environ["ACCLIMATE_BARE_PYTHON"])


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    """Each."""
    found: Form = request.param
    return found


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve rows, of which some lack a modality; none has a text."""
    folder, generator = tmp_path_factory.mktemp("table"), np.random.default_rng(0)
    lines = ["id,domain,split,label.label,label.level,motion,note,place"]
    for number in range(12):
        np.save(folder / f"motion{number}.npy", generator.standard_normal((9 + number, 2)))
        np.save(folder / f"place{number}.npy", generator.standard_normal(3))
        motion = f"motion{number}.npy" if number % 3 else ""
        lines.append(
            f"row{number},room,test,{('quiet', 'loud')[number % 2]},{number / 7:.3f},{motion},,place{number}.npy"
        )
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder / "table.csv"


def run(arguments: Sequence[object], folder: Path) -> subprocess.CompletedProcess[str]:
    """Start a program of the bare environment where the checkout does not lie."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(argument) for argument in arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=variables)


def acclimate(python: Path, arguments: Sequence[object], folder: Path) -> subprocess.CompletedProcess[str]:
    """The command line of the bare environment."""
    return run([python.with_name("acclimate"), *arguments], folder)


def test_nothing_heavy_is_installed(python: Path, tmp_path: Path) -> None:
    found = set(json.loads(run([python, "-c", LIST], tmp_path).stdout))
    assert {"acclimate", "attrs", "jsonargparse", "numpy", "pillow", "pyyaml", "rich", "safetensors"} <= found
    assert len({"onnxruntime", "onnxruntime-gpu"} & found) == 1
    assert not HEAVY & found


def test_a_session_says_the_same(python: Path, form: Form, trio: Trio, tmp_path: Path) -> None:
    inputs, present = trio.draw(4), np.array([[1, 1, 1], [0, 1, 0], [1, 0, 1], [0, 0, 1]])
    np.savez(tmp_path / "given.npz", present=present, **inputs)
    files = tmp_path / "given.npz", tmp_path / "found.npz"
    answer = run([python, "-c", RUN, trio.folders[form], *files], tmp_path)
    assert answer.stderr == ""
    assert answer.stdout == "note: text needs the library tokenizers: pip install acclimate[text]\n"
    found = np.load(tmp_path / "found.npz")
    for name, values in Session(trio.folders[form]).run(inputs, present).items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-6)


def test_predict_says_the_same(
    python: Path, form: Form, trio: Trio, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--motion", table.with_name("motion4.npy"), "--place", table.with_name("place4.npy")]
    arguments = ["predict", trio.folders[form], *files, "--json"]
    answer = acclimate(python, arguments, table.parent)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert main([str(argument) for argument in arguments]) == 0
    found, expected = json.loads(answer.stdout), json.loads(capsys.readouterr().out)
    assert found["labels"]["label"] == expected["labels"]["label"]
    assert found["modalities"] == ["motion", "place"]
    assert found["probabilities"]["label"] == pytest.approx(expected["probabilities"]["label"], abs=1e-6)


def test_evaluation_says_the_same(python: Path, form: Form, trio: Trio, table: Path, tmp_path: Path) -> None:
    documents: list[dict[str, Any]] = []
    for place in ("there", "here"):
        arguments = ["evaluate", trio.folders[form], "--data", table, "--json", tmp_path / f"{place}.json"]
        if place == "there":
            answer = acclimate(python, arguments, tmp_path)
            assert (answer.returncode, answer.stderr) == (0, "")
        else:
            assert main([str(argument) for argument in arguments]) == 0
        documents.append(json.loads((tmp_path / f"{place}.json").read_text()))
    there, here = documents
    assert there["runtime"] == here["runtime"] == "onnx"
    assert there["drop"].keys() == {"label", "level"}
    assert there["scores"]["tasks"]["label"] == here["scores"]["tasks"]["label"]


def test_a_table_is_checked(python: Path, table: Path) -> None:
    answer = acclimate(python, ["data", "check", table], table.parent)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_an_embedded_checkpoint_is_pulled_and_used_in_two_commands(python: Path, tmp_path: Path) -> None:
    pulled = acclimate(python, ["zoo", "pull", EMBEDDED, "--out", "mine", "--offline"], tmp_path)
    assert (pulled.returncode, pulled.stderr) == (0, "")
    name, preprocessing = next(iter(read_config(tmp_path / "mine").schema.preprocessing.items()))
    np.save(tmp_path / "it.npy", np.zeros(preprocessing.shape[::-1]))
    answer = acclimate(python, ["predict", "mine", f"--{name}", "it.npy"], tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert f"from {name}" in answer.stdout


def test_the_embedded_checkpoints_are_listed_shown_and_verified(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCLIMATE_CACHE", str(tmp_path / "cache"))
    embedded = {name for name, entry in builtin_registry().entries.items() if entry.embedded}
    for arguments in (["list"], ["show", EMBEDDED], ["verify"], ["verify", EMBEDDED]):
        answer = acclimate(python, ["zoo", *arguments], tmp_path)
        assert (answer.returncode, answer.stderr) == (0, ""), arguments
        names = embedded if len(arguments) == 1 else {EMBEDDED}
        assert all(name in answer.stdout for name in names)


@pytest.mark.parametrize(
    "command",
    [
        *("", "adapt", "evaluate", "export", "predict", "compare", "data check", "report", "demo"),
        *("zoo", "zoo list", "zoo show", "zoo pull", "zoo verify", "zoo reproduce", "zoo publish", "zoo site"),
    ],
)
def test_every_command_says_what_it_does(command: str, python: Path, tmp_path: Path) -> None:
    answer = acclimate(python, [*command.split(), "--help"], tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "usage: acclimate" in answer.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["adapt", "rna-uda", "--data", "TABLE", "--source", "room", "--target", "room", "--out", "out"],
        ["demo", "--out", "out"],
        ["export", "RUN"],
        ["evaluate", "RUN", "--data", "TABLE"],
        ["zoo", "reproduce", "RUN"],
        ["zoo", "publish", "RUN", "--to", "mirror", "--licence", "CC0-1.0", "--data-licence", "CC0-1.0"],
    ],
)
def test_what_needs_torch_says_what_to_install(arguments: list[str], python: Path, table: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text("recipe: rna-uda\n")
    places: dict[str, object] = {"TABLE": table, "RUN": tmp_path / "run"}
    answer = acclimate(python, [places.get(argument, argument) for argument in arguments], tmp_path)
    assert answer.returncode == 2
    assert len(answer.stderr.splitlines()) == 1
    assert "pip install 'acclimate[" in answer.stderr

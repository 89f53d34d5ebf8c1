"""Writing into a model repository: new models, new versions, and never anything that is not ours."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from acclimate.exporters.artefact import Form
from acclimate.exporters.triton import write_triton
from acclimate.framework import ExportError

from acclimate.__main__ import main

from .artefacts import make_small, remake


@pytest.fixture
def split(artefacts: Mapping[Form, Path]) -> Path:
    return artefacts["split"]


@pytest.fixture(scope="module")
def mask(artefacts: Mapping[Form, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In a folder of another name."""
    return Path(shutil.copytree(artefacts["mask"], tmp_path_factory.mktemp("exports") / "kitchen"))


def list_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_models_and_their_files(split: Path, tmp_path: Path) -> None:
    written = write_triton(split, tmp_path / "new" / "models", name="kitchen", max_batch_size=4)
    encoders = [f"kitchen_encoder_{name}" for name in ("motion", "place", "speech")]
    assert written.models == (*encoders, "kitchen_fusion", "kitchen")
    assert (written.folder, written.name, written.version) == (tmp_path / "new" / "models", "kitchen", 1)
    graphs = {f"{name}/{file}" for name in written.models[:-1] for file in ("config.pbtxt", "1/model.onnx")}
    ours = {f"kitchen/{file}" for file in ("config.pbtxt", "action_labels.txt", "1/model.py")}
    assert set(list_files(written.folder)) == graphs | ours
    for name, file in zip(written.models, [*sorted(split.glob("encoders/*")), split / "fusion.onnx"], strict=False):
        assert (written.folder / name / "1" / "model.onnx").read_bytes() == file.read_bytes()


def test_the_model_is_named_as_its_folder_or_run(mask: Path, split: Path, tmp_path: Path) -> None:
    assert write_triton(mask, tmp_path / "a").name == "kitchen"
    assert write_triton(mask / "model.onnx", tmp_path / "b").name == "kitchen"
    run = Path(shutil.copytree(split, tmp_path / "first-run" / "artefact"))
    assert write_triton(run, tmp_path / "c").name == "first-run"


def test_another_export_adds_a_version_and_keeps_what_the_user_set(mask: Path, tmp_path: Path) -> None:
    write_triton(mask, tmp_path)
    config = tmp_path / "kitchen" / "config.pbtxt"
    text = config.read_text("utf-8").replace("count: 1", "count: 3 kind: KIND_CPU")
    config.write_text(text + "# ours\nversion_policy { latest { num_versions: 2 } }\n", encoding="utf-8")
    before = list_files(tmp_path)
    assert write_triton(mask, tmp_path).version == 2
    assert write_triton(mask, tmp_path, device="cpu").version == 3
    after = list_files(tmp_path)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"kitchen/2/model.onnx", "kitchen/3/model.onnx"}


def test_models_that_call_each_other_get_one_number(split: Path, tmp_path: Path) -> None:
    write_triton(split, tmp_path, name="kitchen")
    (tmp_path / "kitchen_fusion" / "1").rename(tmp_path / "kitchen_fusion" / "7")
    written = write_triton(split, tmp_path, name="kitchen")
    assert written.version == 8
    assert all((tmp_path / name / "8").is_dir() for name in written.models)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"max_batch_size": 8}, "max_batch_size is 64, but must be 8"),
        ({"device": "gpu"}, r"instance_group: kind is \[KIND_AUTO\], but must be \[KIND_GPU\]"),
    ],
)
def test_settings_that_the_model_there_does_not_have_are_refused(
    mask: Path, tmp_path: Path, setting: dict[str, Any], message: str
) -> None:
    write_triton(mask, tmp_path)
    with pytest.raises(ExportError, match=f"kitchen/config.pbtxt does not describe the new version, .*: {message}"):
        write_triton(mask, tmp_path, **setting)


def test_a_model_that_takes_something_else_is_refused(mask: Path, split: Path, small: Path, tmp_path: Path) -> None:
    artefact = remake(small, tmp_path / "answer", "mask")
    models = tmp_path / "models"
    write_triton(artefact, models)
    before = list_files(models)
    with pytest.raises(ExportError, match=r"input: name is \[face, present\], but must be \[motion, .*\]"):
        write_triton(mask, models, name="answer")
    with pytest.raises(ExportError, match=r"backend is onnxruntime, but must be python"):
        write_triton(split, models, name="answer")
    assert list_files(models) == before
    config = models / "answer" / "config.pbtxt"
    config.write_text(config.read_text("utf-8").replace("dims: [4]", "dims: [5]"), encoding="utf-8")
    with pytest.raises(ExportError, match=r"input 'face': dims is \[5\], but must be \[4\]"):
        write_triton(artefact, models)


def test_other_classes_are_refused(small: Path, tmp_path: Path) -> None:
    write_triton(small, tmp_path / "models")
    other = remake(small, tmp_path / "other", "split", classes=("yes", "no"))
    with pytest.raises(ExportError, match=r"answer/labels.txt does not name the classes of the new version"):
        write_triton(other, tmp_path / "models", name="answer")


def test_what_is_not_ours_is_left_alone(mask: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "models" / "kitchen"
    (foreign / "1").mkdir(parents=True)
    (foreign / "1" / "model.onnx").write_bytes(b"theirs")
    before = list_files(tmp_path)
    with pytest.raises(ExportError, match="kitchen holds a model that acclimate did not write: give another name"):
        write_triton(mask, tmp_path / "models")
    (foreign / "config.pbtxt").write_text('backend: "onnxruntime"', encoding="utf-8")
    with pytest.raises(ExportError, match="kitchen holds a model that acclimate did not write"):
        write_triton(mask, tmp_path / "models")
    (foreign / "config.pbtxt").unlink()
    assert list_files(tmp_path) == before
    assert write_triton(mask, tmp_path / "models", name="ours").version == 1


def test_a_folder_of_something_else_is_refused(mask: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(mask, tmp_path / "copy"))
    with pytest.raises(ExportError, match=r"copy is no model repository: it holds config\.json"):
        write_triton(mask, copy)
    with pytest.raises(ExportError, match="a model repository is a folder, but there is a file of that name"):
        write_triton(mask, copy / "config.json")
    assert list_files(copy) == list_files(mask)


@pytest.mark.parametrize("name", ["a/b", "..", "a..b", ".a", "a.", "a b", "größe", "a\n"])
def test_names_that_triton_does_not_take_are_refused(mask: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="has a name of letters, digits"):
        write_triton(mask, tmp_path / "models", name=name)
    assert not (tmp_path / "models").exists()


@pytest.mark.usefixtures("exports")
def test_a_modality_names_a_model_in_the_form_split_only(tmp_path: Path) -> None:
    split = make_small(tmp_path / "split", "left wrist")
    with pytest.raises(ExportError, match=r"but got 'split_encoder_left wrist'"):
        write_triton(split, tmp_path / "models")
    mask = remake(split, tmp_path / "mask", "mask")
    assert write_triton(mask, tmp_path / "models").models == ("mask",)


def test_a_class_of_two_lines_is_refused(small: Path, tmp_path: Path) -> None:
    artefact = remake(small, tmp_path / "artefact", "mask", classes=("yes", "n\no"))
    with pytest.raises(ExportError, match=r"answer: a label file has a line for each class, but one is 'n\\no'"):
        write_triton(artefact, tmp_path / "models")


def test_a_batch_without_rows_is_refused(mask: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="max_batch_size must be at least 1, but got 0"):
        write_triton(mask, tmp_path / "models", max_batch_size=0)


def test_an_altered_artefact_is_refused(split: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(split, tmp_path / "copy"))
    graph = copy / "encoders" / "place.onnx"
    graph.write_bytes(graph.read_bytes() + b"\0")
    with pytest.raises(ExportError, match="was altered"):
        write_triton(copy, tmp_path / "models")
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_leaves_what_was_there(
    split: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, existing: bool
) -> None:
    models = tmp_path / "models"
    if existing:
        write_triton(split, models, name="kitchen")
    before = list_files(tmp_path)
    write_bytes = Path.write_bytes

    def fail(path: Path, content: bytes) -> int:
        if path.name == "model.py":
            raise OSError(28, "No space left on device")
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(ExportError, match="models: the models cannot be written: No space left on device"):
        write_triton(split, models, name="kitchen")
    assert list_files(tmp_path) == before
    assert models.exists() is existing


def test_the_command_needs_no_torch(mask: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from acclimate.__main__ import main; "
        f"status = main(['export', {str(mask)!r}, '--triton', {str(tmp_path / 'models')!r}]); "
        "sys.exit(status or 3 * ('torch' in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "kitchen: version 1; to serve it: tritonserver --model-repository=" in found.stdout


def test_the_command_says_what_is_wrong_in_one_line(
    mask: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(mask), "--triton", str(tmp_path), "--triton-name", "a/b"]) == 2
    assert capsys.readouterr().err.count("\n") == 1

"""Writing over an artefact of another form, interrupted anywhere: what lies there loads or is refused, never mixed."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from acclimate.exporters import Session
from acclimate.exporters.artefact_folder import read_artefact, write_artefact
from acclimate.framework import ExportError
from bits import same_bits
from numpy.typing import NDArray

from .trio import Trio, graph_files

Outputs = Mapping[str, NDArray[np.float32]]


class Killed(BaseException):
    """As a signal would, it passes all handlers of errors."""


@attrs.define
class Fault:
    """Lets some file operations pass and fails at the next, and, where the process is killed, at all that follow."""

    allowed: int
    error: type[BaseException]
    failed: bool = False

    def check(self) -> None:
        """Pass or fail."""
        if self.allowed == 0 and (self.error is Killed or not self.failed):
            self.failed = True
            raise self.error(5, "Input/output error")
        self.allowed = max(0, self.allowed - 1)


def install(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every operation that changes the folder ask for leave."""
    for owner, name in ((Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (Path, "open")):
        original = getattr(owner, name)

        def ask(*arguments: Any, original: Any = original, **options: Any) -> Any:  # noqa: ANN401 - passed on
            fault.check()
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, ask)


def read(source: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """An artefact's graphs and configuration, as an export of the same model has them."""
    document = read_artefact(source).document
    assert document is not None
    return {name: (source / name).read_bytes() for name in graph_files(source)}, document


def write_copy(source: Path, target: Path) -> None:
    """Write an artefact as an export of the same model would."""
    write_artefact(target, *read(source))


def run(folder: Path, trio: Trio) -> Outputs | None:
    """What an artefact says; None where it is refused."""
    try:
        return Session(folder).run(trio.draw(2))
    except ExportError:
        return None


def same(found: Outputs, expected: Outputs) -> bool:
    return all(same_bits(found[name], values) for name, values in expected.items())


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


TRANSITIONS = [
    ("mask", "split"),
    ("branch", "split"),
    ("split", "mask"),
    ("split", "split"),
    ("mask", "mask"),
    ("branch", "mask"),
]


@pytest.mark.parametrize("error", [OSError, Killed])
@pytest.mark.parametrize(("before", "after"), TRANSITIONS)
def test_an_interrupted_replacement_leaves_one_of_both(
    before: str, after: str, error: type[BaseException], trio: Trio, tmp_path: Path
) -> None:
    old, new = trio.folders[before], trio.others[after]  # type: ignore[index]
    expected = [outputs for folder in (old, new) if (outputs := run(folder, trio)) is not None]
    assert len(expected) == 2
    assert not same(*expected)
    steps, mixtures = 0, 0
    while True:
        folder = tmp_path / str(steps)
        shutil.copytree(old, folder)
        (folder / "README.md").write_text("mine")
        fault, exported = Fault(steps, error), read(new)
        with pytest.MonkeyPatch.context() as monkeypatch:
            install(fault, monkeypatch)
            try:
                write_artefact(folder, *exported)
            except (ExportError, Killed):
                assert fault.failed
        found = run(folder, trio)
        if found is None:
            mixtures += 1
        else:
            assert same(found, expected[0]) or same(found, expected[1])
        write_copy(new, folder)
        left = {name for name in content(folder) if name.endswith(".tmp")}
        assert not left or error is Killed
        assert {name: text for name, text in content(folder).items() if name not in left} == {
            **content(new),
            "README.md": b"mine",
        }
        if not fault.failed:
            break
        steps += 1
    assert steps >= 6
    assert not mixtures or before == after == "split"


def test_the_same_split_artefact_may_be_written_over_itself_at_any_moment(trio: Trio, tmp_path: Path) -> None:
    folder = trio.folders["split"]
    expected = run(folder, trio)
    assert expected is not None
    exported = read(folder)
    for steps in range(16):
        copy = Path(shutil.copytree(folder, tmp_path / str(steps)))
        with pytest.MonkeyPatch.context() as monkeypatch:
            install(Fault(steps, Killed), monkeypatch)
            with pytest.raises(Killed):
                write_artefact(copy, *exported)
        found = run(copy, trio)
        assert found is not None
        assert same(found, expected)


def test_files_of_others_are_kept(trio: Trio, tmp_path: Path) -> None:
    foreign = {"fusion.onnx": b"mine", "encoders/mine.onnx": b"mine", "notes.txt": b"mine", "encoders/a.bin": b"mine"}
    (tmp_path / "encoders").mkdir()
    for name, text in foreign.items():
        (tmp_path / name).write_bytes(text)
    write_copy(trio.folders["mask"], tmp_path)
    assert content(tmp_path) == {**foreign, **content(trio.folders["mask"])}
    del foreign["fusion.onnx"]
    write_copy(trio.folders["split"], tmp_path)
    assert content(tmp_path) == {**foreign, **content(trio.folders["split"])}
    write_copy(trio.folders["branch"], tmp_path)
    assert content(tmp_path) == {**foreign, **content(trio.folders["branch"])}


def test_a_config_that_lists_files_elsewhere_removes_none(trio: Trio, tmp_path: Path) -> None:
    folder = tmp_path / "artefact"
    shutil.copytree(trio.folders["split"], folder)
    (tmp_path / "mine.onnx").write_bytes(b"mine")
    listed = '{"files": {"../mine.onnx": "", "encoders/../../mine.onnx": "", "encoders/place.onnx": ""}}'
    (folder / "config.json").write_text(listed)
    write_copy(trio.folders["mask"], folder)
    assert (tmp_path / "mine.onnx").read_bytes() == b"mine"
    assert not (folder / "encoders/place.onnx").exists()
    assert (folder / "encoders/motion.onnx").exists()


def test_a_foreign_graph_that_would_be_taken_for_the_artefact_is_an_error(trio: Trio, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"mine")
    with pytest.raises(ExportError, match=r"model.onnx is no graph of acclimate, .*: choose another folder"):
        write_copy(trio.folders["split"], tmp_path)
    assert content(tmp_path) == {"model.onnx": b"mine"}


@pytest.mark.parametrize("name", ["encoders", "config.json", "fusion.onnx"])
def test_a_folder_or_file_in_the_way_is_an_error(name: str, trio: Trio, tmp_path: Path) -> None:
    if name == "encoders":
        (tmp_path / name).write_bytes(b"mine")
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_bytes(b"mine")
    before = content(tmp_path)
    with pytest.raises(ExportError, match="the artefact cannot be written: "):
        write_copy(trio.folders["split"], tmp_path)
    assert {key: text for key, text in content(tmp_path).items() if "mine" in key or key == "encoders"} == before
    assert not [path for path in tmp_path.rglob("*") if path.suffix == ".tmp"]

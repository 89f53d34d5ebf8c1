"""Export of the page: where onnxruntime-web comes from, what is written, and what is refused."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from acclimate.exporters import Session
from acclimate.exporters.web import export_web
from acclimate.exporters.web.onnxruntime_web import FILES, PACKAGE, VERSION, find_runtime
from acclimate.exporters.web.previews import MAX_SIDE, write_preview
from acclimate.framework import DataError, ExportError
from acclimate.framework.data import read_table
from acclimate.framework.data.decoding import Decoded
from bits import assert_same_bits
from PIL import Image

from acclimate.__main__ import main

from .conftest import Exported

CONTENT = {"package.json": json.dumps({"name": PACKAGE, "version": "9.8.7"}).encode(), **dict.fromkeys(FILES, b"code")}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An unpacked folder with the names of onnxruntime-web's files: the page is written, not run."""
    return write_package(tmp_path / "package", CONTENT)


def write_package(folder: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def pack(path: Path, content: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_a_page_holds_the_artefact_and_the_runtime(recordings: Exported, package: Path, tmp_path: Path) -> None:
    site = tmp_path / "deep" / "site"
    report = export_web(recordings.folder, site, onnxruntime_web=package)
    assert (report.folder, report.samples, report.runtime_version) == (site, 0, "9.8.7")
    assert report.size == sum(file.stat().st_size for file in site.rglob("*") if file.is_file())
    for file in recordings.folder.rglob("*.*"):
        assert (site / "artefact" / file.relative_to(recordings.folder)).read_bytes() == file.read_bytes()
    assert Session(site / "artefact").config == Session(recordings.folder).config
    assert {file.name for file in (site / "onnxruntime").iterdir()} == {*FILES.values(), "LICENSE.txt"}
    assert json.loads((site / "samples" / "samples.json").read_text()) == {"samples": []}
    assert site.stat().st_mode & 0o777 == 0o755
    assert [file.name for file in site.parent.iterdir()] == ["site"]
    export_web(recordings.folder, site, onnxruntime_web=package)


def test_every_module_that_a_page_imports_is_there(recordings: Exported, package: Path, tmp_path: Path) -> None:
    export_web(recordings.folder, tmp_path / "site", onnxruntime_web=package)
    for module in (tmp_path / "site").rglob("*.js"):
        for line in module.read_text().splitlines():
            if line.startswith("import "):
                assert (module.parent / line.split('"')[1]).is_file(), (module, line)


def test_an_artefact_without_its_configuration_gets_one(recordings: Exported, package: Path, tmp_path: Path) -> None:
    bare = tmp_path / "model.onnx"
    bare.write_bytes((recordings.folder / "model.onnx").read_bytes())
    export_web(bare, tmp_path / "site", onnxruntime_web=package)
    assert (tmp_path / "site/artefact/config.json").read_text() == (recordings.folder / "config.json").read_text()


@pytest.mark.parametrize("kind", ["folder", "tarball"])
def test_a_package_from_a_folder_or_a_tarball(kind: str, package: Path, tmp_path: Path) -> None:
    found = find_runtime(package if kind == "folder" else pack(tmp_path / "some.tgz", CONTENT))
    assert found.version == "9.8.7"
    assert found.files == dict.fromkeys(FILES.values(), b"code")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"package.json": b"no json"}, "expected the npm package onnxruntime-web, but found no package.json in it"),
        ({"package.json": b'{"name": "onnxruntime-node", "version": "1"}'}, "but found onnxruntime-node"),
        ({"dist/ort.wasm.bundle.min.mjs": None}, "in onnxruntime-web 9.8.7, but they are not all there: take"),
        ({"package.json": None}, "but found no package.json in it"),
    ],
)
@pytest.mark.parametrize("make", [write_package, pack])
def test_another_package_is_refused(
    make: Callable[[Path, dict[str, bytes]], Path], change: dict[str, bytes | None], message: str, tmp_path: Path
) -> None:
    content = {name: data for name, data in {**CONTENT, **change}.items() if data is not None}
    with pytest.raises(ExportError, match=message):
        find_runtime(make(tmp_path / "given.tgz", content))


@pytest.mark.parametrize("content", [None, b"no tarball", b""])
def test_what_is_no_tarball_is_refused(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "given.tgz").write_bytes(content)
    with pytest.raises(ExportError, match="expected a tarball of onnxruntime-web, but it cannot be read"):
        find_runtime(tmp_path / "given.tgz")


def test_a_truncated_tarball_is_refused(tmp_path: Path) -> None:
    noise = {**CONTENT, "dist/ort-wasm-simd-threaded.wasm": np.random.default_rng(0).bytes(10_000)}
    whole = pack(tmp_path / "given.tgz", noise).read_bytes()
    (tmp_path / "given.tgz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ExportError, match="cannot be read"):
        find_runtime(tmp_path / "given.tgz")


def test_without_npm_there_is_a_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=f"npm pack {PACKAGE}@{VERSION}` made elsewhere"):
        find_runtime()


def test_what_npm_says_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text(
        "#!/bin/sh\necho 'npm warn old' >&2\necho 'npm error code E404' >&2\necho 'npm error 404 none' >&2\nexit 1\n"
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=r"^npm cannot fetch onnxruntime-web 7\.7\.7: code E404; 404 none\.$"):
        find_runtime("7.7.7")


def test_other_files_are_never_replaced(recordings: Exported, package: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "letter.txt").write_text("dear")
    with pytest.raises(ExportError, match="must be empty or hold an earlier page, but holds something else"):
        export_web(recordings.folder, tmp_path / "site", onnxruntime_web=package)
    with pytest.raises(ExportError, match="a page is a folder, but there is a file of that name"):
        export_web(recordings.folder, tmp_path / "site" / "letter.txt", onnxruntime_web=package)
    with pytest.raises(ExportError, match="the page cannot be written: "):
        export_web(recordings.folder, tmp_path / "site" / "letter.txt" / "site", onnxruntime_web=package)
    export_web(recordings.folder, tmp_path / "page", onnxruntime_web=package)
    (tmp_path / "page" / "letter.txt").write_text("dear")
    with pytest.raises(ExportError, match=r"must hold nothing else, but it holds letter\.txt"):
        export_web(recordings.folder, tmp_path / "page", onnxruntime_web=package)
    assert (tmp_path / "page" / "letter.txt").read_text() == "dear"


def write_rows(folder: Path, rows: int) -> Path:
    generator = np.random.default_rng(0)
    lines = ["id,domain,split,label,audio,image,wrist-left"]
    for row in range(rows):
        soundfile.write(folder / f"{row}.wav", generator.uniform(-0.5, 0.5, 300 + 50 * row), 8000)
        Image.fromarray(generator.integers(0, 256, (12, 10), dtype=np.uint8)).save(folder / f"{row}.png")
        np.save(folder / f"{row}.npy", generator.standard_normal((25, 2)))
        lines.append(f"row-{row},lab,test,one,{row}.wav,{row}.png,{'' if row == 0 else f'{row}.npy'}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder / "table.csv"


def test_samples_are_spread_over_the_table(recordings: Exported, package: Path, tmp_path: Path) -> None:
    table = read_table(write_rows(tmp_path, 9))
    site = tmp_path / "site"
    assert export_web(recordings.folder, site, samples=table, rows=3, onnxruntime_web=package).samples == 3
    samples = json.loads((site / "samples/samples.json").read_text())["samples"]
    assert [sample["id"] for sample in samples] == ["row-0", "row-4", "row-8"]
    assert [sample["labels"] for sample in samples] == [{"digit": None}] * 3
    assert [list(sample["inputs"]) for sample in samples] == [
        ["audio", "image"],
        *[["audio", "image", "wrist-left"]] * 2,
    ]
    assert [len(sample["expected"]) for sample in samples] == [3, 7, 7]
    content, schema = (site / "samples/samples.bin").read_bytes(), recordings.schema
    found = samples[1]["inputs"]["wrist-left"]
    values = np.frombuffer(content, np.float32, 40, found["offset"]).reshape(2, 20)
    assert_same_bits(values, schema.preprocessing["wrist-left"](Decoded("array", np.load(tmp_path / "4.npy"))))
    assert (found["length"], found["preview"]) == (20, {})
    heard, rate = soundfile.read(site / samples[2]["inputs"]["audio"]["preview"]["audio"])
    np.testing.assert_allclose(heard, soundfile.read(tmp_path / "8.wav")[0], atol=1e-4)
    assert rate == 8000
    with Image.open(site / samples[2]["inputs"]["image"]["preview"]["image"]) as picture:
        assert picture.size == (10, 12)


def test_a_failed_export_leaves_what_was_there(recordings: Exported, package: Path, tmp_path: Path) -> None:
    path, site = write_rows(tmp_path, 2), tmp_path / "site"
    export_web(recordings.folder, site, onnxruntime_web=package)
    (tmp_path / "1.wav").write_bytes(b"no sound")
    with pytest.raises(DataError, match=r"line 3, id 'row-1', audio: 1\.wav: expected audio"):
        export_web(recordings.folder, site, samples=read_table(path), onnxruntime_web=package)
    assert json.loads((site / "samples" / "samples.json").read_text()) == {"samples": []}
    assert not list(tmp_path.glob(".site*"))


def test_pictures_are_small_and_depth_can_be_seen(tmp_path: Path) -> None:
    wide = Decoded("image", np.zeros((100, 2000, 3), np.uint8))
    assert write_preview(wide, tmp_path, "wide") == {"image": "wide.png"}
    with Image.open(tmp_path / "wide.png") as picture:
        assert picture.size == (MAX_SIDE, 26)
    depth = Decoded("image", np.array([[0, 500, 1000]], np.uint16))
    write_preview(depth, tmp_path, "depth")
    with Image.open(tmp_path / "depth.png") as picture:
        assert np.asarray(picture).tolist() == [[0, 127, 255]]
    assert write_preview(Decoded("text", "a fine day"), tmp_path, "text") == {"text": "a fine day"}


def test_the_command(recordings: Exported, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site, table = tmp_path / "site", write_rows(tmp_path, 3)
    given = ["export", str(recordings.folder), "--web", str(site), "--onnxruntime-web", str(package)]
    assert main([*given, "--samples", str(table), "--domain", "lab", "--rows", "2"]) == 0
    assert (
        f"MB with onnxruntime-web 9.8.7 and 2 samples; to see it: python3 -m http.server -d {site}"
        in capsys.readouterr().out
    )
    assert main([*given, "--rows", "0"]) == 2
    assert "--rows must be positive, but got 0" in capsys.readouterr().err
    assert main(["export", str(recordings.folder)]) == 2
    assert "is an artefact already" in capsys.readouterr().err


def test_the_command_needs_no_torch(recordings: Exported, package: Path, tmp_path: Path) -> None:
    code = "import sys; sys.modules['torch'] = None\nfrom acclimate.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    site = tmp_path / "site"
    given = ["export", str(recordings.folder), "--web", str(site), "--onnxruntime-web", str(package)]
    found = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")

"""The npm package that runs ONNX graphs in browsers, of which the page needs two files."""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

import attrs

from ...framework.errors import ExportError

PACKAGE: Final = "onnxruntime-web"

VERSION: Final = "1.30.0"
"""The release that the tests compare with the native runtime: file names and answers of another one may differ."""

FILES: Final = MappingProxyType(
    {
        "dist/ort.wasm.bundle.min.mjs": "ort.js",
        "dist/ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
    }
)
"""The files that are used, and their names in the page: servers that know no type of a .mjs make browsers refuse it.

They run graphs on the CPU; the bundles for WebGPU are twice as large.
"""


@attrs.frozen
class Runtime:
    """The files of one release.

    Args:
        version: of the release.
        files: content, by name in the page.
    """

    version: str
    files: Mapping[str, bytes]


def find_runtime(given: str | os.PathLike[str] | None = None) -> Runtime:
    """Get onnxruntime-web.

    Args:
        given: a version that npm shall fetch, which checks its integrity; a tarball, as `npm pack` writes it; or an
            unpacked folder. None means `VERSION`.

    Raises:
        ExportError: if it cannot be fetched or read, or is another package.
    """
    if given is not None and Path(given).is_dir():
        return _read_folder(Path(given))
    if given is not None and (Path(given).is_file() or os.sep in str(given) or Path(given).suffix == ".tgz"):
        return _read_tarball(Path(given))
    with TemporaryDirectory() as folder:
        return _read_tarball(_fetch(str(given or VERSION), Path(folder)))


def _fetch(version: str, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise ExportError(
            f"npm must fetch {PACKAGE} {version}, but is not installed: install it, or give a tarball that `npm pack "
            f"{PACKAGE}@{version}` made elsewhere (--onnxruntime-web)."
        )
    command = [npm, "pack", f"{PACKAGE}@{version}", "--json", "--pack-destination", str(folder)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - npm, by its full path
    tarballs = list(folder.glob("*.tgz"))
    if found.returncode or len(tarballs) != 1:
        lines = [line.removeprefix("npm error ") for line in found.stderr.splitlines() if line.startswith("npm error ")]
        raise ExportError(f"npm cannot fetch {PACKAGE} {version}: {'; '.join(lines[:2]) or 'it does not say why'}.")
    return tarballs[0]


def _read_folder(folder: Path) -> Runtime:
    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    return _read(read, folder)


def _read_tarball(path: Path) -> Runtime:
    try:
        with tarfile.open(path) as archive:
            # In one pass: going back in a compressed archive means to unpack it again.
            found = {
                name: content.read()
                for member in archive
                if (name := member.name.removeprefix("package/")) in {*FILES, "package.json"}
                and (content := archive.extractfile(member)) is not None
            }
    except (OSError, tarfile.TarError, EOFError) as error:
        raise ExportError(f"{path}: expected a tarball of {PACKAGE}, but it cannot be read: {error}.") from error
    return _read(found.__getitem__, path)


def _read(read: Callable[[str], bytes], path: Path) -> Runtime:
    try:
        told = json.loads(read("package.json"))
        name, version = told["name"], str(told["version"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ExportError(f"{path}: expected the npm package {PACKAGE}, but found no package.json in it.") from error
    if name != PACKAGE:
        raise ExportError(f"{path}: expected the npm package {PACKAGE}, but found {name}.")
    try:
        return Runtime(version, {target: read(source) for source, target in FILES.items()})
    except (OSError, KeyError) as error:
        raise ExportError(
            f"{path}: expected {', '.join(FILES)} in {PACKAGE} {version}, but they are not all there: take {VERSION}."
        ) from error

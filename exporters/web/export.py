"""From an artefact to a folder that any static server can serve."""

import os
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

import attrs

from ...framework.data.cell_contents import CELLS
from ...framework.data.schema import Schema
from ...framework.data.table import Table
from ...framework.errors import ExportError
from ...framework.files.replaced_folder import replace_folder
from ..artefact import CONFIG_FILE
from ..artefact_folder import read_artefact, write_artefact
from ..session import Session
from .onnxruntime_web import Runtime, find_runtime
from .samples import FOLDER as SAMPLES_FOLDER, write_samples

INDEX_FILE: Final = "index.html"
ARTEFACT_FOLDER: Final = "artefact"
RUNTIME_FOLDER: Final = "onnxruntime"


@attrs.frozen
class WebReport:
    """What was written.

    Args:
        folder: to be served.
        size: of all files in bytes.
        samples: how many came with the page.
        runtime_version: release of onnxruntime-web that runs in it.
    """

    folder: Path
    size: int
    samples: int
    runtime_version: str


def export_web(
    artefact: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    samples: Table | None = None,
    rows: int = 6,
    onnxruntime_web: str | os.PathLike[str] | None = None,
) -> WebReport:
    """Write a page that runs an artefact in the visitor's browser.

    The folder holds all that the page needs, an unchanged copy of the artefact among it: the page asks no other server.
    An export that fails leaves what was there before.

    Args:
        artefact: folder of an artefact of any form, or its main graph.
        folder: is made; one that holds an earlier page is replaced.
        samples: rows of which some are copied into the page, with their files where these are pictures, sound or text,
            and with their labels; without them, visitors bring their own files.
        rows: how many of them, spread evenly over the table.
        onnxruntime_web: a version of the npm package that npm shall fetch, or its tarball or unpacked folder; None
            means `VERSION`.

    Raises:
        ExportError: if the artefact cannot be loaded or has settings that the page does not know, onnxruntime-web
            cannot be had, or the folder holds something else or cannot be written.
        DataError: if a row cannot be read.
    """
    session, target = Session(artefact), Path(folder)
    check_settings(session.schema)
    _check_target(target)
    runtime = find_runtime(onnxruntime_web)
    try:
        with replace_folder(target) as made:
            _copy_page(made)
            _write_runtime(made / RUNTIME_FOLDER, runtime)
            _copy_artefact(artefact, session, made / ARTEFACT_FOLDER)
            written = write_samples(made, session, samples, rows)
            size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
    except OSError as error:
        raise ExportError(f"{target}: the page cannot be written: {error.strerror}.") from error
    return WebReport(target, size, written, runtime.version)


def check_settings(schema: Schema) -> None:
    """Refuse what the page would do otherwise than Python: it knows no settings of preprocessing.

    Raises:
        ExportError: if a modality has one.
    """
    for name, preprocessing in schema.preprocessing.items():
        # A setting of tables: a visitor writes the text itself.
        settings = {setting: value for setting, value in preprocessing.settings.items() if setting != CELLS}
        for setting, value in settings.items():
            raise ExportError(
                f"{name}: a page prepares files as they are, but the artefact has {setting} {value!r}: train it "
                "without that setting, on files that are alike."
            )


def _check_target(target: Path) -> None:
    """Refuse to replace what is no page of ours."""
    if target.is_dir():
        is_page = (target / INDEX_FILE).is_file() and (target / ARTEFACT_FOLDER / CONFIG_FILE).is_file()
        if any(target.iterdir()) and not is_page:
            raise ExportError(f"{target}: the folder must be empty or hold an earlier page, but holds something else.")
        own = {entry.name for entry in files(__package__).joinpath("page").iterdir()}
        own |= {INDEX_FILE, ARTEFACT_FOLDER, RUNTIME_FOLDER, SAMPLES_FOLDER}
        strange = sorted(entry.name for entry in target.iterdir() if entry.name not in own)
        if strange:
            raise ExportError(
                f"{target}: an earlier page is replaced whole, so the folder must hold nothing else, but it holds "
                f"{strange[0]}."
            )
    elif target.exists():
        raise ExportError(f"{target}: a page is a folder, but there is a file of that name.")


def _copy_page(folder: Path) -> None:
    with as_file(files(__package__) / "page") as page:
        shutil.copytree(page, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)


def _write_runtime(folder: Path, runtime: Runtime) -> None:
    folder.mkdir()
    for name, content in runtime.files.items():
        (folder / name).write_bytes(content)
    shutil.copyfile(Path(str(files(__package__) / "onnxruntime-license.txt")), folder / "LICENSE.txt")


def _copy_artefact(path: str | os.PathLike[str], session: Session, folder: Path) -> None:
    """Write the bytes whose hashes were verified."""
    stored, config = read_artefact(path), session.config
    graphs = {name: stored.read(name, config) for name in config.files}
    write_artefact(folder, {**graphs, config.main_file: stored.content}, stored.document or config.to_document())

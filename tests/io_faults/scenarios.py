"""Commands that write, each with what it reads, what was there before, and how its end is known."""

import json
import pickle
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import chdir
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import attrs
import numpy as np
from acclimate.framework import AcclimateError
from acclimate.framework.data import read_table, write_table
from acclimate.framework.data.relocation import relocate
from acclimate.framework.files.folder_lock import LOCK_FILES
from acclimate.framework.grid.cell import Shift
from acclimate.framework.grid.plan import Grid, read_recipes
from acclimate.framework.grid.run_cell import run_cell
from acclimate.framework.runs.checkpoint import read_checkpoint
from acclimate.zoo.embedded import embedded_folder
from acclimate.zoo.folder import open_folder
from acclimate.zoo.gallery.listed import ListedCheckpoint, list_checkpoints
from acclimate.zoo.gallery.write import write_gallery
from acclimate.zoo.publishing import publish_folder
from acclimate.zoo.pulling import pull
from acclimate.zoo.registry import Registry, builtin_registry
from zoo.small_checkpoint import NAME, make_checkpoint, write_registry

from acclimate.__main__ import main

KEPT: Final = Path(__file__).parents[1] / "kept"
CHECKPOINT: Final = "source-only.wrist"
TABLE: Final = str(KEPT / "table.csv")
DATA: Final = ["--data", TABLE, "--source", "here", "--target", "there"]
ADAPT: Final = [str(KEPT / "recipe.yaml"), *DATA, "--device", "cpu", "--reference", "none"]

Content = Mapping[str, bytes]


def read(out: Path) -> Content:
    """All files of a folder, but those of its lock."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in LOCK_FILES
    }


def read_finished(out: Path) -> Content:
    """All files but those that were never finished."""
    return {name: content for name, content in read(out).items() if not re.search(r"(^|/)\.|\.(part|tmp)$", name)}


def nothing(_: Path) -> None:
    """Where nothing was there before."""


def command(arguments: Callable[[Path], list[str]], out: Path) -> int:
    """A command as a user types it."""
    return main(arguments(out))


def call(action: Callable[[Path], object], out: Path) -> int:
    """What a command does after it has measured and traced for minutes."""
    try:
        action(out)
    except AcclimateError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


@attrs.frozen
class Scenario:
    """A command.

    Args:
        run: writes into a folder, and gives the exit code.
        prepare: puts into the folder what is there before.
        end: what the folder holds, as far as it is the same each time.
        whole: whether each file is at any moment what it was, or what it will be.
        slow: whether it is left to the campaign.
    """

    run: Callable[[Path], int]
    prepare: Callable[[Path], None] = nothing
    end: Callable[[Path], Content] = read_finished
    whole: bool = True
    slow: bool = False


def old_tables(out: Path) -> None:
    """Outputs of an earlier command."""
    for name in ("good.csv", "worse.jsonl", "scores.json", "picture.svg"):
        (out / name).write_text("old\n")


def pickled() -> Path:
    """A pickle, outside."""
    path = Path(mkdtemp()) / "arrays.pkl"
    path.write_bytes(pickle.dumps({"a": np.arange(6.0), "b": np.ones((2, 3))}))
    return path


def end_of_run(out: Path) -> Content:
    """Weights and rows; times differ each time."""
    found = {}
    for path in sorted(out.rglob("*.safetensors")):
        tensors = read_checkpoint(path).tensors
        found |= {f"{path.name} {name}": tensor.numpy().tobytes() for name, tensor in sorted(tensors.items())}
    for path in sorted(out.rglob("metrics.jsonl")):
        rows = map(json.loads, path.read_text().splitlines())
        timeless = [{key: value for key, value in row.items() if not key.startswith("seconds")} for row in rows]
        found[path.name] = json.dumps(timeless).encode()
    return found | {path.name: b"" for path in out.rglob("*") if path.suffix in {".yaml", ".json"}}


def adapt(out: Path, *more: str) -> int:
    """A run, or what is left of it."""
    resume = ["--resume"] if (out / "run" / "config.yaml").exists() else []
    return main(["adapt", *ADAPT, "--out", str(out / "run"), "--checkpoint-every", "2", *more, *resume])


def killed_run(out: Path) -> None:
    """A run that was killed, from before there were locks."""
    shutil.copytree(KEPT / "unfinished", out / "run")
    config = out / "run" / "config.yaml"
    # Runs did not know their table by what it holds.
    config.write_text(config.read_text().replace("table: table.csv", f"table: {TABLE}"))


@cache
def tested_table() -> str:
    """The table with test rows of both domains."""
    table = read_table(TABLE)
    tested = [attrs.evolve(row, id=f"{row.id}-test", split="test") for row in table.rows if row.split == "validation"]
    path = Path(mkdtemp()) / "tested.csv"
    write_table(relocate(table.with_rows([*table.rows, *tested]), path.parent), path)
    return str(path)


@cache
def _grid() -> Grid:
    recipes = read_recipes((str(KEPT / "recipe.yaml"),), {"stages.1.epochs": 1})
    return Grid(tested_table(), (Shift(("here",), "there"),), recipes, (0,), {"stages.1.epochs": 1}, "cpu")


def train_cell(out: Path) -> None:
    """A cell of a grid, in this process."""
    (cell,) = _grid().cells()
    run_cell(cell, out / "grid", {})


@cache
def _finished_grid() -> Path:
    out = Path(mkdtemp())
    _grid().claim(out / "grid", "acclimate compare")
    train_cell(out)
    return out / "grid"


def finished_grid(out: Path) -> None:
    """A grid whose cells are done: what is left are its tables."""
    shutil.copytree(_finished_grid(), out / "grid")
    (out / "grid" / "results.md").write_text("old\n")


def compare(out: Path) -> int:
    """The same once more, from the folder itself, so that it is always the same command."""
    recipe = ["--recipes", str(KEPT / "recipe.yaml"), "--set", "stages.1.epochs=1", "--seeds", "1"]
    data = ["--data", tested_table(), "--shift", "here:there", "--device", "cpu"]
    with chdir(out):
        return main(["compare", *recipe, *data, "--out", "grid"])


def publish(out: Path, *, replace: bool = False) -> None:
    """Put a checkpoint of the package into a mirror."""
    entry = builtin_registry().entries[CHECKPOINT]
    folder = embedded_folder(entry)
    assert folder is not None
    publish_folder(open_folder(folder, sha256=entry.sha256), out / "mirror", replace=replace)


def other_checkpoint(out: Path) -> None:
    """A mirror that has another checkpoint of that name."""
    publish(out)
    (out / "mirror" / CHECKPOINT / "README.md").write_text("# Another\n")


@cache
def _listed() -> list[ListedCheckpoint]:
    entry = builtin_registry().entries[CHECKPOINT]
    return list_checkpoints(Registry({entry.name: entry}))


def site(out: Path) -> None:
    """A page with one checkpoint."""
    write_gallery(out / "site", _listed())


def old_site(out: Path) -> None:
    """A page with others."""
    site(out)
    (out / "site" / "old.page.html").write_text("<!doctype html>")


@cache
def _mirror() -> Path:
    mirror = Path(mkdtemp())
    write_registry(mirror, make_checkpoint(mirror))
    return mirror


def into_cache(out: Path) -> None:
    """Pull from a mirror that is a folder."""
    pull(NAME, mirrors=[str(_mirror())], cache_dir=out / "cache", out=out / "copy")


def old_artefact(out: Path) -> None:
    """An artefact of another form."""
    shutil.copytree(KEPT / "artefacts" / "split", out / "artefact")


EVALUATE: Final = ["evaluate", str(KEPT / "artefacts" / "branch"), "--data", TABLE, "--domain", "there", "--no-timing"]

SCENARIOS: Final[Mapping[str, Scenario]] = {
    "data check": Scenario(
        partial(command, lambda out: ["data", "check", TABLE, "--skip-bad", "--out", str(out / "good.csv")]), old_tables
    ),
    "data corrupt": Scenario(
        partial(
            command,
            lambda out: [
                *("data", "corrupt", TABLE, "--domain", "there", "--corrupt", "motion=gaussian_noise(std=0.3)"),
                *("--out", str(out / "worse.jsonl")),
            ],
        ),
        old_tables,
    ),
    "data convert": Scenario(
        partial(command, lambda out: ["data", "convert", str(pickled()), str(out / "new" / "arrays.npz")])
    ),
    "evaluate": Scenario(
        partial(
            command,
            lambda out: [*EVALUATE, "--json", str(out / "scores.json"), "--picture", str(out / "picture.svg")],
        ),
        old_tables,
    ),
    "adapt": Scenario(lambda out: adapt(out, "--set", "stages.1.epochs=1"), end=end_of_run, whole=False),
    "adapt --resume": Scenario(adapt, killed_run, end_of_run, whole=False, slow=True),
    "compare": Scenario(compare, finished_grid),
    "a cell": Scenario(partial(call, train_cell), end=end_of_run, whole=False, slow=True),
    "export --triton": Scenario(
        partial(
            command,
            lambda out: ["export", str(KEPT / "artefacts" / "split"), "--triton", str(out), "--triton-name", "rooms"],
        )
    ),
    "export": Scenario(
        partial(command, lambda out: ["export", str(KEPT / "run"), "--out", str(out / "artefact")]),
        old_artefact,
        slow=True,
    ),
    "zoo pull": Scenario(partial(command, lambda out: ["zoo", "pull", CHECKPOINT, "--out", str(out / "copy")])),
    "zoo pull --mirror": Scenario(partial(call, into_cache), whole=False),
    "zoo publish": Scenario(partial(call, publish), slow=True),
    "zoo publish --replace": Scenario(partial(call, partial(publish, replace=True)), other_checkpoint),
    "zoo site": Scenario(partial(call, site), old_site),
}

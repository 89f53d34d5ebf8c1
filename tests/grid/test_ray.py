"""The same cells by actors of a local Ray, and one line where Ray is not installed."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from acclimate.__main__ import main

from .grids import SOURCE_ONLY, write_recipe

CODE = "import sys; from acclimate.__main__ import main; sys.exit(main())"


def compare(folder: Path, out: Path, recipes: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: Ray starts others, and warns as it likes."""
    data = ["--data", str(folder / "labelled.csv"), "--shift", "here:there", "--seeds", "1", "--device", "cpu"]
    return subprocess.run(
        [sys.executable, "-c", CODE, "compare", "--ray", "--recipes", recipes, *data, "--out", str(out)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.mark.ray
@pytest.mark.skipif(find_spec("ray") is None, reason="the package ray is absent")
def test_cells_run_on_a_local_ray(folder: Path, tmp_path: Path) -> None:
    """One that is killed and one that fails do not stop the others."""
    write_recipe(tmp_path, "dying", **SOURCE_ONLY, model__encoders={"audio": {"class_path": "grid.parts.Dying"}})
    write_recipe(tmp_path, "failing", **SOURCE_ONLY, model__encoders={"audio": {"class_path": "grid.parts.Failing"}})
    files = [tmp_path / "dying.yaml", tmp_path / "failing.yaml", folder / "source-only.yaml"]
    ended = compare(folder, tmp_path / "out", ",".join(map(str, files)))
    assert ended.returncode == 2, ended.stderr
    assert "dying seed 0: FAILED: killed by signal 9" in ended.stdout
    assert "failing seed 0: FAILED: failing: this encoder fails" in ended.stdout
    (cell,) = (tmp_path / "out").rglob("cell.json")
    assert cell.parent.parent.name == "source-only"
    environment = json.loads(cell.read_text())["environment"]
    assert (environment["executor"], environment["threads"]) == ("Ray", 1)
    assert "`source-only`" in (tmp_path / "out" / "results.md").read_text(encoding="utf-8")


def test_without_ray_the_error_names_the_extra(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    recipe, data = str(folder / "source-only.yaml"), str(folder / "labelled.csv")
    out = tmp_path / "out"
    given = ["--recipes", recipe, "--data", data, "--shift", "here:there", "--out", str(out)]
    assert main(["compare", "--ray", *given]) == 2
    line = "acclimate compare: --ray needs the package ray: pip install 'acclimate[ray]'\n"
    assert capsys.readouterr().err == line
    assert not out.exists()

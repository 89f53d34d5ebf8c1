"""What was estimated without labels stands at the top of a run's page, beside source-only's."""

import json
import shutil
from pathlib import Path

import pytest
from acclimate.framework.errors import RunError
from acclimate.framework.report.estimate_headline import estimate_headlines

from acclimate.__main__ import main


def test_a_page_answers_whether_adapting_helped(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    assert list(estimate_headlines(copy)) == []
    assert main(["estimate", str(copy)]) == 0
    out = capsys.readouterr().out
    assert "of source-only; difference" in out
    (task,) = json.loads((copy / "estimate.json").read_text(encoding="utf-8"))["tasks"]
    first, second = estimate_headlines(copy)
    assert first.value.startswith(f"{task['fused']['accuracy']:.3f} (")
    assert f"by consensus, {task['fused']['rows']} rows; no label was read" in first.note
    assert second.title == "Did adapting help?"
    assert f"against {task['among']['source-only']['accuracy']:.3f} (" in second.note
    assert not first.oracle
    assert main(["report", str(copy), "--no-oracle"]) == 0
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert "Did adapting help?" in page
    assert first.value in page


@pytest.mark.parametrize("content", ["{}", '{"tasks": []}', '{"tasks": [{"task": "digit", "fused": 1}]}'])
def test_a_damaged_estimate_is_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "estimate.json").write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match=r"estimate\.json is damaged"):
        list(estimate_headlines(tmp_path))

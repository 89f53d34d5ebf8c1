"""The record of performance: each figure runs on tiny sizes, a run adds a line, and a page gets the table."""

from pathlib import Path

import pytest
import record
from record_figures import Scale

pytestmark = [pytest.mark.benchmark, pytest.mark.usefixtures("exports")]

LINE = {
    "date": "2026-01-02",
    "machine": {"processor": "P", "cores": 2, "load": 0.0, "packages": {"torch": "2.14", "attrs": "25"}},
    "figures": {"steps": {"a / floor": "1.00 (0.90 - 1.10)"}},
}


@pytest.mark.parametrize("name", ["steps", "table", "forms", "start"])
def test_each_figure_runs_on_tiny_sizes(name: str, tmp_path: Path) -> None:
    line = record.measure([name], Scale.small())
    assert set(line["figures"]) == {name}
    assert line["machine"]["processor"]
    for key, value in line["figures"][name].items():
        assert " / " in key or key.endswith(", s")
        assert value.startswith("not measured: ") or " - " in value


def test_a_run_adds_a_line_and_the_page_gets_a_column_for_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, page = tmp_path / "record.jsonl", tmp_path / "page.md"
    record.append(file, LINE)
    record.append(file, {**LINE, "date": "2026-02-03", "source": "typed", "figures": {"start": {"predict, s": "0.3"}}})
    page.write_text(f"before\n{record.BEGIN}\nold\n{record.END}\nafter\n")
    for _ in range(2):
        record.main(["--to", str(file), "--table", str(page)])
        assert page.read_text().splitlines() == [
            "before",
            record.BEGIN,
            "",
            "| what | 2026-01-02: P, torch 2.14 | 2026-02-03: P, torch 2.14 (typed) |",
            "| --- | --- | --- |",
            "| steps: a / floor | 1.00 (0.90 - 1.10) |  |",
            "| start: predict, s |  | 0.3 |",
            "",
            record.END,
            "after",
        ]
    assert len(record.read_record(file)) == 2
    page.write_text("nothing")
    with pytest.raises(ValueError, match="must hold <!-- made by benchmarks"):
        record.main(["--to", str(file), "--table", str(page)])


def test_the_record_of_the_repository_is_what_the_page_shows() -> None:
    root = Path(__file__).parents[1]
    lines = record.read_record(root / "benchmarks/record.jsonl")
    assert record.to_table(lines) in (root / "docs/performance.md").read_text(encoding="utf-8")

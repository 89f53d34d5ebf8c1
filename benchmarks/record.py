"""A record of performance: a small fixed set of figures, appended to a file with processor and versions.

    python benchmarks/record.py --to benchmarks/record.jsonl
    python benchmarks/record.py --to benchmarks/record.jsonl --table docs/performance.md

The first measures, in less than 6 minutes on an idle machine, and appends a line. The second writes all lines as the
table between two marks in a page. Times are processor times of one thread, so that others on the machine hardly count.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import attrs
from interleaved import describe_machine, to_markdown, use_threads
from record_figures import Figures, Scale, forms, grid_cell, start, steps, table

FIGURES: Final[Mapping[str, Callable[[Scale, Path], Figures]]] = MappingProxyType(
    {"steps": steps, "table": table, "grid cell": grid_cell, "forms": forms, "start": start}
)

BEGIN, END = "<!-- made by benchmarks/record.py -->", "<!-- end -->"
"""Marks in a page, between which the table stands."""


def measure(names: Sequence[str], scale: Scale) -> dict[str, Any]:
    """A line of the record: what was measured, when and on what."""
    machine = describe_machine()
    with tempfile.TemporaryDirectory() as folder:
        found = {name: FIGURES[name](scale, Path(folder)) for name in names}
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {key: machine[key] for key in ("processor", "cores", "load", "packages")},
        "figures": {name: {key: str(value) for key, value in values.items()} for name, values in found.items()},
    }


def read_record(path: Path) -> list[dict[str, Any]]:
    """All lines of a record; none where there is no file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line at the end of a record."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def to_table(record: Sequence[Mapping[str, Any]]) -> str:
    """A row for each figure, a column for each line of the record; those that were not measured are empty."""
    names = {(group, key): None for line in record for group, values in line["figures"].items() for key in values}
    header = ["what", *(_title(line) for line in record)]
    rows = [
        [f"{group}: {key}", *(line["figures"].get(group, {}).get(key, "") for line in record)] for group, key in names
    ]
    return to_markdown(header, rows)


def write_table(page: Path, record: Sequence[Mapping[str, Any]]) -> None:
    """Put the table between the marks of a page.

    Raises:
        ValueError: if it has no marks.
    """
    text = page.read_text(encoding="utf-8")
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"{page} must hold {BEGIN} and {END}, but does not.")
    page.write_text(f"{before}{BEGIN}\n\n{to_table(record)}\n\n{END}{after}", encoding="utf-8")


def _title(line: Mapping[str, Any]) -> str:
    machine, source = line["machine"], line.get("source")
    versions = ", ".join(f"{name} {found}" for name, found in sorted(machine["packages"].items()) if name in _SHOWN)
    return f"{line['date']}: {machine['processor']}, {versions}" + (f" ({source})" if source else "")


_SHOWN: Final = frozenset({"torch", "onnxruntime", "onnxruntime-gpu", "openvino"})


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, required=True, help="the record, a line of JSON for each run")
    parser.add_argument("--figures", nargs="+", choices=list(FIGURES), default=list(FIGURES))
    parser.add_argument("--small", action="store_true", help="tiny sizes, to try the benchmark itself")
    parser.add_argument("--artefacts", type=Path, help="folder to keep exports in, for the next run")
    parser.add_argument("--table", type=Path, help="write the record into this page, and measure nothing")
    options = parser.parse_args(arguments)
    if options.table is None:
        use_threads(1)
        scale = attrs.evolve(Scale.small() if options.small else Scale(), artefacts=options.artefacts)
        append(options.to, measure(options.figures, scale))
        print(to_table(read_record(options.to)[-1:]))
    else:
        write_table(options.table, read_record(options.to))


if __name__ == "__main__":
    main()

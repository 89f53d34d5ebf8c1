"""Write the page of a run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ..errors import RunError
from ..experiments.saved_method import load_run
from ..files.outputs import check_output
from .distances import distance_headline, distance_table, measure_distances
from .embeddings import describe_embeddings, draw_embeddings
from .estimate_headline import estimate_headlines
from .finished_run import FinishedRun, read_run
from .norms_table import norm_table
from .page import render_page, write_page
from .rows import choose_rows, leave_out_bad, open_rows
from .run_section import describe_run
from .scores_section import headlines, score_sections
from .sides import observe
from .training_section import training_section
from .views import Block, Code, Headline, Section, TableView


def write_report(
    path: Path,
    out: Path,
    *,
    data: str | None = None,
    split: str | None = None,
    oracle: bool = True,
    skip_bad: bool = False,
) -> None:
    """Write one self-contained HTML page about a finished run.

    Args:
        path: run folder.
        out: file to write.
        data: table, or name of a built-in data set; None means the one that the run was trained on.
        split: rows of both sides to report on; None means the test split, and where a side has none, the source's
            validation rows or the target's training rows.
        oracle: whether labels of the target, where there are any, may be used for scores, which are then called oracle.
        skip_bad: leave out rows whose files cannot be used, and say how many they are.

    Raises:
        AcclimateError: one line that names what is wrong.
    """
    run = read_run(path)
    if data is None:
        data = _find_table(run)
    check_output(out, [data])
    method, schema, _ = load_run(path)
    rows = choose_rows(run, open_rows(run, data), schema, split, oracle=oracle)
    if skip_bad:
        rows = leave_out_bad(rows, schema)
    sides = observe(method, schema, rows)
    distances = measure_distances(sides, run.seed)
    features: list[Block] = [
        *([distance_table(distances)] if distances else []),
        describe_embeddings(len(sides)),
        *draw_embeddings(sides, schema.tasks, run.seed),
        *(norm_table(sides, task) for task in schema.tasks),
    ]
    sections = (
        describe_run(run, schema, data, rows),
        *score_sections(sides, schema.tasks),
        Section("features", "Features", features),
        training_section(run, schema, oracle=oracle and all(side.scores is not None for side in sides.values())),
        _provenance(run),
    )
    epoch = Headline("Selected epoch", f"{run.best.epoch + 1}", f"of {len(run.epochs)}")
    scores = (*headlines(sides, schema.tasks[0]), *estimate_headlines(path))
    numbers = (*scores, *distance_headline(distances), epoch)
    write_page(out, render_page(_title(run), run.recipe.description, numbers, sections))


def _find_table(run: FinishedRun) -> str:
    """The table that a run was trained on, which its config names as the command did that started it."""
    table = Path(run.table)
    if table.suffix and not table.exists():
        whence = "" if table.is_absolute() else ", as seen from the folder that it was started in"
        raise RunError(
            f"{run.path} was trained on the table {table}{whence}, which is not there: --data says where it is"
        )
    return run.table


def _title(run: FinishedRun) -> str:
    source = "+".join(run.source)
    return f"{run.recipe.name}: {source}" + ("" if run.target is None else f" → {run.target}")


def _provenance(run: FinishedRun) -> Section:
    facts = TableView(("", ""), list(_flatten(run.environment)), "Environment", numeric=False)
    config = yaml.safe_dump(dict(run.config), sort_keys=False, allow_unicode=True)
    return Section("provenance", "Configuration and environment", (Code("config.yaml", config), facts))


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}: ")
        elif value is not None:
            yield f"{prefix}{name}", str(value)

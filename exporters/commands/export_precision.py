"""What `acclimate export --precision` asks for: rows that lower precision is judged by, and what came of it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...framework.commands.numbers import add_integer, add_real

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from ...framework.data import Samples, Schema, Table
    from ...framework.layout import Task
    from ..precision_report import PrecisionReport


def add_precision_options(parser: ArgumentParser) -> None:
    """Let the user ask for lower precision; `read_evidence` reads what it is judged by."""
    add = parser.add_argument
    add(
        "--precision",
        choices=("float32", "float16", "bfloat16", "int8", "auto"),
        default="float32",
        help="what the encoders compute in; auto: the fastest on this processor that costs no more than is allowed; "
        "below float32, agreement is measured on training rows of the target, whose labels are not looked at, and "
        "accuracy on rows of the source that were not trained on",
    )
    add("--data", type=str, help="table of these rows, or name of a built-in data set; default: that of the run")
    add_integer(
        parser, "--calibration-rows", default=512, help="rows of the target to read, and of the source, at most"
    )
    add_real(
        parser,
        "--minimum-agreement",
        most=1.0,
        default=0.99,
        help="with float32, below which lower precision is refused",
    )
    add_real(parser, "--maximum-accuracy-drop", default=0.01, help="on the source, above which it is refused")
    add_real(
        parser,
        "--maximum-slowdown",
        default=1.1,
        help="times as long as float32 on this processor, above which int8 is refused; 1000 where size is all",
    )


def read_evidence(options: Any, schema: "Schema") -> dict[str, Any]:  # noqa: ANN401 - argparse's namespace
    """What `export_onnx` takes besides the model: the precision, and what it is judged by.

    Raises:
        AcclimateError: if an option does not fit, or rows cannot be found or read.
    """
    if options.precision == "float32":
        return {}
    from ...framework.data.arrays import stack

    target, source = _open_samples(options.run, schema, options.data, options.calibration_rows)
    return {
        "precision": options.precision,
        "samples": stack(target[:]),
        "labelled": stack(source[:]),
        "minimum_agreement": options.minimum_agreement,
        "maximum_accuracy_drop": options.maximum_accuracy_drop,
        "maximum_slowdown": options.maximum_slowdown,
    }


def precision_table(report: "PrecisionReport", task: "Task") -> "RichTable":
    """One row for the fused prediction and one for each modality of a task."""
    from rich.table import Table as RichTable

    from ...framework.evaluation.tables import FUSED
    from ...framework.layout import JOINT

    measure = "mean absolute error" if task.is_regression else "accuracy"
    table = RichTable("prediction", title=f"{task.name}: {report.precision} beside float32")
    agreement = "correlation" if task.is_regression else "same class"
    for name in (agreement, "cosine", f"{measure} float32", report.precision):
        table.add_column(name, justify="right")
    for name, found in report.tasks[task.name].items():
        scores = ["-" if score is None else f"{score:.4f}" for score in (found.float32_score, found.score)]
        table.add_row(FUSED if name == JOINT else name, f"{found.agreement:.4f}", f"{found.cosine:.6f}", *scores)
    return table


def print_precision(report: "PrecisionReport", schema: "Schema") -> None:
    """Print what lower precision costs and brings."""
    from rich.console import Console

    console = Console()
    for task in schema.tasks:
        console.print(precision_table(report, task))
    for name, change in report.encoders.items():
        print(f"{name}: {change.method}, {_megabytes(change.float32_size)} -> {_megabytes(change.size)}")
    for timing in report.timings:
        print(f"batch of {timing.batch}: {timing.float32_milliseconds:.2f} -> {timing.milliseconds:.2f} ms")
    print(
        f"agreement: {report.samples} rows of the target, others than the {report.calibrated} for calibration; "
        f"scores: {report.labelled} rows of the source"
    )


def _open_samples(run: Path, schema: "Schema", data: str | None, most: int) -> tuple["Samples", "Samples"]:
    """Training rows of the target, without labels, and rows of the source that were not trained on, with theirs."""
    from ...framework.data import Samples
    from ...framework.report.finished_run import read_run
    from ...framework.report.rows import choose_rows, open_rows

    finished = read_run(run)
    table = open_rows(finished, data or finished.table)
    source = choose_rows(finished, table, schema, None, oracle=False)["source"].table
    target = table.select(finished.source if finished.target is None else finished.target, "train")
    return Samples(_draw(target, most), schema, labelled=False), Samples(_draw(source, most), schema, labelled=True)


def _draw(table: "Table", most: int) -> "Table":
    """So many rows at most, drawn at random, but each time the same."""
    import numpy as np

    rows = np.sort(np.random.default_rng(0).permutation(len(table))[:most])
    return table.take([int(row) for row in rows])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"

"""acclimate evaluate: scores and times with every subset of modalities, as tables, plain data and a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from ...framework.commands.numbers import add_real
from ...framework.files.whole_file import write_whole
from .evaluated_model import EvaluatedModel

if TYPE_CHECKING:
    from ...framework.data import Samples
    from ...framework.evaluation.intervals import Confidence

TIMED: Final = "Times of the model alone, from prepared arrays to logits, with lines to their 95th percentile, in"


def add_subset_options(parser: Any) -> None:  # noqa: ANN401
    """Let the user say how sure intervals are, and whether the model is timed and drawn."""
    add = parser.add_argument
    add_real(
        parser,
        "--confidence",
        most=1.0,
        between=True,
        default=0.95,
        help="level of the intervals, between 0 and 1",
    )
    add("--no-timing", action="store_true", help="do not measure how fast the model is with each subset")
    add("--picture", type=Path, metavar="FILE.svg", help="file to draw scores and times with each subset into")


def read_confidence(options: Any) -> "Confidence":  # noqa: ANN401
    """What `--confidence` and `--seed` say."""
    from ...framework.evaluation.intervals import Confidence

    return Confidence(level=options.confidence, seed=options.seed)


def report_subsets(options: Any, model: EvaluatedModel, samples: "Samples", where: str) -> dict[str, Any]:  # noqa: ANN401
    """Print a table of each task per modality and fused, one with every subset, and one of times; draw the picture.

    Args:
        options: see `add_subset_options`, and `--batch-size` and `--seed`.
        model: in whatever runtime.
        samples: labelled.
        where: what they are, for titles.

    Returns:
        All scores and times as plain data. What the machine does meanwhile changes those under `timing` alone.

    Raises:
        AcclimateError: if an option breaks its rule, or a file cannot be used or written.
    """
    from rich.console import Console

    from ...framework.evaluation.latency import time_subsets
    from ...framework.evaluation.subsets import drop_table, evaluate
    from ...framework.evaluation.tables import scores_table
    from ...framework.report.evaluation_picture import draw_subsets
    from ...framework.report.subset_tables import subset_table, timing_table

    confidence = read_confidence(options)
    scores = evaluate(model.predict, samples, options.batch_size, confidence)
    drop = drop_table(model.predict, samples, options.batch_size, confidence)
    timing = None if options.no_timing else time_subsets(model.predict, samples, options.batch_size)
    intervals, runtime = f"{100 * confidence.level:.3g} % intervals", model.describe()
    console = Console()
    for task in samples.schema.tasks:
        console.print(scores_table(scores, task.name, title=f"{task.name}: {where}"))
        console.print(subset_table(drop, task.name, f"{task.name}: with the modalities that are left, {intervals}"))
    if timing is not None:
        console.print(timing_table(timing, f"the model alone, in {runtime}"))
    if options.picture is not None:
        notes = [f"Lines across bars: {intervals}.", *([] if timing is None else [f"{TIMED} {runtime}."])]
        write_whole(options.picture, draw_subsets(drop, timing, where=where, notes=notes))
    found = {"confidence": attrs.asdict(confidence), "scores": scores.to_json(), "drop": drop.to_json()}
    return found if timing is None else {**found, "timing": {**timing.to_json(), "environment": model.environment()}}

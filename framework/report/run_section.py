"""What was run, and how its epoch was chosen."""

from collections.abc import Iterator, Mapping

from ..data import Schema
from ..layout import DomainSide
from ..training.selection import comparable_scores
from .finished_run import FinishedRun
from .rows import Rows
from .views import UNKNOWN, Block, Note, Section, TableView


def describe_run(run: FinishedRun, schema: Schema, data: str, rows: Mapping[DomainSide, Rows]) -> Section:
    """The section of what was run.

    Args:
        run: which.
        schema: of its data.
        data: name of the table that the report opened.
        rows: that the report is about.
    """
    facts = TableView(("", ""), list(_facts(run, schema, data, rows)), numeric=False)
    return Section("run", "What was run", (facts, *_compare(run)))


def _facts(run: FinishedRun, schema: Schema, data: str, rows: Mapping[DomainSide, Rows]) -> Iterator[tuple[str, str]]:
    samples = run.config.get("samples", {})
    yield "Recipe", run.recipe.name
    yield "Data", run.table if run.table == data else f"{run.table}; this report opened {data}"
    yield "Source, with labels", f"{', '.join(run.source)} ({samples.get('source', '?')} training rows)"
    if run.target is None:
        yield "Target", "none"
    else:
        used = f"{samples.get('target', '?')} training rows, without labels" if run.recipe.uses_target else "not seen"
        yield "Target", f"{run.target} ({used})"
    yield "Modalities", ", ".join(schema.modalities)
    if schema.maps:
        maps = "; ".join(f"{name}: {found.name}" for name, found in schema.maps.items())
        yield "Input maps of the target", f"{maps} (found without labels)"
    for task in schema.tasks:
        yield f"Task {task.name}", "a number" if task.classes is None else f"{len(task.classes)} classes"
    yield "Seed", str(run.seed)
    yield "Training", f"{len(run.epochs)} epochs in {_minutes(run.epochs[-1].get('seconds', 0.0))}"
    yield "Selected epoch", f"{run.best.epoch + 1} of {len(run.epochs)}: {describe_selection(run)}"
    for name, found in rows.items():
        yield f"This page, {name}", f"{len(found.table)} rows of {', '.join(found.table.domains)}, {found.split}"


def describe_selection(run: FinishedRun) -> str:
    """How the epoch was chosen, in words."""
    rule = run.recipe.selection
    if rule.name not in run.best.target:
        return "the best score on the source's validation rows. No label of the target was used"
    return (
        f"the highest {_words(rule.name)} on the unlabelled target, of the epochs whose source score is within "
        f"{rule.tolerance:g} of the best. No label of the target was used"
    )


def _compare(run: FinishedRun) -> Iterator[Block]:
    """Target-side scores of the chosen epoch, beside those of source-only where it was trained."""
    found = run.best.target
    if not found:
        return
    reference = run.reference
    columns = ("score", "this run", *(("source-only",) if reference else ()))
    cells = [(_words(name), f"{value:.3f}", *_cell(reference, name)) for name, value in found.items()]
    note = (
        "Higher is better. Soft neighbourhood density compares epochs of one run only: it falls as predictions grow "
        "surer."
    )
    yield TableView(columns, cells, "Target-side scores, which need no labels", note)
    for name in sorted(comparable_scores(run.recipe.selection) & reference.keys() & found.keys()):
        if found[name] < reference[name]:
            yield Note(
                f"Possible negative transfer: {_words(name)} on the target is {found[name]:.3f}, below source-only's "
                f"{reference[name]:.3f}.",
                "warning",
            )


def _cell(reference: Mapping[str, float], name: str) -> tuple[str, ...]:
    if not reference:
        return ()
    return (f"{reference[name]:.3f}" if name in reference else UNKNOWN,)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"

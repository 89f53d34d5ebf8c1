"""Scores without labels as text that a person reads: a table a shift, and what each score was worth over all."""

from collections.abc import Iterator, Mapping, Sequence

from ..evaluation.rank_study import RankStudy
from .run_scores import ScoredRuns
from .run_validation import Summary, ValidatedShift

_ORACLE = "oracle: labels of the target served for these numbers alone"


def shift_text(shift: ValidatedShift) -> str:
    """The scores of one shift: a row a score, a column a run, its choice with a star.

    Args:
        shift: with its scores.
    """
    lines = [shift.title, f"rows: {shift.rows[0]} of the source (validation), {shift.rows[1]} of the target"]
    lines += [
        f"  {number}  {recipe}  {path}"
        for number, (recipe, path) in enumerate(zip(shift.recipes, shift.runs, strict=True), start=1)
    ]
    for scored in shift.tasks:
        lines += ["", f"task {scored.task}" + (f" ({_ORACLE}: +)" if scored.studies else ""), *_task_lines(scored)]
    lines += ["", "gain over source-only, estimated without labels by the consensus of all runs"] if shift.gains else []
    for recipe, gains in zip(shift.recipes, shift.gains, strict=False):
        lines += [f"  {recipe}, {gain.task}: {gain}" for gain in gains or ()]
    for recipe, harm in zip(shift.recipes, shift.harm, strict=False):
        lines += [f"WARNING: {recipe}: possible negative transfer: {reason}" for reason in harm]
    return "\n".join(lines)


def summary_text(summary: Mapping[str, Summary]) -> str:
    """What each score was worth over several shifts, the best first.

    Args:
        summary: by score.
    """
    header = ["score", "shifts", "Spearman", "mean regret", "worst regret", "error"]
    rows = [
        [name, str(one.shifts), _number(one.spearman), *map(_number, (one.mean_regret, one.worst_regret, one.error))]
        for name, one in summary.items()
    ]
    return "\n".join([f"over all shifts ({_ORACLE})", *_align([header, *rows])])


def _task_lines(scored: ScoredRuns) -> Iterator[str]:
    runs = len(next(iter(scored.scores.values()), ()))
    studied = bool(scored.studies)
    header = ["score", *(str(number + 1) for number in range(runs))]
    header += ["Spearman+", "regret+", "error+"] if studied else []
    rows = [header]
    if scored.accuracies is not None:
        rows.append(["accuracy+", *map(_number, scored.accuracies), *([""] * 3)])
    for name, values in scored.scores.items():
        cells = [_number(value) + ("*" if value == max(values) and runs > 1 else " ") for value in values]
        rows.append([name, *cells, *(_study_cells(scored.studies[name]) if studied else ())])
    yield from _align(rows)
    yield from (f"not asked: {name}: {reason}" for name, reason in scored.left_out.items())


def _study_cells(study: RankStudy) -> list[str]:
    return [_number(study.spearman), _number(study.regret), _number(study.error)]


def _align(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in _pair(row, widths)]
        yield "  ".join(cells).rstrip()


def _pair(row: Sequence[str], widths: Sequence[int]) -> Iterator[tuple[int, tuple[str, int]]]:
    return enumerate(zip(row, widths, strict=True))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

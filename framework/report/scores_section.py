"""How good the run's model is: scores, what a dropped modality costs, and which classes it confuses."""

from collections.abc import Iterator, Mapping
from typing import Final

from ..evaluation.metrics import confusion_matrix
from ..evaluation.tables import FUSED, score_columns
from ..layout import JOINT, DomainSide, Task
from .matrix import draw_matrix
from .sides import Observed
from .views import UNKNOWN, Gallery, Headline, Note, Picture, Section, TableView

HOW_SCORED: Final = (
    "Fused: all the modalities that a row has. A modality's own head is scored on the rows that have the modality."
)
HOW_DROPPED: Final = (
    "The fused prediction with only these modalities left. Cost: what the same rows lose against all that they have. "
    "Excluded: rows that have none of these, and so no prediction."
)
HOW_CONFUSED: Final = (
    "Rows are labels, columns are predictions; a cell's colour is its share of the row. A modality's own head counts "
    "on the rows that have the modality."
)


def headlines(sides: Mapping[DomainSide, Observed], task: Task) -> Iterator[Headline]:
    """The main score of a task on each side that has labels, the target's first."""
    for name in reversed(list(sides)):
        scores = sides[name].scores
        if scores is not None:
            found = scores.tasks[task.name][JOINT]
            title = f"{found.main_name.capitalize()} on the {name}"
            yield Headline(
                title, f"{found.main:.3f}", f"{task.name}, fused, {found.samples} rows", oracle=_is_oracle(name)
            )


def score_sections(sides: Mapping[DomainSide, Observed], tasks: tuple[Task, ...]) -> Iterator[Section]:
    """Sections of scores, drops and confusions."""
    unscored = [
        Note(f"The target is not scored: {side.rows.reason}. Nothing on this page used a label of the target.")
        for side in sides.values()
        if side.scores is None
    ]
    labelled = {name: side for name, side in sides.items() if side.scores is not None}
    places = [(task, name, side) for task in tasks for name, side in labelled.items()]
    titles = [name.capitalize() if len(tasks) == 1 else f"{task.name}, {name}" for task, name, _ in places]
    scores = [_score_table(*place, title) for place, title in zip(places, titles, strict=True)]
    drops = [_drop_table(*place, title) for place, title in zip(places, titles, strict=True)]
    yield Section("scores", "Scores", (*unscored, *scores, Note(HOW_SCORED, "how")))
    yield Section("drops", "With modalities dropped", (*drops, Note(HOW_DROPPED, "how")))
    confusions = [
        Gallery(list(_matrices(*place)), title)
        for place, title in zip(places, titles, strict=True)
        if place[0].classes is not None
    ]
    if confusions:
        yield Section("confusions", "Confusion matrices", (Note(HOW_CONFUSED, "intro"), *confusions))


def _score_table(task: Task, side: DomainSide, observed: Observed, title: str) -> TableView:
    by_modality = observed.scores.tasks[task.name] if observed.scores is not None else {}
    columns = tuple(score_columns(by_modality[JOINT]))
    cells = {FUSED if name == JOINT else name: score_columns(found) for name, found in by_modality.items()}
    rows = [(name, *(found.get(column, UNKNOWN) for column in columns)) for name, found in cells.items()]
    return TableView(("prediction", *columns), rows, title, oracle=_is_oracle(side))


def _drop_table(task: Task, side: DomainSide, observed: Observed, title: str) -> TableView:
    by_subset = () if observed.drop is None else observed.drop.tasks[task.name].values()
    measure = next((row.scores.main_name for row in by_subset if row.scores is not None), "score")
    rows = [
        (
            row.name.replace("+", " + "),
            UNKNOWN if row.scores is None else f"{row.scores.main:.3f}",
            UNKNOWN if row.loss is None else f"{row.loss:+.3f}",
            str(row.excluded),
        )
        for row in by_subset
    ]
    return TableView(("modalities left", measure, "cost", "excluded"), rows, title, oracle=_is_oracle(side))


def _matrices(task: Task, side: DomainSide, observed: Observed) -> Iterator[Picture]:
    """Of the fused prediction and of each head that has rows."""
    classes = task.classes or ()
    for head in (JOINT, *observed.side.batch.modalities):
        labels = observed.labels(task.name, head)
        if labels is None or not len(labels):
            continue
        counts = confusion_matrix(labels, observed.predictions(task.name, head), len(classes))
        right = counts.trace() / counts.sum()
        title = FUSED if head == JOINT else head
        alternative = (
            f"Confusion matrix of {task.name} by {title} on the {side}: {right:.1%} of {len(labels)} are right"
        )
        yield Picture(title, draw_matrix(counts, classes), alternative, oracle=_is_oracle(side))


def _is_oracle(side: DomainSide) -> bool:
    return side == "target"

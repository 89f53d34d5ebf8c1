"""How large the features of each modality are, by side and class."""

from collections.abc import Mapping

from ..layout import DomainSide, Task
from ..measures.norm_statistics import joint_variation, norm_statistics
from .sides import Observed
from .views import UNKNOWN, TableView


def norm_table(sides: Mapping[DomainSide, Observed], task: Task) -> TableView:
    """Mean norms of the features that the heads of a task see."""
    statistics = {
        name: norm_statistics(
            side.side.outputs.task_features[task.name],
            side.side.batch.present,
            None if task.classes is None or side.side.batch.labels is None else side.side.batch.labels[task.name],
        )
        for name, side in sides.items()
    }
    modalities = next(iter(sides.values())).side.batch.modalities
    known = [(name, modality) for modality in modalities for name in statistics]
    rows = [("all rows", *(_number(statistics[name].mean.get(modality)) for name, modality in known))]
    rows += [
        (label, *(_number(statistics[name].by_class.get(modality, {}).get(index)) for name, modality in known))
        for index, label in enumerate(task.classes or ())
    ]
    both = f", both {joint_variation(*statistics.values()):.3f}" if len(statistics) > 1 else ""
    variation = ", ".join(f"{name} {found.variation:.3f}" for name, found in statistics.items())
    oracle = any(name == "target" and found.by_class for name, found in statistics.items())
    note = (
        "Mean Euclidean norm of the features that the heads see, by label. Coefficient of variation over modalities, "
        f"all rows (RNA, table 1): {variation}{both}; 0 where all modalities weigh the same."
    )
    if oracle:
        note += " The target's norms by label are oracle numbers; those of all rows need no label."
    columns = (task.name, *(f"{modality}, {name}" for name, modality in known))
    return TableView(columns, rows, f"Feature norms, {task.name}", note, oracle=oracle)


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"

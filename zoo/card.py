"""The README.md of a checkpoint, with a head as the Hugging Face hub reads it."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ..exporters.input_options import input_words
from .config import CheckpointConfig
from .metrics import CheckpointMetrics, Score, TaskMetrics


def write_card(config: CheckpointConfig, metrics: CheckpointMetrics) -> str:
    """Say what a checkpoint is, what it can do, and what it cannot."""
    head = yaml.safe_dump(_head(config, metrics), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n" + "\n\n".join(_sections(config, metrics)) + "\n"


def _head(config: CheckpointConfig, metrics: CheckpointMetrics) -> dict[str, Any]:
    trained_on = config.trained_on
    results = [
        {
            "task": {"type": "multimodal-regression" if task.is_regression else "multimodal-classification"},
            "dataset": {"name": f"{trained_on.data}, {domain}", "type": trained_on.data, "split": "test"},
            "metrics": [
                {
                    "type": found.measure.replace(" ", "_"),
                    "value": scores["fused"].value,
                    "name": f"{task.name}: {side}",
                }
            ],
        }
        for task in config.schema.tasks
        for found in [metrics.tasks[task.name]]
        for side, domain, scores in (
            ("source", "+".join(trained_on.source), found.source),
            ("target (oracle)", trained_on.target, found.target),
        )
        if domain and "fused" in scores
    ]
    return {
        "license": config.licence.lower(),
        "library_name": "acclimate",
        "tags": ["domain-adaptation", "multimodal", "onnx", config.recipe.name, *config.schema.modalities],
        "datasets": [trained_on.data],
        "metrics": sorted({found.measure.replace(" ", "_") for found in metrics.tasks.values()}),
        "model-index": [{"name": config.name, "results": results}],
    }


def _sections(config: CheckpointConfig, metrics: CheckpointMetrics) -> Iterator[str]:
    trained_on, recipe = config.trained_on, config.recipe
    yield f"# {config.name}"
    yield recipe.description or f"A model trained by the recipe `{recipe.name}`."
    domains, kinds = ", ".join(trained_on.source), config.schema.preprocessing.items()
    takes = ", ".join(f"{name} ({part.kind})" for name, part in kinds)
    tells = "; ".join(f"{task.name}: {_classes(task.classes)}" for task in config.schema.tasks)
    yield (
        f"- {_adapted(domains, trained_on.target, uses_target=recipe.uses_target)}, of `{trained_on.data}`; no label "
        "of the target was used.\n"
        f"- **Takes** {takes}, all or some of them.\n{_maps(config)}"
        f"- **Tells** {tells}.\n"
        f"- **Licence** of the weights: {config.licence}; of the data: {trained_on.licence}."
    )
    options = " ".join(word for name in config.schema.modalities for word in input_words(name, "FILE"))
    pull = f"$ acclimate zoo pull {config.name} --out checkpoint"
    yield f"```console\n{pull}\n$ acclimate predict checkpoint {options}\n```"
    for task, found in metrics.tasks.items():
        yield from _task_section(task, found, config)
    yield _selection_section(config, metrics)
    yield _limits_section(config, metrics)


def _maps(config: CheckpointConfig) -> str:
    """What becomes of inputs before the encoders, where a search found something."""
    found = "; ".join(f"{name}: {one.name}" for name, one in config.schema.maps.items())
    return (
        f"- **Maps** its inputs, as a search without labels found: {found}. The graph does so itself.\n"
        if found
        else ""
    )


def _adapted(source: str, target: str | None, *, uses_target: bool) -> str:
    if uses_target and target is not None:
        return f"**Adapted** from {source} to {target}"
    return f"**Trained** on {source} alone" + ("" if target is None else f", and only scored on {target}")


def _task_section(task: str, found: TaskMetrics, config: CheckpointConfig) -> Iterator[str]:
    yield f"## {task}: {found.measure} on the test splits"
    yield (
        "This seed (mean ± standard deviation over seeds). Numbers on the target took its labels: they are reports, "
        "and chose nothing."
    )
    rows = {name: [found.source.get(name), found.target.get(name)] for name in ("fused", *config.schema.modalities)}
    yield _table(["prediction", "source", "target (oracle)"], rows)
    if found.source_only is not None:
        yield f"The same encoders trained on the source alone, on the target: {found.source_only}."
    yield "With the modalities that are left, on the target (oracle):"
    yield _table(["modalities", "fused"], {name: [score] for name, score in found.drop.items()})


def _selection_section(config: CheckpointConfig, metrics: CheckpointMetrics) -> str:
    scores = ", ".join(f"{name} {value:.3f}" for name, value in metrics.selection.items())
    trained_on = config.trained_on
    return (
        "## How it was chosen\n\n"
        f"Epoch {trained_on.epoch} (stage {trained_on.stage}) by {metrics.selected_by}; measured there, without target "
        f"labels: {scores}. {metrics.chosen_among}"
    )


def _limits_section(config: CheckpointConfig, metrics: CheckpointMetrics) -> str:
    worse = [task for task, found in metrics.tasks.items() if "fused" in found.target and _is_worse(found)]
    warning = f" **On the target it is worse than training on the source alone ({', '.join(worse)}).**" if worse else ""
    machine = config.machine
    return (
        "## Limits\n\n"
        "A small model for comparing methods, trained on one data set and adapted to one domain of it; it knows the "
        f"classes above and no others.{warning} Trained with {machine.threads} thread(s) on {machine.processor}, torch "
        f"{machine.packages.get('torch', 'unknown')}; `acclimate zoo reproduce {config.name}` trains it again."
    )


def _is_worse(found: TaskMetrics) -> bool:
    if found.source_only is None:
        return False
    own, other = found.target["fused"].value, found.source_only.value
    return own < other if found.higher_is_better else own > other


def _classes(classes: tuple[str, ...] | None) -> str:
    if classes is None:
        return "a number"
    return ", ".join(classes) if len(classes) <= 20 else f"{len(classes)} classes"


def _table(head: list[str], rows: Mapping[str, list[Score | None]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [
        f"| {name} | {' | '.join('-' if cell is None else str(cell) for cell in cells)} |"
        for name, cells in rows.items()
    ]
    return "\n".join(lines)

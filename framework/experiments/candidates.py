"""What finished runs say of the same rows, as the Candidates that scores without labels compare."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import torch

from ..batch import Side, unlabelled
from ..data import Samples, Schema, Table, open_table
from ..errors import RunError
from ..evaluation.subsets import BATCH_SIZE
from ..layout import DomainSide, Task
from ..method import Method
from ..runs.run_folder import BEST, RunFolder
from ..training.loader import Loader
from ..training.monitor import gather, survey, without_inputs
from ..training.target_inputs import read_target
from ..validators import Candidate
from .experiment import Experiment
from .saved_method import load_run
from .skipped import read_skipped


@attrs.frozen(eq=False)
class ObservedRuns:
    """What several runs of one shift say of the same rows.

    Args:
        runs: their folders.
        candidates: what each says, in the same order.
        tasks: of all of them.
        source: the source's validation rows, in the candidates' order.
        target: the target's training rows, in the candidates' order, with such labels as the table has: for groups
            (`meta.group`) and, after all is chosen, for reports.
    """

    runs: tuple[Path, ...]
    candidates: tuple[Candidate, ...]
    tasks: tuple[Task, ...]
    source: Table
    target: Table


def observe_runs(
    runs: Sequence[Path],
    data: str | Table | None = None,
    *,
    checkpoint: str = BEST,
    device: torch.device | str = "cpu",
) -> ObservedRuns:
    """Ask finished runs of one shift about the source's validation rows and the target's training rows.

    The rows are those that each run was chosen by. Runs whose inputs are prepared alike read them once, together.

    Args:
        runs: run folders of the same source, target and seed, which kept the same rows for validation.
        data: table, or name or path of one; None means the one that the first run was trained on.
        checkpoint: "best" or "last".
        device: that the models run on.

    Raises:
        RunError: if a folder holds no run or one without a target, or two runs are of other domains, seeds or tasks.
        DataError: if a row is missing or a file cannot be read.
    """
    if not runs:
        raise RunError("runs must be one folder at least, but there is none")
    configs = [_read_config(path) for path in runs]
    for path, config in zip(runs, configs, strict=True):
        _check_same_shift(runs[0], configs[0], path, config)
    loaded = [load_run(path, checkpoint) for path in runs]
    methods = [(method, schema) for method, schema, _ in loaded]
    first, schema, recipe = loaded[0]
    table = data if isinstance(data, Table) else _open(data or str(configs[0]["data"]["table"]), configs[0], schema)
    skipped = read_skipped(runs[0]) if "skipped" in configs[0]["data"] else None
    shift = configs[0]["data"]
    experiment = Experiment(recipe, table, tuple(shift["source"]), str(shift["target"]), skipped=skipped)
    source, target = experiment.judged_rows(int(configs[0]["seed"]))
    candidates = observe_methods(methods, source, target, device=device)
    return ObservedRuns(tuple(runs), tuple(candidates), tuple(first.model.tasks), source, target)


def observe_methods(
    methods: Sequence[tuple[Method, Schema]], source: Table, target: Table, *, device: torch.device | str = "cpu"
) -> list[Candidate]:
    """Ask models about rows of the source and of the target; those whose inputs are prepared alike read them together.

    Args:
        methods: each with the schema that its inputs are prepared by.
        source: labelled rows of the source.
        target: rows of the target; no label of theirs is read.
        device: that the models run on.

    Raises:
        DataError: if a file cannot be read.
    """
    alike: dict[str, list[int]] = {}
    for position, (_, schema) in enumerate(methods):
        alike.setdefault(json.dumps(schema.to_config(), sort_keys=True), []).append(position)
    found: dict[int, Candidate] = {}
    for positions in alike.values():
        group, schema = [methods[position][0].to(device) for position in positions], methods[positions[0]][1]
        domains = tuple(dict.fromkeys((*source.domains, *target.domains)))
        labelled = Loader(Samples(source, schema, labelled=True), BATCH_SIZE, shuffle=False, seed=0, domains=domains)
        plain = attrs.evolve(labelled, samples=Samples(target, schema, labelled=False))
        sides = zip(_observe(group, labelled, "source", device), _observe(group, plain, "target", device), strict=True)
        for position, method, (one, other) in zip(positions, group, sides, strict=True):
            found[position] = Candidate(one, other, read_target(method, plain, device))
    return [found[position] for position in range(len(methods))]


def _observe(methods: Sequence[Method], batches: Loader, side: DomainSide, device: torch.device | str) -> list[Side]:
    """Each batch is read once, and shown to all."""
    found: list[list[Side]] = [[] for _ in methods]
    for batch in batches if side == "source" else unlabelled(batches):
        for sides, method in zip(found, methods, strict=True):
            sides.extend(map(_lighten, survey(method, [batch], side, torch.device(device))))
    return [gather(sides) for sides in found]


def _lighten(side: Side) -> Side:
    return attrs.evolve(side, batch=without_inputs(side.batch), run=None)


def _read_config(path: Path) -> Mapping[str, Any]:
    config = RunFolder.open(path).config()
    data = config.get("data")
    if not isinstance(data, Mapping) or not {"table", "source", "target"} <= data.keys() or "seed" not in config:
        raise RunError(f"{path}: config.yaml must name data.table, data.source, data.target and seed")
    if data["target"] is None:
        raise RunError(f"{path} has no target: scores without labels are of a model's target")
    return config


def _check_same_shift(first: Path, expected: Mapping[str, Any], path: Path, config: Mapping[str, Any]) -> None:
    """Candidates must have seen the same rows."""
    for name, old, new in _settings_of_rows(expected, config):
        if old != new:
            raise RunError(
                f"runs must be of one shift and seed, but {first} has {name}: {old!r}, and {path} has {new!r}"
            )


def _settings_of_rows(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    for name in ("source", "target", "digest"):
        yield f"data.{name}", first["data"].get(name), second["data"].get(name)
    yield "seed", first["seed"], second["seed"]
    yield "schema.tasks", *(config.get("schema", {}).get("tasks") for config in (first, second))
    settings = [config.get("recipe", {}).get("training", {}).get("validation") for config in (first, second)]
    yield "recipe.training.validation", *settings


def _open(data: str, config: Mapping[str, Any], schema: Schema) -> Table:
    table = open_table(data, seed=int(config["seed"]))
    return table.with_kinds({task.name: "regression" if task.is_regression else "classes" for task in schema.tasks})

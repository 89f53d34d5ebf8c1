"""The models that `acclimate estimate` compares, and the rows that they are shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from ...framework.data import Samples, keep_known
from ...framework.data.validation import SHARE
from ...framework.errors import AcclimateError
from ...framework.estimation.observation import Observation, observe
from ...framework.estimation.sides import HELD_OUT, Sides
from .evaluated_model import open_model


@attrs.frozen
class _Training:
    """What a model was trained on, as far as its folder says."""

    data: str | None = None
    source: str | None = None
    target: str | None = None
    seed: int | None = None
    validation: float | None = None
    skipped: Sequence[Any] = ()


def find_sides(options: Any, models: Sequence[Path]) -> Sides:  # noqa: ANN401 - argparse's namespace
    """Which rows the models are shown: what the options say, else what the first model was trained on.

    Raises:
        AcclimateError: if neither says it, or validation rows of one model were trained on by another.
    """
    first, *others = (_read_training(path) for path in models)
    named = {name: getattr(options, name) or getattr(first, name) for name in ("data", "source", "target")}
    for name, value in named.items():
        if value is None:
            raise AcclimateError(f"{models[0]} does not say what it was trained on: give --{name}")
    seed = first.seed if options.seed is None else options.seed
    if getattr(options, "source_split", None) == HELD_OUT:
        for path, other in zip(models[1:], others, strict=True):
            if None not in (other.seed, seed) and (other.seed, other.validation) != (seed, first.validation):
                raise AcclimateError(
                    f"{path} was trained with seed {other.seed}, {models[0]} with seed {seed}: each was trained on "
                    "validation rows of the other. --source-split test takes rows that neither has seen"
                )
    return Sides(
        **named,
        split=options.split,
        source_split=getattr(options, "source_split", HELD_OUT),
        seed=seed or 0,
        skipped=first.skipped if options.data in {None, first.data} else (),
        validation=SHARE if first.validation is None else first.validation,
    )


def observe_models(models: Sequence[Path], sides: Sides, options: Any) -> dict[str, Observation]:  # noqa: ANN401
    """What each model says of both sides, by the name of its folder.

    Raises:
        AcclimateError: if a model or a file cannot be read, or the models do not know the same classes.
    """
    source, target = sides.open()
    found: dict[str, Observation] = {}
    for name, path in name_models(models).items():
        opened = open_model(path, "best", options.provider, options.threads)
        known, _ = keep_known(source, opened.schema.tasks)
        first = next(iter(found.values()), None)
        if first is not None and [task.classes for task in first.tasks] != [
            task.classes for task in opened.schema.tasks
        ]:
            raise AcclimateError(f"{path} does not know the classes of {models[0]}")
        found[name] = observe(
            opened.predict,
            Samples(known, opened.schema, labelled=True),
            Samples(target, opened.schema, labelled=False),
            options.batch_size,
        )
    return found


def name_models(models: Sequence[Path]) -> dict[str, Path]:
    """Models by the names of their folders, with their parents' where several are called so.

    Example:
        >>> list(name_models([Path("/a/coral"), Path("/b/coral")]))
        ['coral', 'b/coral']
    """
    found: dict[str, Path] = {}
    for path in models:
        parts = path.absolute().parts
        names = ("/".join(parts[-count:]) for count in range(1, len(parts) + 1))
        found[next((name for name in names if name not in found), str(path))] = path
    return found


def _read_training(path: Path) -> _Training:
    if not (path / "config.yaml").is_file():
        return _Training()
    from ...framework.experiments.skipped import read_skipped
    from ...framework.runs.run_folder import SKIPPED_FILE, RunFolder

    config = RunFolder.open(path).config()
    try:
        data, recipe = config["data"], config["recipe"]
        return _Training(
            data["table"],
            "+".join(data["source"]),
            data["target"],
            config["seed"],
            recipe["training"]["validation"],
            read_skipped(path) if (path / SKIPPED_FILE).is_file() else (),
        )
    except (KeyError, TypeError) as error:
        raise AcclimateError(f"{path}: config.yaml does not say what it was trained on: {error!r}") from error

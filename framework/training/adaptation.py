"""Train a Method on a source and a target: what must hold before the loop begins."""

from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from ..errors import RecipeError, RunError
from ..method import Method
from ..recipes.recipe import Recipe
from ..runs.environment import describe_environment
from ..runs.run_folder import RunFolder
from .adapted import Adapted
from .domains import Domains
from .exchange import on_main
from .loop import Loop
from .own_batches import OwnBatches
from .read_ahead import naming_dead_workers
from .run_lock import hold_run
from .run_options import RunOptions


def adapt(
    method: Method,
    recipe: Recipe,
    domains: Domains,
    out: Path,
    options: RunOptions | None = None,
    *,
    config: dict[str, Any] | None = None,
) -> Adapted:
    """Train a Method and return it with the weights of its best checkpoint.

    Args:
        method: what to train.
        recipe: stages, optimiser, selection.
        domains: what to train on.
        out: run folder; a run that is there is an error, or is gone on with if the options say `resume`.
        options: how the run is carried out; None means the defaults of `RunOptions`.
        config: further things to write into config.yaml, such as where the data came from.

    Raises:
        RunError: if the folder cannot be used, another run has it, or a loss is not finite.
        WriteError: if it cannot be written; the run can be resumed.
        RecipeError: if the recipe does not fit the Method, or needs a target and there is none.
        WorkerError: if a process that reads samples ahead was killed; the run can be resumed.
    """
    options = options or RunOptions()
    if recipe.uses_target and (domains.target is None or domains.target_in_order is None):
        raise RecipeError(f"{recipe.name} trains on a target, but no target is given")
    if isinstance(domains.source, OwnBatches):
        _check_own_batches(recipe)
    if recipe.training.precision == "fp16" and not (
        torch.accelerator.is_available() if options.accelerator is None else options.accelerator.device.type != "cpu"
    ):
        # Before there is an Accelerator: it leaves its settings behind, for all others of this process.
        raise RunError("training.precision: fp16 needs a GPU, and there is none to train on; take bf16 or no")
    accelerator = options.accelerator or _make_accelerator(recipe.training.precision)
    if accelerator.mixed_precision != recipe.training.precision:
        raise RunError(
            f"{recipe.name} trains in precision {recipe.training.precision!r}, but the accelerator given runs in "
            f"{accelerator.mixed_precision!r}"
        )
    devices = [accelerator.device] if accelerator.device.type == "cuda" else []
    with hold_run(out, resume=options.resume), torch.random.fork_rng(devices), naming_dead_workers():
        loop = Loop(method, recipe, domains, folder=RunFolder(out), accelerator=accelerator, options=options)
        settings = {"recipe": recipe.to_config(), "seed": options.seed, **(config or {})}
        if options.oracle is not None:
            # So that a run does not go on without it, and lacks half of its reports.
            settings["oracle"] = True
        on_main(lambda: _open(out, settings, resume=options.resume))
        return loop.run()


def _check_own_batches(recipe: Recipe) -> None:
    for key in ("augment", "views"):
        if getattr(recipe.training, key):
            raise RecipeError(
                f"{recipe.name}: training.{key} is for the rows of a table, not for a loader of one's own"
            )


def _make_accelerator(precision: str) -> Accelerator:
    try:
        return Accelerator(mixed_precision=precision)
    except ValueError as error:
        raise RunError(f"training.precision: {precision} cannot be had here: {error}") from error


def _open(out: Path, config: dict[str, Any], *, resume: bool) -> None:
    folder = RunFolder.create(out, config, resume=resume)
    folder.write_json("environment.json", describe_environment() | {"seed": config["seed"]})

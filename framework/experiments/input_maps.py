"""Input maps of a run's target: searched by a source-only model before training, and kept in the run's folder."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from ..data import Samples, Schema
from ..errors import AcclimateError, RunError
from ..files.folders import make_folder
from ..files.hashes import sha256
from ..files.whole_file import write_whole, writing
from ..maps import FoundMaps, MapGroup, infer_groups, search_maps
from ..recipes.class_paths import instantiate
from ..recipes.recipe import Recipe
from ..runs.run_folder import AGAIN, BEST, LAST, MAPS_FILE, RunFolder
from ..training.exchange import on_main
from ..training.loader import Loader
from ..training.torch_predictor import TorchPredictor
from .saved_method import load_run

if TYPE_CHECKING:
    from ..training.domains import Domains

_COPIED = ("environment.json", "metrics.jsonl", "skipped.json", MAPS_FILE)


def choose_groups(recipe: Recipe | None, schema: Schema) -> tuple[tuple[MapGroup, ...], tuple[str, ...]]:
    """Groups of maps that a recipe names, or those that fit the data, and why these.

    Args:
        recipe: whose `data.maps` counts.
        schema: of the data.

    Raises:
        RecipeError: if a class that the recipe names cannot be made.
    """
    specs = () if recipe is None else recipe.data.maps
    if recipe is None or not specs:
        found = infer_groups(schema)
        return found.groups, found.said
    made = tuple(
        instantiate(cast("Callable[..., MapGroup]", MapGroup), spec, f"{recipe.name}: data.maps.{at}")
        for at, spec in enumerate(specs)
    )
    return made, tuple(f"{group.name}: as the recipe says" for group in made)


def find_maps(
    reference: Path, recipe: Recipe, schema: Schema, domains: "Domains", seed: int, *, on_gpu: bool = False
) -> FoundMaps:
    """Search the maps of a run's target by the predictions of a source-only run.

    Args:
        reference: its folder.
        recipe: of the run; its `data.maps` says which groups are searched.
        schema: of the data.
        domains: of the run: the target's training rows are looked at without their labels, the source's for statistics.
        seed: of what is drawn.
        on_gpu: whether the model runs there.

    Raises:
        RunError: if the target or the source is no table.
        AcclimateError: as `search_maps`.
    """
    target, source = _samples(domains.target_in_order, "target"), _samples(domains.source, "source")
    groups, _ = choose_groups(recipe, schema)
    predict = TorchPredictor(load_run(reference)[0].model, "cuda" if on_gpu else "cpu")
    return search_maps(predict, target, groups, np.random.default_rng(seed), source=source)


def settle_maps(find: Callable[[], FoundMaps], out: Path, schema: Schema) -> FoundMaps:
    """The maps of a run: those that are found now, or were when the run began.

    Of several processes, the main one searches.

    Args:
        find: searches.
        out: run folder, which gets a maps.json.
        schema: of the data.

    Raises:
        AcclimateError: as `find`, or if the folder cannot be used.
    """
    path = out / MAPS_FILE

    def settle() -> None:
        if path.exists():
            return
        text = json.dumps(find().to_json(), indent=1) + "\n"
        make_folder(out)
        with writing(path, AGAIN):
            write_whole(path, text)

    on_main(settle)
    try:
        return FoundMaps.from_json(json.loads(path.read_text(encoding="utf-8")), schema)
    except (AcclimateError, OSError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error


def map_run(path: Path, found: FoundMaps, out: Path, checkpoint: str = BEST) -> None:
    """Write a run again whose model has the maps before its encoders; no weight changes.

    What the run says of its target without the maps, in summary.json, gives way to what it says with them. Its
    config.yaml says under `mapped` which run it was.

    Args:
        path: run folder.
        found: the maps.
        out: folder of the new run.
        checkpoint: whose weights were looked at: "best" or "last".

    Raises:
        RunError: if there is no run at `path`, or one at `out`.
        WriteError: if it cannot be written.
    """
    run = RunFolder.open(path)
    config, weights = run.config(), path / "checkpoints" / f"{checkpoint}.safetensors"
    schema = found.added_to(Schema.from_config(config["schema"]))
    mapped = {"run": str(path), "checkpoint": checkpoint, "sha256": sha256(weights.read_bytes()), **found.to_json()}
    folder = RunFolder.create(out, {**config, "schema": schema.to_config(), "mapped": mapped})
    for name in (BEST, LAST):
        if run.has(name):
            folder.save(name, run.load(name))
    for name in _COPIED:
        if (path / name).is_file():
            with writing(out / name, AGAIN):
                write_whole(out / name, (path / name).read_text(encoding="utf-8"))
    if (path / "summary.json").is_file():
        summary = json.loads((path / "summary.json").read_text(encoding="utf-8"))
        summary["best"]["target"] = {**found.after}
        folder.write_json("summary.json", summary)


def comparable_with(found: FoundMaps, scores: Iterable[str]) -> dict[str, float]:
    """Those scores of the source-only model, with the maps, that a search knows."""
    return {name: found.after[name] for name in scores if name in found.after}


def _samples(batches: object, side: str) -> Samples:
    if not isinstance(batches, Loader):
        raise RunError(f"input maps are searched on rows of a table, but the {side} is none")
    return batches.samples

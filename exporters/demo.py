"""The demo: source-only, generalisation and adaptation on real signals; export; scores of all subsets of modalities."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np
from accelerate import Accelerator

from ..framework.data import Samples, Schema, Table, open_table
from ..framework.data.labels import TaskKind
from ..framework.evaluation.prediction import Predictor, predict_subsets
from ..framework.evaluation.scores import TaskScores
from ..framework.evaluation.subsets import BATCH_SIZE, drop_table, evaluate
from ..framework.experiments.comparison import ComparedRun, adapt_table
from ..framework.experiments.experiment import Experiment
from ..framework.files.whole_file import write_whole
from ..framework.layout import JOINT
from ..framework.method import Method
from ..framework.recipes.recipe import Recipe
from ..framework.recipes.recipe_files import read_recipe
from ..framework.training.display import Display
from ..framework.training.run_options import RunOptions
from ..framework.training.torch_predictor import TorchPredictor

if TYPE_CHECKING:
    from rich.table import Table as RichTable

RECIPES: Final = ("source-only", "rna-dg", "rna-uda")


@attrs.frozen
class Demo:
    """What the demo runs; each recipe once with each seed.

    Args:
        data: name of a built-in data set, or path of a table whose rows all have labels.
        source: domains whose labels are used.
        target: domain to adapt to; its labels are used for the scores alone (oracle).
        recipes: names, or paths.
        seeds: of the runs.
        settings: overrides of the recipes, by dotted key.
        kinds: of tasks, where labels do not show it; see `Table`.
    """

    data: str
    source: tuple[str, ...]
    target: str
    recipes: tuple[str, ...] = RECIPES
    seeds: tuple[int, ...] = (0,)
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    kinds: Mapping[str, TaskKind] = attrs.field(factory=dict)


def run_demo(
    demo: Demo, out: Path, *, accelerator: Accelerator | None = None, display: Display | None = None
) -> dict[str, Any]:
    """Run all recipes, and write `metrics.json`, and an artefact and a run folder a recipe.

    What an earlier call has left in the folder is gone on with.

    Args:
        demo: what to run.
        out: folder; the artefact of a recipe lies in `out/<recipe>`, its run in `out/<recipe>/run`. With several seeds,
            those after the first have their number behind the recipe's name.
        accelerator: device and precision.
        display: shows progress.

    Returns:
        What stands in `metrics.json`.
    """
    out.mkdir(parents=True, exist_ok=True)
    runs: list[dict[str, Any]] = []
    for seed in demo.seeds:
        table = open_table(demo.data, seed=seed).with_kinds(demo.kinds)
        reference: Path | None = None
        for name in demo.recipes:
            recipe = read_recipe(name, demo.settings)
            folder = out / (recipe.name if seed == demo.seeds[0] else f"{recipe.name}-seed{seed}")
            experiment = Experiment(recipe, table, demo.source, demo.target, name=demo.data)
            started = time.monotonic()
            comparison = adapt_table(
                experiment,
                folder / "run",
                RunOptions(seed=seed, resume=True, accelerator=accelerator, display=display),
                reference=reference,
            )
            if recipe.name == "source-only":
                reference = folder / "run"
            scores = _score(experiment, comparison.adapted.method, comparison.schema, folder)
            runs.append(_describe(recipe, seed, comparison, scores, time.monotonic() - started))
            write_whole(out / "metrics.json", json.dumps({"data": demo.data, "runs": runs}, indent=2) + "\n")
    return {"data": demo.data, "runs": runs}


def results_table(demo: Demo, runs: Sequence[Mapping[str, Any]]) -> "RichTable":
    """One column a recipe: the main score on the source, and on the target with every subset of modalities."""
    from rich.table import Table as RichTable

    subsets = list(runs[0]["drop"])
    measure = runs[0]["measure"]
    table = RichTable(
        title=f"{measure.capitalize()} on recordings that no training saw. Source: {'+'.join(demo.source)}, labelled; "
        f"target: {demo.target}, no labels",
        caption="ONNX: whether ONNX Runtime predicts the same as torch."
        + (" Mean ± standard deviation over seeds." if len(demo.seeds) > 1 else ""),
    )
    # One column a recipe: the subsets of modalities may be many.
    names = dict.fromkeys(run["recipe"] for run in runs)
    recipes = {name: [run for run in runs if run["recipe"] == name] for name in names}
    table.add_column(measure)
    for name in recipes:
        table.add_column(name, justify="right")
    table.add_row("source", *(_spread(run["source"]["fused"] for run in found) for found in recipes.values()))
    for subset in subsets:
        cells = [_spread(run["drop"][subset]["torch"] for run in found) for found in recipes.values()]
        table.add_row("target" if subset == subsets[0] else f"target, {subset} only", *cells)
    same = (all(run["parity"]["argmax_agreement"] == 1.0 for run in found) for found in recipes.values())
    table.add_row("ONNX", *("same" if agrees else "DIFFERENT" for agrees in same))
    return table


def warnings(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Runs whose target-side scores fell below those of source-only."""
    for run in runs:
        for score, (before, now) in run["falls_below_source_only"].items():
            yield f"{run['recipe']}, seed {run['seed']}: target {score} {now:.3f} is below source-only's {before:.3f}"


def _score(experiment: Experiment, method: Method, schema: Schema, folder: Path) -> dict[str, Any]:
    """Export the model, and score it in both runtimes."""
    from . import Session, SessionPredictor, export_onnx

    export_onnx(method.model, folder, schema, recipe=experiment.recipe.name)
    runtimes: dict[str, Predictor] = {"torch": TorchPredictor(method.model), "onnx": SessionPredictor(Session(folder))}
    source = _test_samples(experiment.table, experiment.source, schema)
    target = _test_samples(experiment.table, experiment.target, schema)
    drop: dict[str, dict[str, float | None]] = {}
    for runtime, predict in runtimes.items():
        for row in drop_table(predict, target).tasks[schema.tasks[0].name].values():
            drop.setdefault(row.name, {})[runtime] = None if row.scores is None else row.scores.main
    on_source, on_target = (evaluate(runtimes["torch"], side).tasks[schema.tasks[0].name] for side in (source, target))
    return {
        "measure": on_source[JOINT].main_name,
        "source": _main_scores(on_source),
        "target": _main_scores(on_target),
        "drop": drop,
        "parity": compare_runtimes(runtimes, target),
    }


def _test_samples(table: Table, domains: Sequence[str] | str | None, schema: Schema) -> Samples:
    return Samples(table.select(domains, "test"), schema, labelled=True)


def _main_scores(scores: Mapping[str, TaskScores]) -> dict[str, float]:
    return {"fused" if name == JOINT else name: found.main for name, found in scores.items()}


def compare_runtimes(runtimes: Mapping[str, Predictor], samples: Samples) -> dict[str, Any]:
    """How well two runtimes agree: the largest difference of any output, and the share of answers that are the same.

    Answers are the same where both name one class or, for a regression, where the numbers differ by no more than an
    export allows.
    """
    from .parity import ABSOLUTE, RELATIVE

    everything = samples.schema.modalities
    found = [predict_subsets(predict, samples, [everything], BATCH_SIZE)[everything] for predict in runtimes.values()]
    first, second = (part.logits for part in found if part is not None)
    largest, same = 0.0, []
    for task in samples.schema.tasks:
        for name, one in first[task.name].items():
            other = second[task.name][name]
            largest = max(largest, float(np.abs(one - other).max()))
            close = np.isclose(other, one, rtol=RELATIVE, atol=ABSOLUTE)[:, 0]
            same.append(close if task.is_regression else one.argmax(axis=1) == other.argmax(axis=1))
    return {"max_abs": largest, "argmax_agreement": float(np.mean(same)), "samples": len(samples)}


def _describe(
    recipe: Recipe, seed: int, comparison: ComparedRun, scores: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    best = comparison.adapted.best
    return {
        "recipe": recipe.name,
        "seed": seed,
        "selection": recipe.selection.name,
        **scores,
        "seconds": round(seconds, 1),
        "epoch": best.epoch,
        "source_validation": best.source_score,
        "target_scores": dict(best.target),
        "measures": dict(best.measures),
        "falls_below_source_only": comparison.falls_below,
    }


def _spread(values: Iterator[float]) -> str:
    numbers = list(values)
    return f"{mean(numbers):.3f}" + (f" ± {stdev(numbers):.3f}" if len(numbers) > 1 else "")

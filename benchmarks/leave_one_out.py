"""Which encoder is ahead where no training looked: `python benchmarks/leave_one_out.py --data wrist --by group`.

The source's training rows alone are used. One domain, or one group such as a person, is left out, `source-only` is
trained on the others with each encoder and scored on what was left out. The target's rows are not read, so that what is
found here may decide what is adapted to it.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import Final, Literal, TypeAlias

import numpy as np
from accelerate import Accelerator
from acclimate.framework.data import Samples, Table, default_domains, open_table
from acclimate.framework.evaluation.subsets import evaluate
from acclimate.framework.experiments.comparison import adapt_table
from acclimate.framework.experiments.experiment import Experiment
from acclimate.framework.layout import JOINT
from acclimate.framework.recipes.recipe import Recipe
from acclimate.framework.recipes.recipe_files import read_recipe
from acclimate.framework.training.run_options import RunOptions
from acclimate.framework.training.torch_predictor import TorchPredictor

By: TypeAlias = Literal["domain", "group"]

ENCODERS: Final = {
    "default": None,
    "statistics": "acclimate.framework.encoders.StatisticsMLP",
    "both": "acclimate.framework.encoders.StatisticsResNet",
}
"""Class paths of encoders of signals."""


def open_recipe(encoder: str, kind: str, epochs: int) -> Recipe:
    """`source-only` with an encoder: a name of `ENCODERS`, or a class path."""
    path = ENCODERS.get(encoder, encoder)
    settings: dict[str, object] = {"stages.0.epochs": epochs, "training.batch_size": 48}
    if path is not None:
        settings[f"model.encoders.{kind}.class_path"] = path
    return read_recipe("source-only", settings)


def score_left_out(table: Table, by: By, left_out: str, recipe: Recipe, seed: int) -> float:
    """Main score of the first task on the rows of a domain or group, by a model that was trained on the others."""
    theirs = np.array([name == left_out for name in table.field(by)])
    others = table.where(~theirs)
    experiment = Experiment(recipe, others, others.domains)
    with TemporaryDirectory() as folder:
        options = RunOptions(seed=seed, accelerator=Accelerator(cpu=True))
        found = adapt_table(experiment, Path(folder) / "run", options, reference=None)
    samples = Samples(table.where(theirs), found.schema, labelled=True)
    scores = evaluate(TorchPredictor(found.adapted.method.model), samples)
    return scores.tasks[found.schema.tasks[0].name][JOINT].main


def leave_one_out(
    table: Table, by: By, encoders: Sequence[str], *, kind: str = "signal", epochs: int = 5, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Scores by encoder and by what was left out.

    Args:
        table: labelled training rows of the source.
        by: what is left out.
        encoders: names of `ENCODERS`, or class paths.
        kind: of input, or name of a modality, that gets them.
        epochs: of each training.
        seed: of weights and validation rows.
    """
    names = sorted({name for name in table.field(by) if name is not None})
    scores: dict[str, dict[str, float]] = {encoder: {} for encoder in encoders}
    for name in names:
        for encoder in encoders:
            scores[encoder][name] = score_left_out(table, by, name, open_recipe(encoder, kind, epochs), seed)
            print(f"without {name}: {encoder} {scores[encoder][name]:.3f}", flush=True)
    return scores


def describe(scores: dict[str, dict[str, float]]) -> str:
    """A line for each encoder: its mean score, and its lead over the first with the standard error of that."""
    first = next(iter(scores.values()))
    lines = []
    for encoder, found in scores.items():
        leads = [found[name] - first[name] for name in first]
        error = stdev(leads) / len(leads) ** 0.5 if len(leads) > 1 else float("nan")
        lines.append(f"{encoder}: {fmean(found.values()):.3f}, lead {fmean(leads):+.3f} (standard error {error:.3f})")
    return "\n".join(lines)


def main() -> None:
    """Read the command line, and print scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--data", required=True, help="table, or name of a built-in data set")
    add("--source", help="labelled domains, as A+B; built-in data sets have a default")
    add("--by", choices=("domain", "group"), default="group", help="what is left out")
    add("--encoders", default=",".join(ENCODERS), help="names, or class paths, with commas between")
    add("--kind", default="signal", help="kind of input, or modality, that gets them")
    add("--epochs", type=int, default=5)
    add("--rows", type=int, help="rows that are drawn; all by default")
    add("--seed", type=int, default=0)
    add("--out", type=Path, help="a .json for all scores")
    options = parser.parse_args()
    source = options.source.split("+") if options.source else default_domains(options.data)[0]
    table = open_table(options.data, seed=options.seed).select(source, "train")
    if options.rows:
        drawn = np.random.default_rng(options.seed).permutation(len(table))[: options.rows]
        table = table.take(np.sort(drawn))
    scores = leave_one_out(
        table, options.by, options.encoders.split(","), kind=options.kind, epochs=options.epochs, seed=options.seed
    )
    print(describe(scores))
    if options.out is not None:
        options.out.write_text(json.dumps({"settings": vars(options) | {"out": None}, "scores": scores}, indent=1))


if __name__ == "__main__":
    main()

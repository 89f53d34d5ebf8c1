"""acclimate demo: train, adapt, export and evaluate on real signals."""

from pathlib import Path

from ...framework.commands.numbers import MAX_SEED, read_integer
from ...framework.commands.options import (
    add_task_option,
    choose_domains,
    make_accelerator,
    make_parser,
    read_kinds,
    read_settings,
)
from ...framework.files.folders import check_folder


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "demo", "Train source-only, generalisation and adaptation, export each, and score every subset of modalities."
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("demo"), help="folder; what lies there from before is gone on with")
    add("--data", type=str, default="wrist", help="built-in data set, or a table whose rows all have labels")
    add("--source", type=str, help="labelled domain, or several as A+B; built-in data sets have a default")
    add("--target", type=str, help="domain to adapt to; built-in data sets have a default")
    add("--recipes", type=str, help="names with commas between; default: source-only,rna-dg,rna-uda")
    add("--seeds", type=str, default="0", help="numbers with commas between")
    add("--set", type=str, action="append", default=[], metavar="KEY=VALUE", help="override a value of the recipes")
    add_task_option(parser)
    add("--device", type=str, default="auto", help="auto, cpu or cuda")
    options = parser.parse_args(arguments)
    check_folder(options.out)

    from rich.console import Console

    from ...framework.errors import AcclimateError
    from ...framework.training.display import RichDisplay
    from ..demo import RECIPES, Demo, results_table, run_demo, warnings

    source, target = choose_domains(options.data, options.source, options.target)
    if target is None:
        raise AcclimateError("--target must name a domain of the table, such as --target B, but is missing")
    seeds = tuple(read_integer(seed, "--seeds", 0, MAX_SEED) for seed in options.seeds.split(","))
    demo = Demo(
        options.data,
        source,
        target,
        tuple(options.recipes.split(",")) if options.recipes else RECIPES,
        seeds,
        read_settings(options.set),
        read_kinds(options.task),
    )
    results = run_demo(demo, options.out, accelerator=make_accelerator(options.device, "no"), display=RichDisplay())
    console = Console()
    console.print(results_table(demo, results["runs"]))
    for line in warnings(results["runs"]):
        console.print(f"WARNING: possible negative transfer: {line}")
    console.print(f"{options.out / 'metrics.json'} holds all numbers, {options.out}/<recipe>/model.onnx the models")

"""acclimate data shift: how far each modality moved between two domains, without labels of the target."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AcclimateError
from .numbers import add_seed
from .options import choose_domains, make_parser, read_settings

if TYPE_CHECKING:
    from argparse import Namespace

    from ..experiments.domain_shift import ModalityShift


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "data shift",
        "Say how far each modality moved from source to target: how well a linear function of its features tells the "
        "domains apart, about 0 where it cannot, 1 where it does without error. Features are of encoders that are not "
        "trained yet, or of a run's.",
    )
    add = parser.add_argument
    add("data", type=str, help="table of files, name of a built-in data set, or a run folder, whose encoders are used")
    add("--source", type=str, help="domain, or several as A+B; built-in data sets have a default, a run has its own")
    add("--target", type=str, help="domain; likewise")
    add("--recipe", type=str, default="source-only", help="whose encoders are used where no run is given")
    add("--set", type=str, action="append", default=[], metavar="KEY=VALUE", help="override a value of the recipe")
    add_seed(parser, help="of the encoders' first weights, and of built-in splits")
    add("--out", type=Path, help="JSON file to write, too")
    options = parser.parse_args(arguments)

    from ..files.outputs import check_output
    from ..files.whole_file import write_whole

    if options.out is not None:
        check_output(options.out, [options.data])
    title, shifts = _of_run(Path(options.data)) if _is_run(options.data) else _of_table(options)
    print(title)
    for shift in shifts:
        print(f"  {shift}")
    print(_advise(shifts))
    if options.out is not None:
        rows = [
            {
                "modality": shift.modality,
                "shift": shift.value,
                "interval": [shift.interval.low, shift.interval.high],
                "words": shift.words,
                "rows": {"source": shift.source, "target": shift.target},
            }
            for shift in shifts
        ]
        write_whole(options.out, json.dumps(rows, indent=1) + "\n")


def _is_run(data: str) -> bool:
    return (Path(data) / "config.yaml").is_file()


def _of_run(path: Path) -> "tuple[str, list[ModalityShift]]":
    from ..experiments.candidates import observe_runs
    from ..experiments.domain_shift import measure_shifts

    observed = observe_runs([path])
    source, target = observed.candidates[0].both
    groups = observed.source.field("group"), observed.target.field("group")
    title = f"{path}: {'+'.join(observed.source.domains)} -> {'+'.join(observed.target.domains)}, its own encoders"
    return title, measure_shifts(source, target, groups)


def _of_table(options: "Namespace") -> "tuple[str, list[ModalityShift]]":
    from ..data import open_table
    from ..experiments.candidates import observe_methods
    from ..experiments.domain_shift import measure_shifts
    from ..experiments.experiment import Experiment
    from ..recipes.recipe_files import read_recipe

    table = open_table(options.data, seed=options.seed)
    source, target = choose_domains(options.data, options.source, options.target, table.domains)
    if target is None:
        raise AcclimateError("--target must name a domain of the table, such as --target B, but is missing")
    recipe = read_recipe(options.recipe, read_settings(options.set))
    experiment = Experiment(recipe, table, source, target)
    schema, domains = experiment.open(options.seed)
    method = experiment.build(recipe, schema, domains, options.seed)
    before, after = table.select(source, "train"), experiment.judged_rows(options.seed)[1]
    (candidate,) = observe_methods([(method, schema)], before, after)
    groups = before.field("group"), after.field("group")
    title = f"{options.data}: {'+'.join(source)} -> {target}, encoders of {recipe.name} before training"
    return title, measure_shifts(*candidate.both, groups)


def _advise(shifts: "list[ModalityShift]") -> str:
    """What the numbers speak for, in one line."""
    stayed = [shift.modality for shift in shifts if shift.words == "stayed"]
    moved = [shift.modality for shift in shifts if shift.words in {"moved", "moved far"}]
    if stayed and moved:
        return f"{', '.join(stayed)} stayed while {', '.join(moved)} moved: see docs/which-recipe.md, section 2"
    if moved:
        return "no modality stayed: see docs/which-recipe.md, section 3"
    return "no modality moved much: a model of the source alone may do"

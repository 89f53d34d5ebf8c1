"""acclimate choose: train a portfolio's candidates, and take the one that is surely better than source-only."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AcclimateError
from .decoding_option import add_decoding_option
from .executor_options import add_executor_options, drop_prepared, make_executor, place_prepared
from .numbers import add_seed
from .options import (
    add_cache_options,
    add_skip_option,
    add_task_option,
    choose_domains,
    make_parser,
    open_trunk_cache,
    read_kinds,
    read_settings,
)

if TYPE_CHECKING:
    from ..choosing import ChoicePlan


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "choose",
        "Train a portfolio of recipes on a table, judge all of them on the unlabelled target by what they say "
        "together, and end in one run folder: that of the best, if it is surely better than source-only. Called "
        "again, it goes on with what is there.",
    )
    add = parser.add_argument
    add("--data", type=str, required=True, help="table of files, or name of a built-in data set")
    add("--source", type=str, help="labelled domain, or several as A+B; built-in data sets have a default")
    add("--target", type=str, help="domain to adapt to; built-in data sets have a default")
    add("--out", type=Path, required=True, help="folder of the choice; its folder `pick` is the run that is taken")
    add("--portfolio", type=str, default="default", help="name of one of ours, such as 'signals', or a YAML file")
    add(
        "--set",
        type=str,
        action="append",
        default=[],
        metavar="[CANDIDATE:]KEY=VALUE",
        help="override a value of all recipes, or of one candidate's",
    )
    add_seed(parser, help="of weights, order of samples and validation rows")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    add("--thorough", action="store_true", help="train every candidate to the end, whatever it seems worth on the way")
    add_executor_options(parser, "candidate")
    add_cache_options(parser)
    add_task_option(parser)
    add_skip_option(parser)
    add_decoding_option(parser)
    options = parser.parse_args(arguments)

    from ..choosing.plan import check_choice_folder
    from ..files.folders import check_folder

    check_choice_folder(options.out)
    check_folder(options.out)
    executor = make_executor(options)

    from ..choosing import choose

    try:
        choice = choose(_make_plan(options), options.out, executor)
    except KeyboardInterrupt:
        drop_prepared(options.out)
        raise AcclimateError("interrupted; the same command goes on with what is there") from None
    drop_prepared(options.out)
    print(f"\n{choice}", flush=True)
    print(f"{options.out / 'pick'} is the run: acclimate evaluate, export, report and zoo publish take it")


def _make_plan(options: Any) -> "ChoicePlan":  # noqa: ANN401 - argparse's namespace
    import attrs

    from ..choosing import ChoicePlan, read_portfolio
    from ..choosing.portfolio import SOURCE_ONLY
    from ..data import open_table
    from ..data.table_identity import identify_table
    from ..grid.cell import Cell, Shift

    portfolio = read_portfolio(options.portfolio)
    if options.thorough:
        portfolio = attrs.evolve(portfolio, rungs=())
    recipes = portfolio.read_recipes(read_settings(options.set))
    table = open_table(options.data, seed=options.seed)
    source, target = choose_domains(options.data, options.source, options.target, table.domains)
    if target is None:
        raise AcclimateError("--target must name the domain to adapt to, but is missing")
    cache = open_trunk_cache(options.cache_trunks, options.cache_size)
    cell = Cell(
        options.data,
        Shift(source, target),
        recipes[SOURCE_ONLY],
        options.seed,
        device=options.device,
        digest=identify_table(options.data).digest,
        trunk_cache=None if cache is None else (str(cache.folder.absolute()), cache.max_bytes),
        kinds=read_kinds(options.task),
        skip_bad=options.skip_bad,
        prepared_cache=place_prepared(options),
    )
    return ChoicePlan(portfolio, recipes, cell)

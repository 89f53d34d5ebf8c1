"""acclimate zoo reproduce: train a checkpoint again by its own card, and compare."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from ...framework.commands.numbers import MAX_PROCESSES, add_integer
from ...framework.commands.options import add_skip_option, check_device, check_run_folder, make_parser

if TYPE_CHECKING:
    from rich.table import Table

    from ..runs.reproduction import Reproduction

OUTSIDE: Final = 1
"""Exit code where all went well, but the scores are not those of the card."""


def main(arguments: list[str]) -> int:
    """Run the command.

    Returns:
        0, or `OUTSIDE`.
    """
    parser = make_parser(
        "zoo reproduce",
        "Train a checkpoint again from its own configuration, with as many threads, and compare its scores. The exit "
        "code is 0 where the fused ones of source and target are those of the card, or within two standard deviations "
        "of their mean; 1 where not; 2 where it could not be done.",
    )
    add = parser.add_argument
    add("checkpoint", type=str, help="name in the zoo, or folder")
    add("--out", type=Path, metavar="DIR", help="run folder to keep, or to go on with; default: none is kept")
    add("--data", type=str, metavar="TABLE", help="table that it was trained on, where that was no built-in data set")
    add_integer(parser, "--threads", most=MAX_PROCESSES, help="default: as many as it was trained with")
    add("--device", choices=("auto", "cpu", "cuda"), default="cpu", help="where to train")
    add("--mirror", type=str, action="append", default=[], help="where a name is looked for as well")
    add("--trust", type=str, action="append", default=[], metavar="PREFIX", help="classes of your own, as mypackage.")
    add_skip_option(parser)
    options = parser.parse_args(arguments)
    if options.out is not None:
        check_run_folder(options.out, resume=True)
    check_device(options.device)

    from ...framework.recipes.class_paths import TRUSTED
    from ...framework.training.display import RichDisplay
    from ..adapted_model import AdaptedModel
    from ..runs.reproduction import reproduce

    adapted = AdaptedModel.from_pretrained(
        options.checkpoint, mirrors=options.mirror, trusted=(*TRUSTED, *options.trust)
    )
    with ExitStack() as stack:
        out = options.out or Path(stack.enter_context(TemporaryDirectory())) / "run"
        found = reproduce(
            adapted,
            out,
            data=options.data,
            threads=options.threads,
            device=options.device,
            skip_bad=options.skip_bad,
            display=RichDisplay(),
        )
    _report(found, adapted.config.name)
    return 0 if found.is_within else OUTSIDE


def _report(found: "Reproduction", name: str) -> None:
    from rich.console import Console

    for task in dict.fromkeys(number.task for number in found.numbers):
        Console().print(_make_table(found, task, f"{name}, {task} on the test splits (target: oracle)"))
    if not found.differing_weights:
        print(f"the weights are bit-equal, after {found.seconds:.0f} s of training")
    else:
        print(f"{len(found.differing_weights)} weights are not bit-equal, such as {found.differing_weights[0]}")
        print(f"what is not as it was: {'; '.join(found.differences) or 'nothing that is known'}")
    verdict = "" if found.is_within else "NOT "
    print(f"fused, on source and target: {verdict}within two standard deviations of the card")


def _make_table(found: "Reproduction", task: str, title: str) -> "Table":
    from rich.table import Table

    from ..runs.numbers import ALL

    table = Table("side", "prediction", title=title)
    for column in ("card", "all seeds", "now", "more", "within"):
        table.add_column(column, justify="right")
    words = {True: "yes", False: "NO", None: "?"}
    for number, row in found.numbers.items():
        if number.task != task:
            continue
        prediction = number.prediction if number.modalities == ALL else f"{number.prediction} of {number.modalities}"
        seeds = "-" if row.card.std is None else f"{row.card.mean:.3f} ± {row.card.std:.3f}"
        now = ("-", "-") if row.now is None or row.difference is None else (f"{row.now:.3f}", f"{row.difference:+.3f}")
        table.add_row(number.side, prediction, f"{row.card.value:.3f}", seeds, *now, words[row.is_within])
    return table

"""A small table, a small portfolio, and a choice as a user types it, or in this process."""

from collections.abc import Generator, Mapping
from pathlib import Path

import attrs
import yaml
from acclimate.framework.choosing import Choice, ChoicePlan, Statement, choose, read_portfolio
from acclimate.framework.data.table_identity import identify_table
from acclimate.framework.errors import AcclimateError
from acclimate.framework.grid.cell import Cell, Shift
from acclimate.framework.grid.executor import Executor, Job, Outcome
from acclimate.framework.runs.checkpoint import read_checkpoint
from bits import assert_same_bits
from grid.grids import write_labelled_table
from loop.small import assert_same_tensors, write_table

NAMES = ("source-only", "source-heads", "coral", "mmd")
EPOCHS = {"stages.0.epochs": 2}


def write_portfolio(folder: Path, **changes: object) -> Path:
    """Four candidates of two epochs, two of which are left at the first."""
    content = {
        "schema": 1,
        "candidates": [{"recipe": name, "settings": dict(EPOCHS)} for name in NAMES],
        "maps": "none",
        "rungs": [{"share": 0.5, "keep": 0.3}],
        "least": 1,
    }
    path = folder / "portfolio.yaml"
    path.write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")
    return path


def write_inputs(folder: Path, *, poison: bool = False) -> Path:
    """`labelled.csv` and `portfolio.yaml`; poisoned, the target's labels are wrong."""
    if poison:
        write_table(folder, poison=True, test=10).rename(folder / "labelled.csv")
    else:
        write_labelled_table(folder)
    write_portfolio(folder)
    return folder


def arguments(folder: Path, out: Path, *more: str) -> list[str]:
    """Of the command line."""
    data = ["--data", str(folder / "labelled.csv"), "--source", "here", "--target", "there"]
    return ["choose", *data, "--portfolio", str(folder / "portfolio.yaml"), "--device", "cpu", "--out", str(out), *more]


def make_plan(folder: Path, settings: Mapping[str, object] | None = None) -> ChoicePlan:
    """What these arguments ask for."""
    portfolio = read_portfolio(folder / "portfolio.yaml")
    recipes = portfolio.read_recipes(settings)
    data = str(folder / "labelled.csv")
    cell = Cell(
        data, Shift(("here",), "there"), recipes["source-only"], 0, device="cpu", digest=identify_table(data).digest
    )
    return ChoicePlan(portfolio, recipes, cell)


@attrs.define(eq=False)
class Here(Executor):
    """Trains in this process, which takes seconds less than one of its own, and is interrupted when it is told so.

    Args:
        stop: number of candidates after which it is.
    """

    stop: int | None = None
    jobs: list[tuple[Job, Path]] = attrs.field(factory=list)
    ran: list[str] = attrs.field(factory=list)

    def submit(self, cell: Job, out: Path) -> None:
        """Queue."""
        self.jobs.append((cell, out))

    def outcomes(self) -> Generator[Outcome]:
        """Run."""
        while self.jobs:
            if len(self.ran) == self.stop:
                raise KeyboardInterrupt
            job, out = self.jobs.pop(0)
            self.ran.append(job.title)
            try:
                job.run(out, {})
            except AcclimateError as error:
                yield Outcome(job, str(error))
            else:
                yield Outcome(job)


def choose_here(
    folder: Path, out: Path, settings: Mapping[str, object] | None = None, executor: Here | None = None
) -> Choice:
    """A choice in this process."""
    return choose(make_plan(folder, settings), out, executor or Here(), say=lambda _: None)


def assert_same_choices(one: Path, other: Path) -> None:
    """The same candidates said the same, and the picks have the same weights."""
    names = [sorted(path.name for path in (out / "statements").iterdir()) for out in (one, other)]
    assert names[0] == names[1]
    for name in names[0]:
        first, second = (Statement.read(out / "statements" / name) for out in (one, other))
        for side in ("source", "target"):
            for head, logits in getattr(first, side).logits["label"].items():
                assert_same_bits(logits, getattr(second, side).logits["label"][head])
    weights = [
        read_checkpoint(out / "pick" / "checkpoints" / "best.safetensors").under("method.") for out in (one, other)
    ]
    assert_same_tensors(*weights)

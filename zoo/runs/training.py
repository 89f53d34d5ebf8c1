"""All that must be known to train a model once more."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import attrs
import torch
from accelerate import Accelerator

from ...framework.data import Schema, Table, open_table
from ...framework.data.builtin import builtin_names
from ...framework.errors import ZooError
from ...framework.experiments.comparison import adapt_table
from ...framework.experiments.experiment import Experiment
from ...framework.recipes.recipe import Recipe
from ...framework.report.finished_run import FinishedRun, read_run
from ...framework.training.run_options import RunOptions
from ..config import CheckpointConfig

if TYPE_CHECKING:
    from ...framework.data.labels import TaskKind
    from ...framework.training.display import Display

Device: TypeAlias = Literal["auto", "cpu", "cuda"]


@attrs.frozen
class Training:
    """What makes a run what it is, apart from the machine.

    Args:
        recipe: the method, with every setting.
        data: name of a built-in data set, or path of a table.
        source: labelled domains.
        target: the unlabelled one; None means there is none.
        seed: of weights, order, validation rows and drawn splits.
        kinds: what the tasks are, by name.
        skip_bad: leave out rows whose files cannot be used.
        maps: whether input maps of the target are searched first.
    """

    recipe: Recipe
    data: str
    source: tuple[str, ...]
    target: str | None
    seed: int
    kinds: Mapping[str, "TaskKind"] = attrs.field(factory=dict)
    skip_bad: bool = False
    maps: bool = False

    @classmethod
    def of_run(cls, run: FinishedRun, data: str | None = None) -> Self:
        """The training that a run folder is the outcome of.

        Args:
            run: what the folder says.
            data: its table, where that is no longer where it was.

        Raises:
            ZooError: if it began from another run, which its folder does not hold.
        """
        if run.config.get("initial") is not None:
            raise ZooError(f"{run.path} was started from another run's weights, so its folder does not say all of it.")
        if "mapped" in run.config:
            raise ZooError(f"{run.path} was mapped after its training, so its folder does not say all of it.")
        return cls(
            recipe=run.recipe,
            data=data or run.table,
            source=run.source,
            target=run.target,
            seed=run.seed,
            kinds=_kinds(Schema.from_config(run.config["schema"])),
            skip_bad="skipped" in run.config["data"],
            maps=bool(run.config["schema"].get("maps")),
        )

    @classmethod
    def of_checkpoint(cls, config: CheckpointConfig, data: str | None = None, *, skip_bad: bool = False) -> Self:
        """The training that a checkpoint is the outcome of.

        Args:
            config: of the checkpoint.
            data: path of its table; None takes the built-in data set that it names.
            skip_bad: leave out rows whose files cannot be used.

        Raises:
            ZooError: if it names none, and no table is given.
        """
        trained_on = config.trained_on
        # Whoever wrote it must not choose which files of this machine are read.
        if data is None and trained_on.data not in builtin_names():
            raise ZooError(
                f"{config.name} was trained on {trained_on.data!r}, which is no built-in data set: give its table."
            )
        return cls(
            recipe=config.recipe,
            data=data or trained_on.data,
            source=trained_on.source,
            target=trained_on.target,
            seed=trained_on.seed,
            kinds=_kinds(config.schema),
            skip_bad=skip_bad,
            maps=bool(config.schema.maps),
        )

    @property
    def domains(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.source, *(() if self.target is None else (self.target,)))

    def open_table(self) -> Table:
        """All rows.

        Raises:
            DataError: if there is no such table.
        """
        return open_table(self.data, seed=self.seed).with_kinds(self.kinds)

    def run(
        self,
        out: Path,
        *,
        threads: int | None = None,
        device: Device = "cpu",
        display: "Display | None" = None,
    ) -> FinishedRun:
        """Train, or go on with what was begun in this folder.

        Args:
            out: run folder.
            threads: of torch, on a CPU: bits depend on it. None leaves it as it is.
            device: where to train; the bits of a GPU are its own.
            display: shows progress.

        Raises:
            AcclimateError: one line that names what is wrong.
        """
        experiment = Experiment(self.recipe, self.open_table(), self.source, self.target, name=self.data)
        with threads_of_torch(threads):
            adapt_table(
                experiment,
                out,
                RunOptions(
                    seed=self.seed,
                    resume=True,
                    accelerator=Accelerator(cpu=device == "cpu", mixed_precision=self.recipe.training.precision),
                    display=display,
                ),
                reference=None,
                skip_bad=self.skip_bad,
                maps="auto" if self.maps else None,
            )
        return read_run(out)


@contextmanager
def threads_of_torch(threads: int | None) -> Iterator[None]:
    """Let torch compute with so many threads meanwhile; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _kinds(schema: Schema) -> dict[str, "TaskKind"]:
    return {task.name: "regression" if task.is_regression else "classes" for task in schema.tasks}

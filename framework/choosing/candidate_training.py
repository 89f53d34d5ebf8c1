"""Trains one candidate, to the end or to where it is judged, and keeps what it says."""

from pathlib import Path
from typing import Final

import attrs
import torch
from accelerate import Accelerator

from ..batch import Side
from ..consensus.opinion import Opinion
from ..data import open_table
from ..encoders.trunk_cache import TrunkCache
from ..errors import RunError
from ..experiments.comparison import ComparedRun, read_scores, train_opened
from ..experiments.experiment import Experiment
from ..experiments.skipped import settle_skipped
from ..files.folders import make_folder
from ..grid.cell import Cell
from ..runs.run_folder import RunFolder
from ..training.adapted import Adapted
from ..training.domains import Domains
from ..training.loader import Loader
from ..training.monitor import observe_candidate
from ..training.run_lock import hold_run
from ..training.run_options import RunOptions
from .statement import Statement

CANDIDATES: Final = "candidates"
"""Folder of the candidates' runs, in that of a choice."""

STATEMENTS: Final = "statements"
"""Folder of what they said, in that of a choice."""


@attrs.frozen
class CandidateTraining:
    """What is asked of a candidate.

    Args:
        name: of the candidate.
        cell: recipe, data, shift, seed and device.
        share: of its epochs that it is trained for.
        reference: the candidate of source-only, whose scores its own are held against.
    """

    name: str
    cell: Cell
    share: float = 1.0
    reference: str | None = None

    def run_folder(self, out: Path) -> Path:
        """Where its run lies in the folder of a choice."""
        return out / CANDIDATES / self.name

    def statement(self, out: Path) -> Path:
        """Where what it says is kept."""
        return out / STATEMENTS / f"{self.name}-{self.share:g}.npz"


def train_candidate(training: CandidateTraining, out: Path) -> None:
    """Train a candidate, or go on with it, and keep what it says of the rows that it is judged by.

    Args:
        training: what is asked.
        out: folder of the choice.

    Raises:
        AcclimateError: one line that names what is wrong.
    """
    cell, folder = training.cell, training.run_folder(out)
    if cell.device == "cuda" and not torch.cuda.is_available():
        raise RunError("device cuda: torch finds no CUDA device on this machine")
    table = open_table(cell.data, seed=cell.seed).with_kinds(cell.kinds)
    experiment = Experiment(cell.recipe, table, cell.shift.source, cell.shift.target, name=cell.data)
    cache = None if cell.trunk_cache is None else TrunkCache(Path(cell.trunk_cache[0]), cell.trunk_cache[1])
    accelerator = Accelerator(cpu=cell.device == "cpu", mixed_precision=cell.recipe.training.precision)
    options = RunOptions(seed=cell.seed, resume=True, accelerator=accelerator, pause_at=training.share)
    with hold_run(folder, resume=True):
        if cell.skip_bad:
            skipped = settle_skipped(experiment.find_bad_rows, folder, resume=(folder / "config.yaml").is_file())
            experiment = attrs.evolve(experiment, skipped=skipped)
        schema, domains = experiment.open(cell.seed, pin=options.on_gpu)
        adapted = train_opened(experiment, folder, options, schema=schema, domains=domains, trunk_cache=cache)
        if adapted.finished:
            reference = {} if training.reference is None else read_scores(out / CANDIDATES / training.reference)
            compared = ComparedRun(adapted, schema, reference, experiment.skipped or (), cell.recipe.selection)
            RunFolder.open(folder).write_json("summary.json", compared.to_json())
        make_folder(training.statement(out).parent)
        state(adapted, domains, training.share, accelerator.device).write(training.statement(out))


def state(adapted: Adapted, domains: Domains, share: float, device: torch.device) -> Statement:
    """What a trained model says of the source's validation rows and of the target.

    Args:
        adapted: the run.
        domains: the data; no label of the target is looked at.
        share: of its epochs that it has trained for.
        device: that it is on.

    Raises:
        RunError: if there is no target.
    """
    source, target = observe_candidate(adapted.method, domains, device, taught=False).both
    labels = {name: values.numpy() for name, values in (source.batch.labels or {}).items()}
    scores = {"source_score": adapted.best.source_score, **adapted.best.target}
    groups = target_groups(domains)
    return Statement(_opinion(source), _opinion(target), labels, groups, scores, adapted.seconds, share)


def target_groups(domains: Domains) -> tuple[str | None, ...]:
    """Groups of the target's training rows, such as speakers; nothing of a loader of one's own."""
    loader = domains.target_in_order
    return tuple(loader.samples.table.field("group")) if isinstance(loader, Loader) else ()


def _opinion(side: Side) -> Opinion:
    logits = {
        task: {head: values.float().numpy() for head, values in by_head.items()}
        for task, by_head in side.outputs.logits.items()
    }
    return Opinion(logits, side.batch.present.numpy())

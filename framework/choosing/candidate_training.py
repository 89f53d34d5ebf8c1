"""Trains one candidate, to the end or to where it is judged, and keeps what it says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import torch
from accelerate import Accelerator

from ..batch import Side
from ..consensus.opinion import Opinion
from ..data import Schema
from ..data.input_maps import InputMap
from ..encoders.trunk_cache import TrunkCache
from ..errors import RunError
from ..experiments.comparison import ComparedRun, read_scores, train_opened
from ..experiments.experiment import Experiment
from ..experiments.skipped import settle_skipped
from ..files.folders import make_folder
from ..files.whole_file import write_whole
from ..grid.cell import Cell
from ..grid.run_cell import open_cell_table
from ..maps import search_maps
from ..method import Method
from ..runs.run_folder import RunFolder
from ..training.adapted import Adapted
from ..training.domains import Domains
from ..training.loader import Loader
from ..training.monitor import observe_candidate
from ..training.run_lock import hold_run
from ..training.run_options import RunOptions
from ..training.torch_predictor import TorchPredictor
from .statement import Statement

CANDIDATES: Final = "candidates"
"""Folder of the candidates' runs, in that of a choice."""

LOGS: Final = "logs"
"""Folder of what the candidates' processes printed, in that of a choice."""

MAPS_FILE: Final = "maps.json"
"""What a search of input maps found, in the folder of a choice."""

STATEMENTS: Final = "statements"
"""Folder of what they said, in that of a choice."""


@attrs.frozen
class CandidateTraining:
    """What is asked of a candidate: an executor's job, gone on with where it was cut short.

    Args:
        name: of the candidate.
        cell: recipe, data, shift, seed and device.
        share: of its epochs that it is trained for.
        reference: the candidate of source-only, whose scores its own are held against.
        maps: configurations of input maps, by modality, that stand before the target's side of its model.
        search: whether to search such maps with the trained model; what is found is kept as `maps.json`.
    """

    name: str
    cell: Cell
    share: float = 1.0
    reference: str | None = None
    maps: Mapping[str, Any] = attrs.field(factory=dict)
    search: bool = False

    @property
    def folder(self) -> Path:
        """Where the log of its process lies, in the folder of a choice."""
        return Path(LOGS, self.name)

    @property
    def title(self) -> str:
        """What progress and errors call it."""
        return f"{self.name}, {self.share:.0%} of its epochs"

    def run(self, out: Path, _notes: Mapping[str, Any]) -> None:
        """Train; see `train_candidate`."""
        train_candidate(self, out)

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
    experiment = Experiment(cell.recipe, open_cell_table(cell), cell.shift.source, cell.shift.target, name=cell.data)
    cache = None if cell.trunk_cache is None else TrunkCache(Path(cell.trunk_cache[0]), cell.trunk_cache[1])
    accelerator = Accelerator(cpu=cell.device == "cpu", mixed_precision=cell.recipe.training.precision)
    options = RunOptions(seed=cell.seed, resume=True, accelerator=accelerator, pause_at=training.share)
    with hold_run(folder, resume=True):
        if cell.skip_bad:
            skipped = settle_skipped(experiment.find_bad_rows, folder, resume=(folder / "config.yaml").is_file())
            experiment = attrs.evolve(experiment, skipped=skipped)
        schema, domains = experiment.open(cell.seed, pin=options.on_gpu)
        schema = with_maps(schema, training.maps)
        adapted = train_opened(experiment, folder, options, schema=schema, domains=domains, trunk_cache=cache)
        if adapted.finished:
            reference = {} if training.reference is None else read_scores(out / CANDIDATES / training.reference)
            compared = ComparedRun(adapted, schema, reference, experiment.skipped or (), cell.recipe.selection)
            RunFolder.open(folder).write_json("summary.json", compared.to_json())
        make_folder(training.statement(out).parent)
        statement = state(adapted, domains, training.share, accelerator.device)
        if training.search:
            # Before the statement, which says that all is there.
            search(adapted.method, domains, cell.seed, accelerator.device, out / MAPS_FILE)
        statement.write(training.statement(out))


def with_maps(schema: Schema, maps: Mapping[str, Any]) -> Schema:
    """The schema with input maps of these configurations.

    Raises:
        DataError: if one cannot be read, or does not fit.
    """
    found = {name: InputMap.from_config(config, schema.preprocessing[name]) for name, config in maps.items()}
    return attrs.evolve(schema, maps=found)


def search(method: Method, domains: Domains, seed: int, device: torch.device, path: Path) -> None:
    """Search input maps of the target without labels, and keep what is found.

    Args:
        method: trained on the source.
        domains: the data, of a table.
        seed: of rows and resamples that are drawn.
        device: that the method is on.
        path: of the file.

    Raises:
        RunError: if the data are those of a loader of one's own.
    """
    source, target = domains.source, domains.target_in_order
    if not (isinstance(source, Loader) and isinstance(target, Loader)):
        raise RunError("input maps are searched on the rows of a table, not on a loader of one's own")
    predict = TorchPredictor(method.model, device)
    found = search_maps(predict, target.samples, generator=np.random.default_rng(seed), source=source.samples)
    write_whole(path, json.dumps({**found.to_json(), "lines": found.describe()}, indent=1) + "\n")


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

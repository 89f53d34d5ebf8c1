"""Every subset of modalities in every form, against its own encoders' graphs and the fusion's, each alone."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import numpy as np
from acclimate.exporters import read_config
from acclimate.exporters.execution import Execution
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.layout import modality_subsets
from inference_artefacts import Artefacts, Key
from inference_candidates import Candidate, Eager, OneGraph
from inference_forms import EAGER, FORMS, open_sessions
from inference_model import MIXED
from inference_race import Pace, run_race
from inference_report import Aim, Figure, spread
from interleaved import Ratio, ratio

FUSION: Final = "fusion"
OWN: Final = "own encoders + fusion"
SKIPPING: Final = ("branch", "split")
"""Forms that do not run the encoders of absent modalities."""

HEADER: Final = ("batch", "present", EAGER, *FORMS, OWN, "branch / own", "split / own")

LARGEST_SUBSET: Final = 1.1
"""How many times as long as its own encoders and the fusion a subset may take."""


@attrs.frozen
class Timed:
    """Medians of one subset at one batch size.

    Args:
        batch: rows.
        present: the modalities that they have.
        milliseconds: by candidate.
        own: milliseconds of its own encoders and the fusion, each alone; None where rows differ in their modalities.
        to_own: what each form takes relative to that.
    """

    batch: int
    present: str
    milliseconds: Mapping[str, Ratio]
    own: Ratio | None
    to_own: Mapping[str, Ratio]

    def cells(self) -> list[str]:
        """For a table."""
        times = [f"{self.milliseconds[name].median:.2f}" for name in (EAGER, *FORMS)]
        own = "" if self.own is None else f"{self.own.median:.2f}"
        return [str(self.batch), self.present, *times, own, *(str(self.to_own.get(form, "")) for form in SKIPPING)]


def subsets(artefacts: Artefacts, batches: Sequence[int], rounds: int | None) -> Figure:
    """Time all subsets, and batches whose rows differ in theirs."""
    subject = artefacts.subject
    candidates = [Eager(EAGER, artefacts.model()), *open_sessions(artefacts)]
    parts = _parts(artefacts)
    found = [
        _time(candidates, parts, subject.draw(batch, subset=subset), subset, Pace.of(batch, rounds, most=12))
        for batch in batches
        for subset in [*modality_subsets(subject.schema.modalities), (MIXED,)]
    ]
    return Figure(HEADER, [row.cells() for row in found], [attrs.asdict(row) for row in found], [*_aims(found)])


def _time(
    candidates: Sequence[Candidate], parts: Mapping[str, OneGraph], rows: Arrays, subset: Sequence[str], pace: Pace
) -> Timed:
    own = [] if MIXED in subset else [parts[name] for name in (*subset, FUSION)]
    timed = run_race([*candidates, *own], rows, "+".join(subset), pace)
    milliseconds = {one.name: timed.rows[one.name].milliseconds for one in candidates}
    if not own:
        return Timed(len(rows), "+".join(subset), milliseconds, None, {})
    together: list[float] = np.sum([timed.times[part.name] for part in own], axis=0).tolist()
    to_own = {form: ratio({**timed.times, OWN: together}, form, OWN) for form in SKIPPING}
    return Timed(len(rows), "+".join(subset), milliseconds, spread(together, 1e3), to_own)


def _aims(found: Sequence[Timed]) -> Iterator[Aim]:
    for batch in sorted({row.batch for row in found}):
        rows = [row for row in found if row.batch == batch and row.to_own]
        for form in SKIPPING:
            worst = max(rows, key=lambda row: row.to_own[form].median)
            name = f"{form} / {OWN}, batch {batch}, largest of all subsets ({worst.present})"
            yield Aim(name, worst.to_own[form].median, LARGEST_SUBSET, "at most")


def _parts(artefacts: Artefacts) -> dict[str, OneGraph]:
    """The graphs of a split artefact, each in a session of its own: by modality, and `FUSION`."""
    folder, execution = artefacts.get(Key("split")).folder, Execution(threads=artefacts.threads)
    config = read_config(folder)
    return {
        Path(file).stem: OneGraph(f"{file} alone", execution.runtime((folder / file).read_bytes(), file))
        for file in (*config.files, config.main_file)
    }

"""Whether anything that stands in the slot of an absent modality reaches an artefact's outputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..framework.errors import ExportError
from ..framework.port_names import LENGTH, PRESENT
from .artefact import ArtefactConfig
from .opened_graphs import ArrayGraphs
from .trial_batches import TrialRows, presence_cases


def check_absent_slots(graphs: ArrayGraphs, pools: Mapping[str, TrialRows], config: ArtefactConfig) -> None:
    """Compare outputs with NaN in absent slots with those with zeros there, which must be the same numbers.

    For every subset of modalities, and for rows that differ in theirs.

    Args:
        graphs: of the artefact.
        pools: rows to take inputs from, by modality.
        config: names of inputs and outputs.

    Raises:
        ExportError: if they differ or are not finite; it names the modalities and the output.
    """
    outputs = [name for names in config.outputs.values() for name in names.values()]
    for number, case in enumerate(presence_cases(config.schema.modalities)):
        feed: dict[str, Any] = {PRESENT: case.present.astype(np.float32)}
        for column, name in enumerate(config.schema.modalities):
            feed[name], own = pools[name].draw(case.present[:, column], number)
            feed |= {} if own is None else {LENGTH.format(modality=name): own}
        clean = {name: np.nan_to_num(values) if values.dtype.kind == "f" else values for name, values in feed.items()}
        pairs = zip(outputs, graphs.run(feed, case.present), graphs.run(clean, case.present), strict=True)
        for name, found, expected in pairs:
            if not (np.isfinite(found).all() and np.array_equal(found, expected)):
                raise ExportError(
                    f"{config.precision}: what stands in an absent slot reaches output {name!r}, {case.name}, batch of "
                    f"{len(case.present)}."
                )

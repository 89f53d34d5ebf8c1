"""The graphs of an artefact in lower precision: made, measured, and the fastest chosen."""

from collections.abc import Mapping
from typing import Final

import attrs
import onnx

from ..framework.errors import ExportError
from ..framework.model import MultimodalModel
from .absent_slots import check_absent_slots
from .artefact import ArtefactConfig, Precision
from .components import Components
from .conversion import convert
from .execution import Execution
from .fastest_provider import WORTH
from .forms import assemble
from .graph_files import open_files, serialise
from .lower_precision import Evidence, check_thresholds, choose_rows, compare_precision
from .opened_graphs import ArrayGraphs
from .precision_report import PrecisionReport
from .trial_batches import TrialRows

REPORT_KEY: Final = "precision_report"
"""Where the artefact's metadata say what lower precision costs."""

FASTER: Final[tuple[Precision, ...]] = ("int8", "bfloat16")
"""What may be faster than float32 on a CPU; float16 is not, see `halved_weights`."""


@attrs.frozen(eq=False)
class Lowered:
    """An artefact in lower precision.

    Args:
        graphs: by file.
        config: says the precision, and in its metadata what that costs.
        report: the same, with times.
    """

    graphs: Mapping[str, onnx.ModelProto]
    config: ArtefactConfig
    report: PrecisionReport


@attrs.frozen(eq=False)
class Lowering:
    """Makes lower precisions of one exported model.

    Args:
        model: in evaluation mode, on the CPU.
        components: its graphs in float32.
        pools: rows to trace with, by modality.
        reference: the artefact in float32, opened.
        evidence: what lower precision is judged by.
    """

    model: MultimodalModel
    components: Components
    pools: Mapping[str, TrialRows]
    reference: ArrayGraphs
    evidence: Evidence

    def lower(self, config: ArtefactConfig, kept_by: str | None = None) -> Lowered:
        """Make the graphs that the configuration asks for, and compare them with those in float32.

        Args:
            config: of the artefact.
            kept_by: SHA-256 of the artefact in float32, where times that were taken of it before will do.

        Raises:
            ExportError: if they cannot be made or run on this processor, or are worse than the evidence allows.
        """
        rows = choose_rows(self.evidence, config)
        execution = Execution(provider="openvino-bfloat16" if config.precision == "bfloat16" else "cpu")
        converted = convert(self.components, self.model, self.pools, config, rows.calibration)
        graphs = assemble(config.form, converted.components, config)
        lower = open_files(serialise(graphs, config)[0], config, execution.runtime)
        check_absent_slots(lower, self.pools, config)
        report = compare_precision(lower, self.reference, rows, config, converted.encoders, kept_by=kept_by)
        check_thresholds(report, self.evidence, config)
        return Lowered(graphs, attrs.evolve(config, metadata={**config.metadata, REPORT_KEY: report.to_json()}), report)

    def find_fastest(self, config: ArtefactConfig, kept_by: str) -> tuple[Lowered | None, dict[str, str]]:
        """The fastest precision on this processor that the evidence allows, and why others were not taken.

        Args:
            config: of the artefact in float32.
            kept_by: its SHA-256.

        Returns:
            None where float32 is the fastest; and reasons by precision.
        """
        fastest: Lowered | None = None
        refused: dict[str, str] = {}
        for precision in FASTER:
            try:
                found = self.lower(attrs.evolve(config, precision=precision), kept_by)
            except ExportError as error:
                refused[precision] = str(error)
                continue
            best = WORTH if fastest is None else fastest.report.slowdown
            if found.report.slowdown < best:
                if fastest is not None:
                    refused[fastest.config.precision] = _say_slower(fastest, f"{precision} takes less")
                fastest = found
            else:
                refused[precision] = _say_slower(found, f"less than {best:.2f} is asked for")
        return fastest, refused


def _say_slower(found: Lowered, rule: str) -> str:
    return f"it takes {found.report.slowdown:.2f} of the time that float32 takes on this processor, but {rule}."

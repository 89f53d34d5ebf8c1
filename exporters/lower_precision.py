"""An artefact in lower precision, measured against the same in float32, and refused where it costs too much."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.data.arrays import Arrays
from ..framework.errors import ExportError
from ..framework.evaluation.timing import time_in_turns
from ..framework.layout import JOINT
from ..framework.port_names import PRESENT
from .agreement import compare_logits, predict, score_logits, to_feed
from .artefact import ArtefactConfig
from .kept_measurement import Times, keep_times
from .opened_graphs import ArrayGraphs
from .precision_report import EncoderChange, PrecisionReport, Timing

RANDOM_ROWS: Final = 64
"""Compared where the user gives no samples."""

TIMED_BATCHES: Final = (1, 16)

MAXIMUM_SLOWDOWN: Final = 1.1
"""More than medians in turns differ by on a busy machine, and less than any user would want to pay for int8."""

_SECONDS: Final = 0.5
_ROUNDS: Final = (3, 50)


def _share(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 <= value <= 1:
        raise ExportError(f"{attribute.name} must be from 0 to 1, but got {value}.")


def _positive(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not value > 0:
        raise ExportError(f"{attribute.name} must be positive, but got {value}.")


@attrs.frozen(kw_only=True, eq=False)
class Evidence:
    """What lower precision is judged by.

    Args:
        samples: real rows without labels, of the domain that the artefact is for. int8 is calibrated on a random half
            of them; agreement is measured on the rest, for float16 on all.
        labelled: rows with labels, which scores are measured on; agreement too, where there are no samples.
        minimum_agreement: share of rows whose fused prediction must name the same class as in float32 or, for a
            regression, correlation of the numbers.
        maximum_accuracy_drop: how much lower the accuracy of the fused prediction may be than in float32; a
            regression's error is reported only.
        maximum_slowdown: how many times as long as in float32 int8 may take on this processor, for every batch that is
            timed; infinite where its size is all that is wanted.

    Raises:
        ExportError: if a threshold is no share, or not positive, or there are rows without any row or labels.
    """

    samples: Arrays | None = None
    labelled: Arrays | None = None
    minimum_agreement: float = attrs.field(default=0.99, validator=_share)
    maximum_accuracy_drop: float = attrs.field(default=0.01, validator=_share)
    maximum_slowdown: float = attrs.field(default=MAXIMUM_SLOWDOWN, validator=_positive)

    def __attrs_post_init__(self) -> None:
        """Check."""
        for name, arrays in (("samples", self.samples), ("labelled", self.labelled)):
            if arrays is not None and not len(arrays):
                raise ExportError(f"{name} must hold at least one row, but got none.")
        if self.labelled is not None and self.labelled.labels is None:
            raise ExportError("labelled must hold rows with labels, but theirs are not to be seen.")


@attrs.frozen(eq=False)
class Rows:
    """What the evidence is used for."""

    calibration: Arrays | None
    compared: Arrays
    labelled: Arrays | None


def choose_rows(evidence: Evidence, config: ArtefactConfig) -> Rows:
    """Which rows int8 is calibrated on, and which are compared: others, where there are two at least.

    Raises:
        ExportError: if there are none to calibrate on, or they are not as the schema says.
    """
    for name, arrays in (("samples", evidence.samples), ("labelled", evidence.labelled)):
        if arrays is not None:
            _check(arrays, name, config)
    if config.precision == "int8" and evidence.samples is None:
        raise ExportError(
            "int8 needs samples to calibrate on: real rows, without labels, of the domain that the artefact is for."
        )
    compared = evidence.samples or evidence.labelled or _draw(config)
    if config.precision != "int8":
        return Rows(None, compared, evidence.labelled)
    order = np.random.default_rng(0).permutation(len(compared))
    first, second = np.sort(order[::2]), np.sort(order[1::2])
    return Rows(_take(compared, first), _take(compared, second) if len(second) else compared, evidence.labelled)


def compare_precision(
    lower: ArrayGraphs,
    reference: ArrayGraphs,
    rows: Rows,
    config: ArtefactConfig,
    encoders: Mapping[str, EncoderChange],
    *,
    kept_by: str | None = None,
) -> PrecisionReport:
    """Agreement, scores and times of an artefact and of the one in float32.

    Args:
        lower: the artefact's graphs.
        reference: those in float32.
        rows: to compare on.
        config: of the artefact.
        encoders: what became of them.
        kept_by: SHA-256 of the artefact in float32, where times that were taken of it before will do.

    Raises:
        ExportError: if an output is not finite.
    """
    exact = attrs.evolve(config, precision="float32")
    found, expected = predict(lower, rows.compared, config), predict(reference, rows.compared, exact)
    tasks = compare_logits(found, expected, rows.compared.present, config)
    if rows.labelled is not None:
        scores = score_logits(predict(lower, rows.labelled, config), rows.labelled, config)
        before = score_logits(predict(reference, rows.labelled, exact), rows.labelled, config)
        for task, by_modality in tasks.items():
            for name, agreement in by_modality.items():
                score, float32_score = scores[task].get(name), before[task].get(name)
                by_modality[name] = attrs.evolve(agreement, score=score, float32_score=float32_score)
    return PrecisionReport(
        precision=config.precision,
        tasks=tasks,
        encoders=encoders,
        calibrated=0 if rows.calibration is None else len(rows.calibration),
        samples=len(rows.compared),
        labelled=0 if rows.labelled is None else len(rows.labelled),
        timings=_time(lower, reference, rows.compared, config, kept_by),
    )


def check_thresholds(report: PrecisionReport, evidence: Evidence, config: ArtefactConfig) -> None:
    """Refuse lower precision that costs more than the user allows.

    Raises:
        ExportError: naming the task, what was measured, and the threshold.
    """
    for task in config.schema.tasks:
        by_modality = report.tasks[task.name]
        fused = by_modality[JOINT]
        if fused.agreement < evidence.minimum_agreement:
            what = "correlation" if task.is_regression else "share of rows of the same class"
            others = ", ".join(f"{name} {found.agreement:.4f}" for name, found in by_modality.items() if name != JOINT)
            raise ExportError(
                f"{report.precision} is refused: {task.name}: its agreement with float32, the {what}, is "
                f"{fused.agreement:.4f} on {fused.rows} rows, where minimum_agreement is {evidence.minimum_agreement}; "
                f"by modality: {others}."
            )
        if task.is_regression or fused.score is None or fused.float32_score is None:
            continue
        if fused.float32_score - fused.score > evidence.maximum_accuracy_drop:
            raise ExportError(
                f"{report.precision} is refused: {task.name}: the accuracy falls from {fused.float32_score:.4f} to "
                f"{fused.score:.4f}, where maximum_accuracy_drop is {evidence.maximum_accuracy_drop}."
            )
    _check_speed(report, evidence)


def _check_speed(report: PrecisionReport, evidence: Evidence) -> None:
    """Refuse int8 that is slower whatever the batch: float16 runs what float32 runs on a CPU, and is for GPUs."""
    if report.precision != "int8" or not report.timings:
        return
    if all(timing.slowdown > evidence.maximum_slowdown for timing in report.timings):
        times = ", ".join(
            f"{timing.milliseconds:.3g} ms in place of {timing.float32_milliseconds:.3g} for a batch of {timing.batch}"
            for timing in report.timings
        )
        raise ExportError(
            f"int8 is refused: it is slower than float32 on this processor: {times}, where maximum_slowdown is "
            f"{evidence.maximum_slowdown}."
        )


def _check(arrays: Arrays, name: str, config: ArtefactConfig) -> None:
    for column, (modality, preprocessing) in enumerate(config.schema.preprocessing.items()):
        values = arrays.inputs[modality]
        if values.shape[1:] != preprocessing.shape or values.dtype != preprocessing.dtype:
            raise ExportError(
                f"{name}: rows of {modality} must be {preprocessing.dtype.__name__} of shape {preprocessing.shape}, "
                f"but are {values.dtype} of {values.shape[1:]}."
            )
        finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
        wrong = np.flatnonzero(arrays.present[:, column] & ~finite)
        if len(wrong):
            row = arrays.ids[wrong[0]]
            raise ExportError(f"{name}: {modality} of row {row!r} must be finite, but holds NaN or infinity.")


def _take(arrays: Arrays, rows: NDArray[np.int64]) -> Arrays:
    return Arrays(
        inputs={name: values[rows] for name, values in arrays.inputs.items()},
        present=arrays.present[rows],
        labels=None,
        ids=tuple(arrays.ids[row] for row in rows),
        domains=tuple(arrays.domains[row] for row in rows),
        index=arrays.index[rows],
        lengths={name: values[rows] for name, values in arrays.lengths.items()},
    )


def _draw(config: ArtefactConfig) -> Arrays:
    """Random rows that have everything."""
    generator = np.random.default_rng(0)
    parts = config.schema.preprocessing
    return Arrays(
        inputs={name: part.random(generator, RANDOM_ROWS) for name, part in parts.items()},
        present=np.ones((RANDOM_ROWS, len(parts)), np.bool_),
        labels=None,
        ids=tuple(f"random {row}" for row in range(RANDOM_ROWS)),
        domains=("random",) * RANDOM_ROWS,
        index=np.arange(RANDOM_ROWS),
        lengths={
            name: np.full(RANDOM_ROWS, part.shape[part.time_axis])
            for name, part in parts.items()
            if part.time_axis is not None
        },
    )


def _time(
    lower: ArrayGraphs, reference: ArrayGraphs, rows: Arrays, config: ArtefactConfig, kept_by: str | None
) -> tuple[Timing, ...]:
    def measure() -> Times:
        found = {batch: _time_batch((lower, reference), batch, rows, config) for batch in TIMED_BATCHES}
        return {
            name: {batch: times[column] for batch, times in found.items()}
            for column, name in enumerate((config.precision, "float32"))
        }

    subject = {"artefact": kept_by, "precision": config.precision, "form": config.form}
    times = measure() if kept_by is None else keep_times(subject, measure)
    return tuple(Timing(batch, times[config.precision][batch], times["float32"][batch]) for batch in TIMED_BATCHES)


def _time_batch(graphs: Sequence[ArrayGraphs], batch: int, rows: Arrays, config: ArtefactConfig) -> list[float]:
    """Milliseconds of each."""
    feed = {name: np.resize(values, (batch, *values.shape[1:])) for name, values in to_feed(rows, config).items()}
    feed[PRESENT] = np.ones_like(feed[PRESENT])
    present = feed[PRESENT] > 0
    runs: list[Callable[[], object]] = [partial(one.run, feed, present) for one in graphs]
    seconds = time_in_turns(runs, _SECONDS, _ROUNDS, np.random.default_rng(0))
    medians: list[float] = (1e3 * np.median(seconds, axis=0)).tolist()
    return medians

"""What lower precision costs and brings, measured against the same artefact in float32."""

import math
from collections.abc import Mapping
from typing import Any

import attrs

from .artefact import Precision


@attrs.frozen
class Agreement:
    """How well one prediction, fused or of one modality, agrees with that in float32.

    Args:
        rows: that were compared.
        agreement: share of rows that name the same class or, for a regression, the correlation of the numbers.
        cosine: cosine similarity of the logits of all rows.
        score: accuracy on the labelled rows or, for a regression, mean absolute error; None without any.
        float32_score: the same in float32.
    """

    rows: int
    agreement: float
    cosine: float
    score: float | None = None
    float32_score: float | None = None


@attrs.frozen
class EncoderChange:
    """What became of an encoder.

    Args:
        method: `half`; `stored`, where weights are halves and are computed with in float32; `static` or `dynamic`, how
            it was quantised; `none` where nothing in it could be.
        size: of its graph in bytes.
        float32_size: the same in float32.
    """

    method: str
    size: int
    float32_size: int


@attrs.frozen
class Timing:
    """How long a batch takes with all modalities: medians, taken in turns on the machine that exports.

    Args:
        batch: number of rows.
        milliseconds: of the artefact.
        float32_milliseconds: of the one in float32.
    """

    batch: int
    milliseconds: float
    float32_milliseconds: float

    @property
    def slowdown(self) -> float:
        """How many times as long as in float32."""
        return self.milliseconds / self.float32_milliseconds


@attrs.frozen
class PrecisionReport:
    """What lower precision costs and brings.

    Args:
        precision: of the encoders.
        tasks: by task, then by `JOINT` and by modality.
        encoders: by modality.
        calibrated: rows that ranges of activations were measured on, which are not among those compared.
        samples: rows that agreement was measured on.
        labelled: rows that scores were measured on.
        timings: by batch size.

    Example:
        >>> agreement, change = Agreement(64, agreement=0.99, cosine=0.999), EncoderChange("half", 50, 100)
        >>> report = PrecisionReport("float16", {"label": {"joint": agreement}}, {"audio": change}, 0, 64, 0, ())
        >>> report.size / report.float32_size, report.tasks["label"]["joint"].agreement
        (0.5, 0.99)
    """

    precision: Precision
    tasks: Mapping[str, Mapping[str, Agreement]]
    encoders: Mapping[str, EncoderChange]
    calibrated: int
    samples: int
    labelled: int
    timings: tuple[Timing, ...]

    @property
    def slowdown(self) -> float:
        """How many times as long as float32 it takes, as a geometric mean over batches."""
        return math.prod(timing.slowdown for timing in self.timings) ** (1 / max(1, len(self.timings)))

    @property
    def size(self) -> int:
        """Of all encoders' graphs in bytes."""
        return sum(change.size for change in self.encoders.values())

    @property
    def float32_size(self) -> int:
        """The same in float32."""
        return sum(change.float32_size for change in self.encoders.values())

    def to_json(self) -> dict[str, Any]:
        """As plain data, without timings: the same export twice writes the same bytes."""
        return {name: value for name, value in attrs.asdict(self).items() if name != "timings"}

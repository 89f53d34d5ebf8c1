"""The artefacts that are timed: exported once, and kept for the next figure."""

import json
import math
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs
import inference_model
from acclimate.exporters import Session, export_onnx
from acclimate.exporters.artefact import CONFIG_FILE, Form, Precision
from acclimate.framework import ExportError, MultimodalModel
from acclimate.framework.layout import JOINT
from inference_model import FusionName, Subject

from acclimate import exporters

CALIBRATION_ROWS = 64
"""Random rows; lower precision is calibrated on some of them, and compared on the others."""


@attrs.frozen
class Key:
    """Which artefact.

    Args:
        form: of its graphs.
        precision: of its encoders.
        fusion: of its model.
    """

    form: Form
    precision: Precision = "float32"
    fusion: FusionName = "sum"

    @property
    def name(self) -> str:
        """Stands in reports, and is its folder's name."""
        return f"{self.form}-{self.precision}-{self.fusion}"


@attrs.frozen
class Made:
    """An artefact that was exported.

    Args:
        folder: of the artefact.
        report: what the export said, see `ExportReport`.
    """

    folder: Path
    report: Mapping[str, Any]

    @property
    def agreement(self) -> float:
        """Share of rows that name the same class: as torch does or, in lower precision, as float32."""
        lower = self.report["precision"]
        share: float = self.report["argmax_agreement"] if lower is None else self._joint["agreement"]
        return share

    @property
    def cosine(self) -> float | None:
        """Similarity of the fused logits of all rows to those in float32; None for float32."""
        return None if self.report["precision"] is None else self._joint["cosine"]

    @property
    def _joint(self) -> Mapping[str, float]:
        task = next(iter(self.report["precision"]["tasks"].values()))
        joint: Mapping[str, float] = task[JOINT]
        return joint

    @property
    def size(self) -> int:
        """Of all its files in bytes."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


class Artefacts:
    """Exports of one model.

    Args:
        folder: is made where it does not exist; what was exported there before, of the same model and by the same code,
            is taken as it is.
        subject: what is exported.
        threads: of the sessions on them.
    """

    def __init__(self, folder: Path, subject: Subject, threads: int) -> None:
        self._folder, self.subject, self.threads = folder, subject, threads
        self._models: dict[FusionName, MultimodalModel] = {}
        self._stamp = {"subject": subject.name, "code": _code_hash()}
        folder.mkdir(parents=True, exist_ok=True)

    def model(self, fusion: FusionName = "sum") -> MultimodalModel:
        """The model that is exported."""
        if fusion not in self._models:
            self._models[fusion] = self.subject.make(fusion)
        return self._models[fusion]

    def weights(self) -> Path:
        """The model's weights as a file of safetensors."""
        from safetensors.torch import save_model

        path = self._folder / "weights.safetensors"
        save_model(self.model(), str(path))
        return path

    def open(self, key: Key) -> Session:
        """Export, or find, and make ready to run.

        Raises:
            ExportError: if it cannot be exported.
        """
        return Session(self.get(key).folder, threads=self.threads)

    def get(self, key: Key) -> Made:
        """Export, or find.

        Raises:
            ExportError: if it cannot be exported.
        """
        folder, note = self._folder / key.name, self._folder / f"{key.name}.json"
        if note.is_file() and (folder / CONFIG_FILE).is_file():
            found = json.loads(note.read_text(encoding="utf-8"))
            if found["stamp"] == self._stamp:
                return Made(folder, found["report"])
        # Weights that were never trained may name any class: how often they name the same is reported, not judged.
        report = export_onnx(
            self.model(key.fusion),
            folder,
            self.subject.schema,
            form=key.form,
            precision=key.precision,
            samples=None if key.precision == "float32" else self.subject.draw(CALIBRATION_ROWS, seed=7),
            minimum_agreement=0.0,
            maximum_slowdown=math.inf,
        )
        text = json.dumps({"stamp": self._stamp, "report": attrs.asdict(report)}, default=str)
        note.write_text(text + "\n", encoding="utf-8")
        return Made(folder, json.loads(text)["report"])

    def collect(self, keys: Sequence[Key]) -> tuple[dict[Key, Made], dict[Key, str]]:
        """Those that can be exported, and why the others cannot."""
        made: dict[Key, Made] = {}
        missing: dict[Key, str] = {}
        for key in keys:
            try:
                made[key] = self.get(key)
            except ExportError as error:
                missing[key] = str(error)
        return made, missing


def _code_hash() -> str:
    """Of what makes and exports the model, so that nothing is taken for its work that is not."""
    files = [Path(inference_model.__file__), *sorted(Path(exporters.__path__[0]).rglob("*.py"))]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

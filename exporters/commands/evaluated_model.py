"""What acclimate evaluate scores: a run's model in torch, or an artefact in ONNX Runtime."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ...framework.errors import AcclimateError
from ...framework.runs.environment import describe_machine

if TYPE_CHECKING:
    from ...framework.data import Schema
    from ...framework.evaluation.prediction import Predictor


@attrs.frozen(eq=False)
class EvaluatedModel:
    """A model, ready to predict.

    Args:
        runtime: torch or onnx.
        predict: the model.
        schema: what it takes and gives.
        settings: how it runs, as plain data: provider and threads, which are None where the runtime chooses.
    """

    runtime: str
    predict: "Predictor"
    schema: "Schema"
    settings: dict[str, Any]

    def environment(self) -> dict[str, Any]:
        """What times depend on, as plain data: how and where it runs, and versions."""
        return {**self.settings, **describe_machine()}

    def describe(self) -> str:
        """The same in a few words."""
        threads = self.settings["threads"]
        parts = [self.runtime, self.settings["provider"], *([] if threads is None else [f"{threads} threads"])]
        return ", ".join([*parts, describe_machine()["processor"]])


def open_model(path: Path, checkpoint: str, provider: str, threads: int | None = None) -> EvaluatedModel:
    """Open a run folder or an artefact.

    Args:
        path: of the folder.
        checkpoint: of a run.
        provider: of an artefact.
        threads: that compute together; None for what the runtime chooses.

    Raises:
        AcclimateError: if there is neither at `path`, or it cannot be used.
    """
    if threads is not None and threads < 1:
        raise AcclimateError(f"--threads must be positive, but got {threads}")
    if (path / "config.yaml").is_file():
        return _open_run(path, checkpoint, threads)
    from ..artefact_folder import model_path

    if not model_path(path).is_file():
        raise AcclimateError(f"{path} is neither a run (config.yaml) nor an artefact (model.onnx, fusion.onnx)")
    from .. import Session, SessionPredictor

    session = Session(path, provider=provider, threads=threads)
    settings = {
        "provider": session.provider,
        "threads": threads,
        "form": session.config.form,
        "precision": session.config.precision,
    }
    return EvaluatedModel("onnx", SessionPredictor(session), session.schema, settings)


def _open_run(path: Path, checkpoint: str, threads: int | None) -> EvaluatedModel:
    import torch

    from ...framework.experiments.saved_method import load_run
    from ...framework.training.torch_predictor import TorchPredictor

    if threads is not None:
        torch.set_num_threads(threads)
    method, schema, _ = load_run(path, checkpoint)
    predict = TorchPredictor(method.model)
    settings = {"provider": str(predict.device), "threads": torch.get_num_threads()}
    return EvaluatedModel("torch", predict, schema, settings)

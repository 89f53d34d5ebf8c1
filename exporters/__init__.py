"""From an adapted model to one ONNX artefact, and from the artefact to predictions without torch.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .onnx import ExportReport as ExportReport, export_onnx as export_onnx
    from .options import Execution as Execution, ProviderOptions as ProviderOptions
    from .precision_report import PrecisionReport as PrecisionReport
    from .predictor import SessionPredictor as SessionPredictor
    from .session import Prediction as Prediction, Session as Session, read_config as read_config
    from .tensors import TensorSession as TensorSession
else:
    from ..framework._lazy import attach

    __getattr__, __dir__, __all__ = attach(
        __name__,
        {
            "onnx": ["ExportReport", "export_onnx"],
            "options": ["Execution", "ProviderOptions"],
            "precision_report": ["PrecisionReport"],
            "predictor": ["SessionPredictor"],
            "session": ["Prediction", "Session", "read_config"],
            "tensors": ["TensorSession"],
        },
    )

from .onnx import ExportReport as ExportReport, export_onnx as export_onnx
from .options import Execution as Execution, ProviderOptions as ProviderOptions
from .precision_report import PrecisionReport as PrecisionReport
from .predictor import SessionPredictor as SessionPredictor
from .session import Prediction as Prediction, Session as Session, read_config as read_config
from .tensors import TensorSession as TensorSession

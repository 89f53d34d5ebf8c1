from .execution import Execution as Execution
from .mapped_artefact import map_artefact as map_artefact
from .mean_model import MeanModel as MeanModel
from .onnx import ExportReport as ExportReport, export_onnx as export_onnx
from .onnx_runtime.provider_options import ProviderOptions as ProviderOptions
from .precision_report import PrecisionReport as PrecisionReport
from .predictor import SessionPredictor as SessionPredictor
from .runtime import Graph as Graph, Runtime as Runtime, TensorSpec as TensorSpec
from .session import Prediction as Prediction, Session as Session, read_config as read_config
from .source import Text as Text
from .tensors import TensorSession as TensorSession

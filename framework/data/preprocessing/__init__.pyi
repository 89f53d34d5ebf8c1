from .audio import AudioPreprocessing as AudioPreprocessing
from .base import Prepared as Prepared, Preprocessing as Preprocessing, to_finite as to_finite
from .depth import DepthPreprocessing as DepthPreprocessing
from .features import FeaturesPreprocessing as FeaturesPreprocessing
from .image import ImagePreprocessing as ImagePreprocessing
from .inference import infer_preprocessing as infer_preprocessing, kind_of as kind_of
from .sequence import SequencePreprocessing as SequencePreprocessing
from .signal import SignalPreprocessing as SignalPreprocessing
from .text import TextPreprocessing as TextPreprocessing

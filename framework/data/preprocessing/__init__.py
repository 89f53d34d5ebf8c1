"""Decoded files to arrays of one shape, the same code in training and in the deployed artefact."""

from .audio import AudioPreprocessing
from .base import Prepared, Preprocessing, to_finite
from .depth import DepthPreprocessing
from .features import FeaturesPreprocessing
from .image import ImagePreprocessing
from .inference import infer_preprocessing, kind_of
from .sequence import SequencePreprocessing
from .signal import SignalPreprocessing
from .text import TextPreprocessing

__all__ = [
    "AudioPreprocessing",
    "DepthPreprocessing",
    "FeaturesPreprocessing",
    "ImagePreprocessing",
    "Prepared",
    "Preprocessing",
    "SequencePreprocessing",
    "SignalPreprocessing",
    "TextPreprocessing",
    "infer_preprocessing",
    "kind_of",
    "to_finite",
]

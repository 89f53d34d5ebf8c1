"""Decoded files to arrays of one shape, the same code in training and in the deployed artefact."""

from .audio import AudioPreprocessing
from .base import Preprocessing
from .features import FeaturesPreprocessing
from .image import ImagePreprocessing
from .inference import infer_preprocessing
from .signal import SignalPreprocessing

__all__ = [
    "AudioPreprocessing",
    "FeaturesPreprocessing",
    "ImagePreprocessing",
    "Preprocessing",
    "SignalPreprocessing",
    "infer_preprocessing",
]

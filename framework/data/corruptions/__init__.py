"""Corruptions of samples: seeded, by modality and severity, written into tables as text.

Names are imported when they are first asked for, so that reading a table stays light.
"""

from ..._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)

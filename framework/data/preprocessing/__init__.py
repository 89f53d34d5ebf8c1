"""Decoded files to arrays of one shape, the same code in training and in the deployed artefact.

Names are imported when they are first asked for: an artefact needs the kinds of its own modalities, and no others.
"""

from ..._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)

"""Maps of prepared inputs, which stand before an encoder: affine, flipped, filtered, one after another.

Which of them suits a target is searched without labels in `acclimate.framework.maps`.
"""

from ..._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)

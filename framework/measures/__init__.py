"""Measures of what a model does with two domains: pure functions of arrays and logs. They choose and train nothing.

Names are imported when they are first asked for. The distance needs scikit-learn, the embedding too; both are in
`acclimate[report]`.
"""

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)

"""Measures of what a model does with two domains: pure functions of arrays and logs. They choose and train nothing.

Names are imported when they are first asked for. The distance needs scikit-learn, the embedding too; both are in
`acclimate[report]`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .a_distance import proxy_a_distance as proxy_a_distance
    from .jensen_shannon import (
        chance_divergence as chance_divergence,
        feature_divergence as feature_divergence,
        jensen_shannon_divergence as jensen_shannon_divergence,
    )
    from .learning_curves import Curve as Curve, LearningCurves as LearningCurves, read_curves as read_curves
    from .t_sne import embed as embed
else:
    from .._lazy import attach

    __getattr__, __dir__, __all__ = attach(
        __name__,
        {
            "a_distance": ["proxy_a_distance"],
            "jensen_shannon": ["chance_divergence", "feature_divergence", "jensen_shannon_divergence"],
            "learning_curves": ["Curve", "LearningCurves", "read_curves"],
            "t_sne": ["embed"],
        },
    )

from .a_distance import proxy_a_distance as proxy_a_distance
from .jensen_shannon import (
    chance_divergence as chance_divergence,
    feature_divergence as feature_divergence,
    jensen_shannon_divergence as jensen_shannon_divergence,
)
from .learning_curves import Curve as Curve, LearningCurves as LearningCurves, read_curves as read_curves
from .separability import modality_shifts as modality_shifts
from .t_sne import embed as embed

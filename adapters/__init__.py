"""One module per paper, then the baselines: Aligners, TeacherSelectors, Balancers, Fusions, and recipes.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .concatenation import Concatenation as Concatenation
    from .domain_adversarial import DomainAdversarial as DomainAdversarial
    from .fused_argmax import FusedArgmax as FusedArgmax
    from .information_bottleneck import InformationBottleneck as InformationBottleneck
    from .information_maximisation import InformationMaximisation as InformationMaximisation
    from .late_sum import LateSum as LateSum
    from .rna import RelativeNormAlignment as RelativeNormAlignment
    from .supervised import Supervised as Supervised
    from .weighted_sum import WeightedSum as WeightedSum
else:
    from ..framework._lazy import attach

    __getattr__, __dir__, __all__ = attach(
        __name__,
        {
            "concatenation": ["Concatenation"],
            "domain_adversarial": ["DomainAdversarial"],
            "fused_argmax": ["FusedArgmax"],
            "information_bottleneck": ["InformationBottleneck"],
            "information_maximisation": ["InformationMaximisation"],
            "late_sum": ["LateSum"],
            "rna": ["RelativeNormAlignment"],
            "supervised": ["Supervised"],
            "weighted_sum": ["WeightedSum"],
        },
    )

"""One module per paper, then the baselines: Aligners, TeacherSelectors, Balancers, Fusions, and recipes.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .a3d2 import AnchorDragDrift as AnchorDragDrift, ConditionalAdversarial as ConditionalAdversarial
    from .affinity import Affinity as Affinity, AffinityMeasure as AffinityMeasure, ClassEncoder as ClassEncoder
    from .boomda import MajorityVote as MajorityVote, ParetoBalance as ParetoBalance
    from .concatenation import Concatenation as Concatenation
    from .coral import CorrelationAlignment as CorrelationAlignment
    from .domain_adversarial import DomainAdversarial as DomainAdversarial
    from .fused_argmax import FusedArgmax as FusedArgmax
    from .information_bottleneck import InformationBottleneck as InformationBottleneck
    from .information_maximisation import InformationMaximisation as InformationMaximisation
    from .late_sum import LateSum as LateSum
    from .maximum_mean_discrepancy import MaximumMeanDiscrepancy as MaximumMeanDiscrepancy
    from .modality_shift import ModalityRoles as ModalityRoles
    from .modfinity import (
        ModalAffinityDistillation as ModalAffinityDistillation,
        ModalAffinityMetricLearning as ModalAffinityMetricLearning,
        SampleFiltering as SampleFiltering,
    )
    from .osan import DynamicDomainAdversarial as DynamicDomainAdversarial
    from .rna import RelativeNormAlignment as RelativeNormAlignment
    from .supervised import Supervised as Supervised
    from .tensor_alignment import (
        TensorAlignment as TensorAlignment,
        TensorProduct as TensorProduct,
        TensorProjections as TensorProjections,
    )
    from .torchjd_weighting import TorchJDWeighting as TorchJDWeighting
    from .transport import Transport as Transport
    from .weighted_sum import WeightedSum as WeightedSum
else:
    from ..framework._lazy import attach

    __getattr__, __dir__, __all__ = attach(
        __name__,
        {
            "a3d2": ["AnchorDragDrift", "ConditionalAdversarial"],
            "affinity": ["Affinity", "AffinityMeasure", "ClassEncoder"],
            "boomda": ["MajorityVote", "ParetoBalance"],
            "concatenation": ["Concatenation"],
            "coral": ["CorrelationAlignment"],
            "domain_adversarial": ["DomainAdversarial"],
            "fused_argmax": ["FusedArgmax"],
            "information_bottleneck": ["InformationBottleneck"],
            "information_maximisation": ["InformationMaximisation"],
            "late_sum": ["LateSum"],
            "maximum_mean_discrepancy": ["MaximumMeanDiscrepancy"],
            "modfinity": ["ModalAffinityDistillation", "ModalAffinityMetricLearning", "SampleFiltering"],
            "osan": ["DynamicDomainAdversarial"],
            "modality_shift": ["ModalityRoles"],
            "rna": ["RelativeNormAlignment"],
            "supervised": ["Supervised"],
            "tensor_alignment": ["TensorAlignment", "TensorProduct", "TensorProjections"],
            "torchjd_weighting": ["TorchJDWeighting"],
            "transport": ["Transport"],
            "weighted_sum": ["WeightedSum"],
        },
    )

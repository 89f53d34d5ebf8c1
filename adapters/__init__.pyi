from .affinity import Affinity as Affinity, AffinityMeasure as AffinityMeasure, ClassEncoder as ClassEncoder
from .anchor_drag_drift import AnchorDragDrift as AnchorDragDrift
from .boomda import MajorityVote as MajorityVote, ParetoBalance as ParetoBalance
from .concatenation import Concatenation as Concatenation
from .conditional_adversarial import ConditionalAdversarial as ConditionalAdversarial
from .coral import CorrelationAlignment as CorrelationAlignment
from .distillation import ModalAffinityDistillation as ModalAffinityDistillation
from .domain_adversarial import DomainAdversarial as DomainAdversarial
from .fused_argmax import FusedArgmax as FusedArgmax
from .gradient_balance import GradientBalance as GradientBalance
from .information_bottleneck import InformationBottleneck as InformationBottleneck
from .information_maximisation import InformationMaximisation as InformationMaximisation
from .late_sum import LateSum as LateSum
from .maximum_mean_discrepancy import MaximumMeanDiscrepancy as MaximumMeanDiscrepancy
from .metric_learning import ModalAffinityMetricLearning as ModalAffinityMetricLearning
from .modality_roles import ModalityRoles as ModalityRoles
from .osan import DynamicDomainAdversarial as DynamicDomainAdversarial
from .pareto import ClosedFormWeighting as ClosedFormWeighting, ParetoWeighting as ParetoWeighting
from .rna import RelativeNormAlignment as RelativeNormAlignment
from .sample_filtering import SampleFiltering as SampleFiltering
from .supervised import Supervised as Supervised
from .tensor_alignment import TensorAlignment as TensorAlignment
from .tensor_product import TensorProduct as TensorProduct
from .tensor_projections import TensorProjections as TensorProjections
from .torchjd_weighting import TorchJDWeighting as TorchJDWeighting
from .transport import Transport as Transport
from .weighted_sum import WeightedSum as WeightedSum
from .weighting import EqualWeighting as EqualWeighting, PSDMatrix as PSDMatrix, Weighting as Weighting

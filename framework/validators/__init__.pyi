from .aggregation_agreement import AggregationAgreement as AggregationAgreement
from .agreement_on_the_line import AgreementOnTheLine as AgreementOnTheLine
from .average_thresholded_confidence import AverageThresholdedConfidence as AverageThresholdedConfidence
from .class_ami import ClassAMI as ClassAMI
from .class_confusion import ClassConfusion as ClassConfusion
from .class_correlation import ClassCorrelation as ClassCorrelation
from .dawid_skene import DawidSkene as DawidSkene
from .deep_embedded_validation import DeepEmbeddedValidation as DeepEmbeddedValidation
from .difference_of_confidences import DifferenceOfConfidences as DifferenceOfConfidences
from .diversity import Diversity as Diversity
from .ensemble_agreement import EnsembleAgreement as EnsembleAgreement
from .entropy import Entropy as Entropy
from .generalisation_disagreement import GeneralisationDisagreement as GeneralisationDisagreement
from .importance_weighted_validation import ImportanceWeightedValidation as ImportanceWeightedValidation
from .information_maximisation import InformationMaximisation as InformationMaximisation
from .mano import MaNo as MaNo
from .mixval import MixVal as MixVal
from .modality_agreement import ModalityAgreement as ModalityAgreement
from .nuclear_norm import NuclearNorm as NuclearNorm
from .rank_me import RankMe as RankMe
from .reverse_validation import ReverseValidation as ReverseValidation
from .soft_neighbourhood_density import SoftNeighbourhoodDensity as SoftNeighbourhoodDensity
from .source_score import SourceScore as SourceScore
from .validator import (
    Candidate as Candidate,
    EachAlone as EachAlone,
    TargetInputs as TargetInputs,
    Validator as Validator,
)

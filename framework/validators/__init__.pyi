from .information_maximisation import InformationMaximisation as InformationMaximisation
from .modality_agreement import ModalityAgreement as ModalityAgreement
from .soft_neighbourhood_density import SoftNeighbourhoodDensity as SoftNeighbourhoodDensity
from .source_score import SourceScore as SourceScore
from .validator import Candidate as Candidate, Validator as Validator

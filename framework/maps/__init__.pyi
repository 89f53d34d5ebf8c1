from .devices import find_devices as find_devices, read_devices as read_devices
from .found import FoundMaps as FoundMaps, MapStep as MapStep
from .group import Candidate as Candidate, MapGroup as MapGroup, Unlabelled as Unlabelled
from .inferred import InferredGroups as InferredGroups, infer_groups as infer_groups
from .orientations import Device as Device, Rotations as Rotations, SignedPermutations as SignedPermutations
from .pictures import Pictures as Pictures
from .scores import information as information, modality_agreement as modality_agreement
from .search import search_maps as search_maps
from .sounds import Sounds as Sounds
from .statistics import Statistics as Statistics

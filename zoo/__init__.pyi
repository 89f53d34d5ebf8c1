from .adapted_model import AdaptedModel as AdaptedModel
from .config import CheckpointConfig as CheckpointConfig
from .creation import create_model as create_model
from .folder import CheckpointFolder as CheckpointFolder
from .listing import list_models as list_models
from .metrics import CheckpointMetrics as CheckpointMetrics
from .publishing import publish as publish, publish_folder as publish_folder
from .pulling import pull as pull
from .registry import Registry as Registry, builtin_registry as builtin_registry
from .registry_entry import RegistryEntry as RegistryEntry
from .runs.from_run import make_checkpoint as make_checkpoint
from .runs.reproduction import reproduce as reproduce
